"""Declarations of arrays in C: parameters and local memory."""

from __future__ import annotations

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.place import Place
from polyopt.emit.scope import Scope
from polyopt.model.affine import Affine, extreme


def rows(place: Place, scope: Scope) -> str:
    """The extents of a row, `[m][k]`: all but the first.

    A row that may be empty is given one element, since C has no arrays of size 0. An array with
    strides is one row.
    """
    if place.strides is not None:
        return ""
    return "".join(f"[{affine(_at_least_one(e), scope)}]" for e in place.extents[1:])


def row_names(place: Place) -> frozenset[str]:
    """The names in the extents of a row, or in the strides."""
    if place.strides is not None:
        return frozenset(step for step in place.strides if step is not None)
    return frozenset().union(*(e.names() for e in place.extents[1:]))


def _at_least_one(extent: Affine) -> Affine:
    return extreme("max", [extent, Affine.integer(1)])


def pointer(place: Place, scope: Scope) -> str:
    """The declarator of a pointer to the array's rows: `(*restrict A)[m]`."""
    row = rows(place, scope)
    return f"(*restrict {place.name}){row}" if row else f"*restrict {place.name}"


def parameter(place: Place, scope: Scope, constant: bool = False) -> cgen.Declarator:
    """A function's parameter for an array, a block, or a single element."""
    if place.rank == 0 and not place.pointer:
        return cgen.Value(place.dtype.ctype, place.name)
    qualifier = "const " if constant else ""
    return cgen.Value(qualifier + place.dtype.ctype, pointer(place, scope))
