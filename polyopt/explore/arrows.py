"""Dependences as arrows between instances."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import islpy as isl

from polyopt.explore.places import Layout
from polyopt.explore.plane import Entry, Plane
from polyopt.explore.shapes import Line
from polyopt.explore.style import KINDS, RED
from polyopt.model.dependences import Dependence
from polyopt.model.points import Point

MOST_ARROWS = 420
"""Beyond these a picture would be black, and large."""

_BEND = 0.16

Place = tuple[float, float]
"""In units of a plane."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A pair of dependent instances, as drawn: `count` pairs may share one arrow."""

    dependence: Dependence
    source: Point
    sink: Point
    start: Place
    end: Place

    @property
    def name(self) -> str:
        """Such as `flow A: S1[1, 2] -> S1[2, 1]`."""
        d = self.dependence
        first, second = instance(d.source, self.source), instance(d.sink, self.sink)
        return f"{d.kind} {d.array}: {first} -> {second}"


def instance(statement: str, point: Point) -> str:
    """Such as `S1[1, 2]`."""
    return f"{statement}[{', '.join(map(str, point))}]" if point else statement


def nearest(relation: isl.Map) -> isl.Map:
    """Of a relation that holds all pairs, those to the next sink: the others follow."""
    return relation.lexmin()


def arrows(layout: Layout, dependences: Iterable[Dependence]) -> Iterator[Arrow]:
    """One arrow per pair of places, of the pairs that the plane tells apart."""
    for dependence in dependences:
        relation = dependence.relation
        if dependence.kind == "reduction":
            relation = nearest(relation)
        yield from drawn(layout, dependence, relation)


def drawn(layout: Layout, dependence: Dependence, relation: isl.Map) -> Iterator[Arrow]:
    """The arrows of a relation, one of those that lie on top of each other."""
    seen: set[tuple[Place, Place]] = set()
    for source, sink in layout.problem.pairs(relation):
        start = layout.place(dependence.source, source)
        end = layout.place(dependence.sink, sink)
        if start != end and (start, end) not in seen:
            seen.add((start, end))
            yield Arrow(dependence, source, sink, start, end)


def lines(plane: Plane, found: Iterable[Arrow], gap: float, *, red: bool = False) -> Iterator[Line]:
    """The arrows, those between the same two places side by side."""
    taken: dict[tuple[Place, ...], int] = {}
    for arrow in found:
        ends = tuple(sorted((arrow.start, arrow.end)))
        taken[ends] = taken.get(ends, -1) + 1
        kind_colour, dash = KINDS[arrow.dependence.kind]
        colour = RED if red else kind_colour
        side = taken[ends] * _BEND if arrow.start == ends[0] else -taken[ends] * _BEND
        look = Line((), colour, 1.1 if red else 1.4, dash, arrow=True, name=arrow.name)
        yield line(plane, arrow.start, arrow.end, gap, look, side)


def line(plane: Plane, start: Place, end: Place, gap: float, look: Line, side: float = 0.0) -> Line:
    """An arrow from mark to mark, bent round the marks between them or to a side."""
    x0, y0 = plane.at(*start)
    x1, y1 = plane.at(*end)
    length = math.hypot(x1 - x0, y1 - y0)
    bend = side or (_BEND if _passes(start, end) else 0.0)
    cx = (x0 + x1) / 2 + bend * (y1 - y0)
    cy = (y0 + y1) / 2 - bend * (x1 - x0)
    steps = 5 if bend else 1
    cut = min(gap / length, 0.4)
    places = [cut + (1 - 2 * cut) * k / steps for k in range(steps + 1)]
    curve = tuple(
        (
            (1 - t) ** 2 * x0 + 2 * t * (1 - t) * cx + t * t * x1,
            (1 - t) ** 2 * y0 + 2 * t * (1 - t) * cy + t * t * y1,
        )
        for t in places
    )
    return replace(look, points=curve)


def _passes(start: Place, end: Place) -> bool:
    """Whether a straight arrow would run over other places of the grid."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    near = round(abs(dx)), round(abs(dy))
    return math.gcd(*near) > 1


def entries(found: Iterable[Arrow]) -> Iterator[Entry]:
    """A line of the legend per kind and array."""
    through: dict[str, dict[str, None]] = {}
    for arrow in found:
        through.setdefault(arrow.dependence.kind, {})[arrow.dependence.array] = None
    for kind, (colour, dash) in KINDS.items():
        if kind in through:
            yield Entry(f"{kind} through {', '.join(through[kind])}", colour=colour, dash=dash)
