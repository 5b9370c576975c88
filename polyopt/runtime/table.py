"""What caller.c reads: for each specialisation one row of 64-bit words, all in one bytes object.

A row is made of the first call that a specialisation has checked in Python. It accepts exactly
such calls: the same Python types, dtypes, ranks and layouts.
"""

from __future__ import annotations

import inspect
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyopt.emit.binding import is_real
from polyopt.model.affine import Affine
from polyopt.model.arguments import Argument, Result, ReturnedTuple
from polyopt.model.types import ArrayType, f16, from_numpy

if TYPE_CHECKING:
    from polyopt.runtime.bind import Entry
    from polyopt.runtime.plan import Range

# The enumerations of caller.c.
ARRAY, PYTHON_INT, PYTHON_BOOL, FLOAT, SIGNED, UNSIGNED = range(6)
FROM_ARGUMENT, FROM_EXTENT, FROM_STRIDE = range(3)
GIVEN, NEW, NUMBER, SEVERAL = range(4)
MOST_ARGUMENTS, MOST_NUMBERS = 32, 96

MOST_ROWS = 64
"""Specialisations of one kernel that are called without Python; others stay with it."""

_KINDS = {"f": FLOAT, "i": SIGNED, "u": UNSIGNED, "b": UNSIGNED}
_PYTHON = {int: (PYTHON_INT, 8), bool: (PYTHON_BOOL, 1), float: (FLOAT, 8)}

Row = tuple[int, ...]

_OUT = "out"
_EMPTY = np.empty


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
    out = 0 if _OUT in signature.parameters else id(_OUT)
    head = [len(rows), len(signature.parameters), positional, out]
    return array("q", chain(head, names, *rows)).tobytes()


def row(entry: Entry, values: Sequence[object], twins: Sequence[int]) -> Row | None:
    """The row for calls such as this one; None where caller.c has no words for them."""
    plan, given = entry.plan, len(values)
    made = [a for a in entry.interface.arguments if a.made]
    if any(not _is_makeable(a, plan.numbers) for a in made):
        return None
    results = _results(entry)
    arguments = [_argument(entry, values, twins, position) for position in range(len(values))]
    numbers = [_number(entry, name) for name in plan.numbers]
    numbers += [(FROM_STRIDE, *where, -(1 << 63), (1 << 63) - 1) for where in plan.strides]
    if (
        len(arguments) + len(made) > MOST_ARGUMENTS
        or len(numbers) > MOST_NUMBERS
        or entry.packed == 0
    ):
        return None
    if results is None or None in arguments or not all(e.extent.is_linear for e in plan.extents):
        return None
    own = [i for i, e in enumerate(plan.extents) if e.position < given]
    pairs = [(a.position, b.position) for a, b in plan.pairs if max(a.position, b.position) < given]
    extents = [tuple(_extent(entry, index)) for index in own]
    parts: list[Sequence[int]] = [
        *(a for a in arguments if a is not None),
        *numbers,
        *((s.position, is_real(s.argument), *_bounds(s.range)) for s in plan.scalars),
        [a.position for a in plan.arrays],
        *extents,
        *pairs,
        *(tuple(_made(a, results, i, plan.numbers)) for i, a in enumerate(made, given)),
        *results.words,
    ]
    counts = [len(numbers), len(plan.scalars), len(plan.arrays), len(extents), len(pairs)]
    counts += [len(made), len(results.words)]
    first = results.arrays[0] - given if results.arrays else -1
    head = [entry.packed, *entry.setters, entry.interface.heavy, *counts, id(_EMPTY), first]
    words = [*head, *chain(*parts)]
    return (len(words) + 1, *words)


class _Results(NamedTuple):
    """What caller.c returns, a tuple before its items, and the positions of arrays and numbers
    that it makes for that."""

    words: list[tuple[int, ...]]
    arrays: list[int]
    numbers: set[int]


def _results(entry: Entry) -> _Results | None:
    """What the entry's kernel returns; None where Python must make some of it."""
    found = _Results([], [], set())
    result, made = entry.interface.result, [a for a in entry.interface.arguments if a.made]
    if result is not None and not _add_results(entry, result, found):
        return None
    # A value both as an array and as a number is Python's.
    once = len(set(found.arrays)) + len(found.numbers) == len(made)
    return found if once and not found.numbers.intersection(found.arrays) else None


def _add_results(entry: Entry, result: Result, found: _Results) -> bool:
    if isinstance(result, ReturnedTuple):
        found.words.append((SEVERAL, len(result.items), 0, 0, 0))
        return all(_add_results(entry, item, found) for item in result.items)
    position = entry.interface.positions[result.name]
    argument = entry.interface.arguments[position]
    given = sum(not a.made for a in entry.interface.arguments)
    if result.scalar is None:
        if argument.made:
            found.arrays.append(position)
        found.words.append(
            (NEW, position - given, 0, 0, 0) if argument.made else (GIVEN, position, 0, 0, 0)
        )
        return True
    dtype = result.scalar.dtype
    if (
        not argument.made
        or dtype is f16
        or dtype.is_complex
        or argument.type != ArrayType(dtype, (Affine(constant=1),))
    ):
        return False
    kind = PYTHON_BOOL if dtype.kind == "b" else _KINDS[dtype.kind]
    owner = 0 if result.scalar.weak else id(dtype.numpy.type)
    found.numbers.add(position)
    found.words.append((NUMBER, position - given, kind, dtype.numpy.itemsize, owner))
    return True


def _is_makeable(argument: Argument, numbers: Sequence[str]) -> bool:
    """Whether caller.c can reckon the extents of what the call makes."""
    assert isinstance(argument.type, ArrayType)
    return all(
        e is not None and e.is_linear and e.names() <= set(numbers) for e in argument.type.extents
    )


def _made(
    argument: Argument, results: _Results, position: int, numbers: Sequence[str]
) -> Iterator[int]:
    assert isinstance(argument.type, ArrayType)
    if position in results.numbers:
        yield from (0, 0, 0, 0, 0)
        return
    dtype, extents = argument.type.dtype.numpy, argument.type.extents
    yield from (id(dtype), id(np.ndarray), dtype.num, dtype.itemsize, len(extents))
    for extent in extents:
        if extent is not None:
            yield from _affine(extent, numbers)


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
    yield from (plan.position, plan.dim)
    yield from _affine(plan.extent, entry.plan.numbers)


def _affine(extent: Affine, numbers: Sequence[str]) -> Iterator[int]:
    """Constant, number of terms, and (number, factor) pairs."""
    places: Mapping[object, int] = {name: i for i, name in enumerate(numbers)}
    yield from (extent.constant, len(extent.terms))
    for atom, factor in extent.terms:
        yield from (places[atom], factor)
