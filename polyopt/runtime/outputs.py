"""The arrays that a call makes for what a kernel returns, and the values made of them.

    C, s = f(A)         C = np.empty(…), r = np.empty(1);  entry(A, C, r);  (C, r[0])

A caller's own array takes the place of a made one: `f(A, out=C)`, or a tuple of them with None for
those that the call is to make. Where it shares memory with an argument, or is not in C's order, it
gets a copy of the made one at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from polyopt.errors import (
    AliasError,
    BadArgumentError,
    BoundsError,
    CallError,
    DtypeError,
    ShapeError,
)
from polyopt.model.arguments import Argument, Result, Returned, ReturnedTuple
from polyopt.model.types import ArrayType
from polyopt.runtime.arguments import a_class, address
from polyopt.runtime.memory import overlap, overlaps_itself

if TYPE_CHECKING:
    from polyopt.runtime.bind import Entry
    from polyopt.runtime.plan import Interface

    AnyArray = np.ndarray[tuple[int, ...], np.dtype[np.generic]]


def run(
    entry: Entry, values: Sequence[object], addresses: Sequence[int], out: object = None
) -> object:
    """Run an entry with a call's values, and give what the kernel returns.

    `out` is None, an array or a tuple of arrays and None. Raises CallError where it does not fit
    what the kernel returns, DtypeError, ShapeError and BoundsError for arrays of the wrong kind
    and for sizes below zero, MemoryError, and what the entry raises.
    """
    interface = entry.interface
    if interface.result is None:
        if out is not None:
            raise CallError(f"{interface.name} returns no array, and out= is given: leave it out")
        entry(values, addresses)
        return None
    given = _given(interface, interface.result, out)
    parameters = entry.parameters(values)
    arguments = [a for a in interface.arguments if a.made]
    shapes = [_shape(interface.name, a, parameters) for a in arguments]
    for argument, shape in zip(arguments, shapes, strict=True):
        if argument.name in given:
            _check(interface.name, argument, shape, given[argument.name])
    _check_apart(interface.name, given)
    made: list[AnyArray] = []
    for argument, shape in zip(arguments, shapes, strict=True):
        own = given.get(argument.name)
        if own is None or not _may_be_written(own, (*values, *made)):
            own = _empty(interface.name, argument, shape)
        made.append(own)
    entry((*values, *made), [*addresses, *map(address, made)])
    names = (a.name for a in interface.arguments)
    results: dict[str, Any] = dict(zip(names, (*values, *made), strict=True))
    for name, own in given.items():
        if results[name] is not own:
            np.copyto(own, results[name])
    return _value(interface.result, results | given)


def _value(result: Result, values: dict[str, object]) -> object:
    if isinstance(result, ReturnedTuple):
        return tuple(_value(item, values) for item in result.items)
    value = values[result.name]
    if result.scalar is None:
        return value
    assert isinstance(value, np.ndarray)
    return value.item() if result.scalar.weak else value[0]


def _shape(kernel: str, argument: Argument, parameters: dict[str, int]) -> tuple[int, ...]:
    assert isinstance(argument.type, ArrayType)
    shape = tuple(e.evaluate(parameters) for e in argument.type.extents if e is not None)
    if any(extent < 0 for extent in shape):
        raise BoundsError(
            f"{kernel}: the array {argument.name} that it returns would have the shape {shape}. "
            "Nothing was written. Pass larger sizes."
        )
    return shape


def _empty(kernel: str, argument: Argument, shape: tuple[int, ...]) -> AnyArray:
    try:
        return np.empty(shape, argument.type.dtype.numpy)
    except ValueError as error:
        raise MemoryError(
            f"{kernel}: the array {argument.name} that it returns would have the shape {shape}, "
            "which no memory holds. Nothing was written. Pass smaller sizes."
        ) from error


def _check_apart(kernel: str, given: dict[str, AnyArray]) -> None:
    """Refuse arrays for two results that share memory: one would overwrite the other."""
    for (first, one), (second, other) in combinations(given.items(), 2):
        if overlap(one, other):
            raise AliasError(
                f"{kernel}: out for {first} and out for {second} share memory, and one result "
                "would overwrite the other: pass arrays of their own memory"
            )


def _check(kernel: str, argument: Argument, shape: tuple[int, ...], given: AnyArray) -> None:
    """Refuse what is no writeable array of this argument's type and shape."""
    where, dtype = f"{kernel}: out for {argument.name}", argument.type.dtype
    kind = type(given)
    if kind is not np.ndarray and kind is not np.memmap:
        raise DtypeError(
            f"{where} is {a_class(given)}, and it returns an array of {dtype}: pass one"
        )
    if given.dtype != dtype.numpy:
        raise DtypeError(
            f"{where} is an array of {given.dtype}, and it returns an array of {dtype}: pass one"
        )
    if given.shape != shape:
        raise ShapeError(
            f"{where} has the shape {given.shape}, and it returns an array of the shape {shape}: "
            "pass one of that shape"
        )
    if not given.flags.writeable:
        raise BadArgumentError(f"{where} is read-only: pass a writeable array")
    if overlaps_itself(given):
        raise AliasError(f"{where} has elements that share memory: pass an array of its own memory")


def _may_be_written(own: AnyArray, others: Sequence[object]) -> bool:
    """Whether the kernel can write into a caller's array while it reads the others."""
    return bool(own.flags.carray) and not any(
        overlap(own, other) for other in others if isinstance(other, np.ndarray)
    )


def _given(interface: Interface, result: Result, out: object) -> dict[str, Any]:
    """The caller's arrays by the names of the arguments that they take the place of."""
    if out is None:
        return {}
    returned = list(_returned(result))
    several = issubclass(type(out), tuple)
    arrays = tuple(tuple.__iter__(cast("tuple[object, ...]", out))) if several else (out,)
    if (several and len(arrays) != len(returned)) or len(arrays) > len(returned):
        values = "1 value" if len(returned) == 1 else f"{len(returned)} values"
        raise CallError(
            f"{interface.name} returns {values}, and out= has {len(arrays)}: "
            "pass an array or None for each"
        )
    made = {a.name for a in interface.arguments if a.made}
    found: dict[str, Any] = {}
    if not several:
        returned = [r for r in returned if r.scalar is None and r.name in made]
    for place, array in zip(returned, arrays, strict=False):
        if array is not None and (place.scalar is not None or place.name not in made):
            raise CallError(
                f"{interface.name} makes no array for {place.name}: pass None in its place in out="
            )
        if array is not None and found.setdefault(place.name, array) is not array:
            raise CallError(
                f"{interface.name} returns {place.name} twice: pass the same array in both places"
            )
    if not found and not several:
        raise CallError(f"{interface.name} returns no array that it makes: leave out= out")
    return found


def _returned(result: Result) -> Iterator[Returned]:
    if isinstance(result, ReturnedTuple):
        for item in result.items:
            yield from _returned(item)
    else:
        yield result
