"""Where instances lie in a plane: by two of their iterators, or by two loops of a schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polyopt.errors import BadArgumentError
from polyopt.explore import plane
from polyopt.explore.problem import Problem
from polyopt.model.affine import Affine
from polyopt.model.points import Point, function_of
from polyopt.transform.edit import loop_names, places

_SLANT = 0.6

Space = Literal["source", "schedule"]


@dataclass(frozen=True)
class Direction:
    """What an axis counts: per statement an affine, for those that have one."""

    name: str
    rows: tuple[tuple[str, Affine], ...]

    def of(
        self, statement: str, iterators: Sequence[str], values: Mapping[str, int]
    ) -> Callable[[Point], int | None]:
        """The coordinate of a statement's instances; None where it has not this loop."""
        row = dict(self.rows).get(statement)
        return (lambda _: None) if row is None else function_of(row, iterators, values)


@dataclass(frozen=True)
class Layout:
    """Every instance's coordinates, the axes that hold them, and how far statements that would
    share places stand apart."""

    problem: Problem
    x: plane.Axis
    y: plane.Axis
    coordinates: Mapping[tuple[str, Point], tuple[int, int]]
    aside: Mapping[str, float]
    slant: float

    def place(self, statement: str, point: Point) -> tuple[float, float]:
        """Where an instance is drawn, in units."""
        x, y = self.coordinates[statement, point]
        return x + self.aside[statement], y - self.slant * self.aside[statement]

    def mark_size(self, pitch: float, most: float = 6.5) -> float:
        """How large marks may be that stand side by side, at so many pixels a unit."""
        return max(1.2, min(most, pitch * (0.16 if self.crowd == 1 else 0.44 * _step(self.crowd))))

    @property
    def crowd(self) -> int:
        """How many statements share a place."""
        return len(set(self.aside.values()))


def directions(problem: Problem, space: Space) -> tuple[Direction, ...]:
    """The axes there are: the source loops, or those of the schedule."""
    if space == "schedule":
        tree = problem.schedule.tree
        found = zip(loop_names(tree), places(tree), strict=True)
        drawn = set(problem.statements)
        return tuple(
            Direction(name, tuple(p.member.rows))
            for name, p in found
            if drawn & set(p.member.statements)
        )
    rows: dict[str, list[tuple[str, Affine]]] = {}
    for name in problem.statements:
        for iterator in problem.schedule.scop.statement(name).iterators:
            rows.setdefault(iterator, []).append((name, Affine.name(iterator)))
    return tuple(Direction(name, tuple(r)) for name, r in rows.items())


def layout(
    problem: Problem,
    axes: Sequence[str] | None = None,
    space: Space = "source",
    wanted: Sequence[str] = (),
    *,
    slanted: bool = True,
) -> Layout:
    """Places by two axes: those named, else those in `wanted` that there are, else the first.

    Statements stand side by side, `slanted` where arrows between them are to be told apart.

    Raises BadArgumentError for axes that there are not.
    """
    chosen = _chosen(directions(problem, space), axes, wanted)
    values = dict(problem.sizes)
    scop = problem.schedule.scop
    raw: dict[tuple[str, Point], list[int | None]] = {}
    for name in problem.statements:
        iterators = scop.statement(name).iterators
        functions = [d.of(name, iterators, values) for d in chosen]
        for point in problem.points[name]:
            raw[name, point] = [f(point) for f in functions]
    spans = [_axis(d.name, [c[i] for c in raw.values()]) for i, d in enumerate(chosen)]
    rows, aside = dict.fromkeys(problem.statements, 0), _aside(problem.statements)
    if len(spans) == 1:
        rows, aside = _rows(problem.statements), dict.fromkeys(problem.statements, 0.0)
    while len(spans) < 2:
        spans.append(_stacked(rows))
    coordinates = {}
    for key, place in raw.items():
        filled = [spans[i].low if v is None else v for i, v in enumerate(place)]
        x, y = (*filled, rows[key[0]], 0)[:2]
        coordinates[key] = (x, y)
    return Layout(problem, spans[0], spans[1], coordinates, aside, _SLANT * slanted)


def _rows(statements: Sequence[str]) -> dict[str, int]:
    """A row for each statement, downwards, where there is one axis."""
    return {name: -k for k, name in enumerate(statements)}


def _stacked(rows: Mapping[str, int]) -> plane.Axis:
    """The axis that holds the rows, with their names where there are several."""
    low = min(rows.values(), default=0)
    return plane.Axis("", low, 0, tuple((y, name if low else "") for name, y in rows.items()))


def _chosen(
    found: tuple[Direction, ...], axes: Sequence[str] | None, wanted: Sequence[str]
) -> tuple[Direction, ...]:
    by_name = {d.name: d for d in found}
    if axes is not None:
        names = (axes,) if isinstance(axes, str) else tuple(axes)
        unknown = [n for n in names if n not in by_name]
        if unknown or not 1 <= len(names) <= 2 or len(set(names)) != len(names):
            raise BadArgumentError(
                f"axes are one or two of {', '.join(map(repr, by_name)) or 'none'}, not {axes!r}"
            )
        return tuple(by_name[n] for n in names)
    first = [by_name[n] for n in dict.fromkeys(wanted) if n in by_name][:2]
    rest = [d for d in found if d not in first]
    picked = [*first, *rest][:2]
    return tuple(sorted(picked, key=found.index))


def _axis(name: str, values: Sequence[int | None]) -> plane.Axis:
    """The range of an axis; instances without the loop have a place of their own before it."""
    known = [v for v in values if v is not None]
    if not known:
        return plane.Axis(name, 0, 0, ((0, "–"),))
    low, high = min(known), max(known)
    if len(known) < len(values):
        return plane.Axis(name, low - 1, high, ((low - 1, "–"),))
    return plane.Axis(name, low, high)


def _aside(statements: Sequence[str]) -> dict[str, float]:
    count = len(statements)
    step = _step(count)
    return {name: (k - (count - 1) / 2) * step for k, name in enumerate(statements)}


def _step(count: int) -> float:
    """How far apart statements stand that share a place, in units."""
    return 0.0 if count == 1 else min(0.34, 0.66 / (count - 1))
