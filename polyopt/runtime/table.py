"""What caller.c reads: for each specialisation one row of 64-bit words, all in one bytes object.

A row is made of the first call that a specialisation has checked in Python. It accepts exactly
such calls: the same Python types, dtypes, ranks and layouts.
"""

from __future__ import annotations

import inspect
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from polyopt.emit.binding import is_real
from polyopt.model.affine import Affine
from polyopt.model.arguments import Returned
from polyopt.model.types import ArrayType, f16, from_numpy

if TYPE_CHECKING:
    from polyopt.runtime.bind import Entry
    from polyopt.runtime.plan import Range

# The enumerations of caller.c.
ARRAY, PYTHON_INT, PYTHON_BOOL, FLOAT, SIGNED, UNSIGNED = range(6)
FROM_ARGUMENT, FROM_EXTENT, FROM_STRIDE = range(3)
NOTHING = MADE = -1
MOST_ARGUMENTS, MOST_NUMBERS = 32, 96

MOST_ROWS = 64
"""Specialisations of one kernel that are called without Python; others stay with it."""

_KINDS = {"f": FLOAT, "i": SIGNED, "u": UNSIGNED, "b": UNSIGNED}
_PYTHON = {int: (PYTHON_INT, 8), bool: (PYTHON_BOOL, 1), float: (FLOAT, 8)}

Row = tuple[int, ...]


def scalar_kind(kind: type) -> tuple[int, int] | None:
    """How caller.c reads a scalar of this very class: kind and bytes; None where it cannot."""
    if kind in _PYTHON:
        return _PYTHON[kind]
    dtype = from_numpy(np.dtype(kind)) if issubclass(kind, np.generic) else None
    return (
        None
        if dtype is None or dtype is f16 or dtype.is_complex
        else (_KINDS[dtype.kind], dtype.bits // 8)
    )


def table(signature: inspect.Signature, rows: Sequence[Row]) -> bytes:
    """The table of a kernel: its arguments' names and defaults, then the rows.

    The addresses in it are of objects that the signature keeps alive.
    """
    names: list[int] = []
    positional = 0
    for name, parameter in signature.parameters.items():
        hidden = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        positional += parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        default = parameter.default
        missing = default is inspect.Parameter.empty
        names += [0 if hidden else id(name), 0 if missing else id(default)]
    head = [len(rows), len(signature.parameters), positional]
    return array("q", chain(head, names, *rows)).tobytes()


def row(entry: Entry, values: Sequence[object], twins: Sequence[int]) -> Row | None:
    """The row for calls such as this one; None where caller.c has no words for them."""
    plan, given = entry.plan, len(values)
    result = _result(entry)
    arguments = [_argument(entry, values, twins, position) for position in range(len(values))]
    numbers = [_number(entry, name) for name in plan.numbers]
    numbers += [(FROM_STRIDE, *where, -(1 << 63), (1 << 63) - 1) for where in plan.strides]
    if len(arguments) > MOST_ARGUMENTS or len(numbers) > MOST_NUMBERS or entry.packed == 0:
        return None
    if result is None or None in arguments or not all(e.extent.is_linear for e in plan.extents):
        return None
    own = [i for i, e in enumerate(plan.extents) if e.position < given]
    pairs = [(a.position, b.position) for a, b in plan.pairs if max(a.position, b.position) < given]
    extents = [tuple(_extent(entry, index)) for index in own]
    parts: list[Sequence[int]] = [
        *(a for a in arguments if a is not None),
        *numbers,
        *((s.position, is_real(s.argument), *_bounds(s.range)) for s in plan.scalars),
        [a.position if a.position < given else MADE for a in plan.arrays],
        *extents,
        *pairs,
    ]
    counts = [len(numbers), len(plan.scalars), len(plan.arrays), len(extents), len(pairs)]
    head = [entry.packed, *entry.setters, entry.interface.heavy, *counts, *result]
    words = [*head, *chain(*parts)]
    return (len(words) + 1, *words)


def _result(entry: Entry) -> tuple[int, int, int] | None:
    """What caller.c returns: kind, bytes and NumPy's class of one number, or of nothing; None where
    the kernel returns more than that, which Python makes."""
    result = entry.interface.result
    made = [a for a in entry.interface.arguments if a.made]
    if result is None:
        return None if made else (NOTHING, 0, 0)
    if not isinstance(result, Returned) or result.scalar is None or len(made) != 1:
        return None
    (only,) = made
    if result.name != only.name or only.type != ArrayType(
        result.scalar.dtype, (Affine(constant=1),)
    ):
        return None
    dtype = result.scalar.dtype
    if dtype is f16 or dtype.is_complex:
        return None
    kind = PYTHON_BOOL if dtype.kind == "b" else _KINDS[dtype.kind]
    owner = 0 if result.scalar.weak else id(dtype.numpy.type)
    return kind, dtype.numpy.itemsize, owner


def _argument(
    entry: Entry, values: Sequence[object], twins: Sequence[int], position: int
) -> Sequence[int] | None:
    value = values[position]
    if isinstance(value, np.ndarray) and value.ndim:
        twin = twins[position] if twins[position] != position else -1
        first = next(a for a in entry.plan.arrays if a.position == twins[position])
        kinds = (id(np.ndarray), id(np.memmap))
        size, number = value.itemsize, value.dtype.num
        layout = (0, -1) if first.unit is None else (1, first.unit)
        return (ARRAY, size, *kinds, number, twin, value.ndim, first.written, *layout)
    found = scalar_kind(type(value))
    if found is None:
        return None
    return (*found, id(type(value)), 0, -1, -1, 0, 0, 0, -1)


def _number(entry: Entry, name: str) -> Sequence[int]:
    plan = entry.plan
    for each in plan.ints:
        if each.parameter == name:
            return (FROM_ARGUMENT, each.position, 0, *_bounds(each.range))
    for parameter, position, dim in plan.shapes:
        if parameter == name:
            return (FROM_EXTENT, position, dim, 0, (1 << 63) - 1)
    raise KeyError(name)


def _bounds(range_: Range) -> tuple[int, int]:
    return range_.least, min(range_.most, (1 << 63) - 1)


def _extent(entry: Entry, index: int) -> Iterator[int]:
    plan = entry.plan.extents[index]
    numbers: Mapping[object, int] = {name: i for i, name in enumerate(entry.plan.numbers)}
    yield from (plan.position, plan.dim, plan.extent.constant, len(plan.extent.terms))
    for atom, factor in plan.extent.terms:
        yield from (numbers[atom], factor)
