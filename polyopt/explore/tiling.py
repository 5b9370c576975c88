"""Pictures of tiles: fields around the instances of each, in their order or in fronts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import cos, pi, sin

from polyopt.explore.domains import marks, statement_entries, what
from polyopt.explore.orders import in_order, scale, tiled_iterators, tiled_problem
from polyopt.explore.picture import Picture
from polyopt.explore.places import Layout, Space, layout
from polyopt.explore.plane import Entry, Plane, compose, plane_for
from polyopt.explore.shapes import Area, Label, Point, Shape
from polyopt.explore.style import FILLS, INK, shade
from polyopt.explore.times import Key, Moment, Time, is_tile, steps, times

_MOST_NUMBERS = 64
_REACH = 0.34
_OPACITY = 0.6


@dataclass
class Tile:
    """A tile: what its loops count, and its instances."""

    number: tuple[Moment, ...]
    keys: list[Key] = field(default_factory=list)

    @property
    def is_parallel(self) -> bool:
        """Whether others may run at the same time."""
        return any(m.member is not None and m.member.parallel for m in self.number)


def tiles(
    schedule: object,
    statement: str | None = None,
    sizes: Mapping[str, int] | None = None,
    *,
    axes: Sequence[str] | None = None,
    space: Space = "source",
    shrink: bool = True,
) -> Picture:
    """The tiles of a schedule, as coloured fields around their instances.

    `s.tile({"i": 32, "j": 32})`    →    squares, numbered in their order

    Where a loop over tiles is parallel, tiles of one colour may run at once: wavefronts and
    diamonds show as bands of one colour. With `shrink`, large tiles are drawn smaller, and the
    picture says so. A schedule without tiles is drawn as its instances. Raises as `domain` does.
    """
    shown, caption = tiled_problem(schedule, statement, sizes, shrink=shrink)
    here = layout(shown, axes, space, wanted=tiled_iterators(shown), slanted=False)
    found = _tiles(here, times(shown))
    waves = _waves(found)
    last = max(waves, default=0)
    at_once = any(t.is_parallel for t in found)
    plane = plane_for(here.x, here.y, here.crowd)
    size = here.mark_size(plane.pitch, 5.0)
    shapes: list[Shape] = []
    for position, tile in enumerate(found):
        colour = shade(waves[position] / max(last, 1)) if at_once else _fill(tile)
        shapes.append(_area(plane, here, tile, position, colour))
    shapes += marks(plane, here, size, dict.fromkeys(here.coordinates, INK))
    numbered = 0 < len(found) <= _MOST_NUMBERS and plane.pitch > 11
    shapes += (
        _numbers(plane, here, found, waves if at_once else range(len(found))) if numbered else []
    )
    entries = [
        *statement_entries(shown, INK),
        *(scale(last, at_once=True, opacity=_OPACITY) if at_once else ()),
        *_legend(found, numbered=numbered, at_once=at_once),
    ]
    title = f"{what(shown)}: {'tiles' if found else 'no tiles'}"
    fronts = f" in {last + 1} fronts" if at_once else ""
    text = "\n".join([title, f"  {caption}", f"  {len(found)} tiles{fronts}"])
    return compose(title, caption, plane, shapes, entries, text, shown.sizes)


def _tiles(here: Layout, when: Mapping[Key, Time]) -> list[Tile]:
    """The tiles in their order, by the loops over tiles that the plane tells apart."""
    kept = _told_apart(here, when)
    found: dict[tuple[int, ...], Tile] = {}
    for key in in_order(when):
        time = when[key]
        last = max((k for k, m in enumerate(time) if _is(m, kept)), default=-1)
        number = tuple(m for m in time[: last + 1] if m.member is None or _is(m, kept))
        if number:
            values = tuple(m.value for m in number)
            found.setdefault(values, Tile(number)).keys.append(key)
    return list(found.values())


def _waves(found: Sequence[Tile]) -> list[int]:
    """Each tile's front: the step at which it runs, with threads enough."""
    at = steps({("tile", (k,)): tile.number for k, tile in enumerate(found)})
    return [at["tile", (k,)] for k in range(len(found))]


def _is(moment: Moment, kept: frozenset[str]) -> bool:
    return moment.member is not None and moment.member.name in kept


def _told_apart(here: Layout, when: Mapping[Key, Time]) -> frozenset[str]:
    """The loops over tiles that have one value at each place of the plane."""
    at: dict[str, dict[tuple[str, tuple[int, int]], set[int]]] = {}
    for key, time in when.items():
        for moment in time:
            if moment.member is not None and is_tile(moment.member):
                values = at.setdefault(moment.member.name, {})
                values.setdefault((key[0], here.coordinates[key]), set()).add(moment.value)
    return frozenset(n for n, places in at.items() if all(len(v) == 1 for v in places.values()))


def _fill(tile: Tile) -> str:
    """Neighbours have different colours: they differ by one in some loop."""
    weights = (1, 2, 4, 1, 2)
    values = [m.value for m in tile.number if m.member is not None]
    return FILLS[sum(w * v for w, v in zip(weights, values, strict=False)) % 5]


def _area(plane: Plane, here: Layout, tile: Tile, position: int, colour: str) -> Area:
    reach = _REACH if here.crowd == 1 else 0.16
    ring = [(reach * 1.08 * cos(a), reach * 1.08 * sin(a)) for a in _EIGHTHS]
    spots = {here.place(*key) for key in tile.keys}
    around = [plane.at(x + dx, y + dy) for x, y in spots for dx, dy in ring]
    numbers = ", ".join(f"{m.member.name} {m.value}" for m in tile.number if m.member is not None)
    name = f"tile {position + 1} ({numbers}): {len(tile.keys)} instances"
    return Area(hull(around), colour, INK, opacity=_OPACITY, width=0.8, name=name)


_EIGHTHS = tuple(pi / 8 + k * pi / 4 for k in range(8))


def hull(points: Sequence[Point]) -> tuple[Point, ...]:
    """The convex hull, by Andrew's monotone chain (1979)."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return tuple(ordered)

    def half(run: Sequence[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in run:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    return (*half(ordered), *half(ordered[::-1]))


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _numbers(
    plane: Plane, here: Layout, found: Sequence[Tile], numbers: Sequence[int]
) -> Iterator[Label]:
    """Each tile's number between two of its points; a tile of one point has no room."""
    for tile, number in zip(found, numbers, strict=True):
        spots = {here.coordinates[key] for key in tile.keys}
        middle = [sum(p[axis] for p in spots) / len(spots) for axis in (0, 1)]
        between = [
            (x + dx / 2, y + dy / 2)
            for x, y in spots
            for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1))
            if (x + dx, y + dy) in spots
        ]
        if between:
            x, y = min(between, key=lambda p: (p[0] - middle[0]) ** 2 + (p[1] - middle[1]) ** 2)
            at = plane.at(x, y)
            spot = at[0], at[1] + 4
            yield Label(spot, str(number + 1), 11, anchor="middle", bold=True, halo=True)


def _legend(found: Sequence[Tile], *, numbered: bool, at_once: bool) -> Iterator[Entry]:
    if not found:
        return
    if not at_once:
        yield Entry("a tile", fill=_fill(found[0]), colour=INK, field=True, opacity=_OPACITY)
    if numbered:
        yield Entry("numbers: the front of a tile" if at_once else "numbers: order of the tiles")
