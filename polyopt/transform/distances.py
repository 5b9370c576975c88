"""How far apart a dependence puts its two instances along a loop, where its equalities tell.

Most dependences of real programs are apart by constants, and then no set has to be intersected
to know what a loop does to them. What is found here holds of all pairs of a dependence, and so of
any of them; where nothing is found, the sets decide.
"""

from __future__ import annotations

import islpy as isl

from polyopt._isl import Frame
from polyopt._spaces import integer
from polyopt.model.affine import Affine, Floor
from polyopt.model.dependences import Dependence

_Vector = list[int]
"""Coefficients: the constant, the parameters, the source's iterators, then the sink's."""


class Distances:
    """The equalities that hold of every pair of a dependence, as far as integers alone say it."""

    def __init__(self, dependence: Dependence, source: Frame, sink: Frame) -> None:
        parameters = len(source.parameters)
        self._known = {name: 1 + n for n, name in enumerate(source.parameters)}
        first = 1 + parameters
        self._source = {name: first + n for n, name in enumerate(source.iterators)}
        first += len(source.iterators)
        self._sink = {name: first + n for n, name in enumerate(sink.iterators)}
        self._width = first + len(sink.iterators)
        self._pivots = _pivots(dependence.relation.affine_hull(), self._width)

    def of(self, source: Affine, sink: Affine) -> int | None:
        """The sink's row minus the source's, where that is one number for all pairs."""
        total = [0] * self._width
        total[0] = sink.constant - source.constant
        floors: tuple[list[tuple[Floor, int]], list[tuple[Floor, int]]] = ([], [])
        sides = ((source, self._source, -1, floors[0]), (sink, self._sink, 1, floors[1]))
        for row, places, sign, kept in sides:
            for atom, factor in row.terms:
                if isinstance(atom, str):
                    total[places.get(atom) or self._known[atom]] += sign * factor
                elif isinstance(atom, Floor):
                    kept.append((atom, factor))
                else:
                    return None
        tiles = self._between_floors(*floors)
        apart = None if tiles is None else self._constant(total)
        return None if apart is None or tiles is None else apart + tiles

    def _between_floors(
        self, source: list[tuple[Floor, int]], sink: list[tuple[Floor, int]]
    ) -> int | None:
        """The same of sums of floors, one compared with one; by whole divisors alone, since
        other distances cross a boundary for some pairs and none for others."""
        if len(source) != len(sink):
            return None
        total = 0
        for (before, factor), (after, other) in zip(source, sink, strict=True):
            if (before.denominator, factor) != (after.denominator, other):
                return None
            apart = self.of(before.numerator, after.numerator)
            if apart is None or apart % before.denominator:
                return None
            total += factor * (apart // before.denominator)
        return total

    def _constant(self, vector: _Vector) -> int | None:
        """The value of a sum of names, where the equalities make it a number."""
        scale = 1
        for column, equality in self._pivots:
            factor = vector[column]
            if factor:
                pivot = equality[column]
                scale *= pivot
                vector = [pivot * v - factor * e for v, e in zip(vector, equality, strict=True)]
        if any(vector[1:]) or vector[0] % scale:
            return None
        return vector[0] // scale


def _pivots(hull: isl.BasicMap, width: int) -> list[tuple[int, _Vector]]:
    """The equalities, each with a column that none of those after it has, from which it was
    eliminated; those of existentially quantified integers are left out."""
    t = isl.dim_type
    matrix = hull.equalities_matrix(t.cst, t.param, t.in_, t.out, t.div)
    rows = [
        [integer(matrix.get_element_val(r, c)) for c in range(matrix.cols())]
        for r in range(matrix.rows())
    ]
    rows = [row[:width] for row in rows if not any(row[width:])]
    found: list[tuple[int, _Vector]] = []
    while rows:
        row = rows.pop()
        column = next((c for c in range(width - 1, 0, -1) if row[c]), 0)
        if not column:
            continue
        found.append((column, row))
        rows = [
            [row[column] * o - other[column] * r for r, o in zip(row, other, strict=True)]
            if other[column]
            else other
            for other in rows
        ]
    return found
