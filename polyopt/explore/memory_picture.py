"""Pictures of memory: which elements of its arrays one iteration of a loop touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from polyopt.errors import BadArgumentError
from polyopt.explore.domains import what
from polyopt.explore.orders import tiled_problem
from polyopt.explore.picture import Picture
from polyopt.explore.plane import Entry, legend
from polyopt.explore.problem import Problem
from polyopt.explore.shapes import Area, Dots, Label, Line, Shape, box
from polyopt.explore.style import BLUE, FAINT, GREY, INK, ORANGE, PAPER, SIZE, SKY, text_width
from polyopt.explore.times import Key, Time, is_tile, times
from polyopt.machine import detect
from polyopt.model.nest import Array
from polyopt.model.points import Point, function_of
from polyopt.model.scop import Access
from polyopt.transform.edit import loop_names, places, resolve

Element = tuple[int, ...]

_MOST_ARRAYS = 4
_MOST_CELLS = 40
_LEAST = 10
"""Iterations of each loop: more than a cache line has numbers."""

_TOP, _EDGE, _GAP = 84.0, 18.0, 46.0


@dataclass(frozen=True)
class Touched:
    """The elements of an array that are read and that are written."""

    array: Array
    extents: tuple[int, ...]
    read: frozenset[Element]
    written: frozenset[Element]

    @property
    def every(self) -> frozenset[Element]:
        """All that are touched."""
        return self.read | self.written

    def lines(self, size: int) -> int:
        """How many cache lines of so many bytes they lie in, the array at the start of one."""
        each = max(1, size // self.array.dtype.numpy.itemsize)
        return len({linear(e, self.extents) // each for e in self.every})


def linear(element: Element, extents: Sequence[int]) -> int:
    """The place of an element in memory, in C's order."""
    total = 0
    for index, extent in zip(element, extents, strict=True):
        total = total * extent + index
    return total


def memory(
    schedule: object,
    array: str | None = None,
    sizes: Mapping[str, int] | None = None,
    *,
    at: str | None = None,
    shrink: bool = True,
) -> Picture:
    """The elements of the arrays that one iteration of a loop touches, and their cache lines.

    `s.tile({"i": 32, "j": 32})`    →    the blocks of each array that one tile uses

    `at` names the loop; by default it is the innermost loop over tiles, and without tiles the
    outermost loop. The iteration drawn is the first of those that run most instances. With
    `shrink`, large tiles are drawn smaller. Raises BadArgumentError for an array that is not the
    kernel's, NoSuchLoopError for a loop that is not the schedule's, and as `domain` does.
    """
    shown, caption = tiled_problem(schedule, None, sizes, shrink=shrink, least=_LEAST)
    when = times(shown)
    loop = _loop(shown, at)
    inside = _one_iteration(shown, when, loop)
    found = _touched(shown, inside, array)
    title = f"{what(shown)}: memory" + (f" of one iteration of {loop}" if loop else "")
    return _page(title, caption, shown, found, _strides(shown, [t.array.name for t in found]))


def _loop(shown: Problem, at: str | None) -> str:
    """The name of the loop whose iteration is drawn; "" where there is no loop."""
    tree = shown.schedule.tree
    if at is not None:
        place = resolve(tree, at)
        return next(n for n, p in zip(loop_names(tree), places(tree), strict=True) if p == place)
    names = list(zip(loop_names(tree), places(tree), strict=True))
    tiled = [name for name, place in names if is_tile(place.member)]
    return tiled[-1] if tiled else names[0][0] if names else ""


def _one_iteration(shown: Problem, when: Mapping[Key, Time], loop: str) -> list[Key]:
    """The instances of the fullest iteration of a loop."""
    if not loop:
        return list(when)
    member = resolve(shown.schedule.tree, loop).member
    groups: dict[tuple[int, ...], list[Key]] = {}
    for key, time in when.items():
        depth = next((k for k, m in enumerate(time) if m.member is member), None)
        if depth is not None:
            groups.setdefault(tuple(m.value for m in time[: depth + 1]), []).append(key)
    if not groups:
        return []
    fullest = max(map(len, groups.values()))
    return next(groups[n] for n in sorted(groups) if len(groups[n]) == fullest)


def _touched(shown: Problem, inside: Sequence[Key], array: str | None) -> list[Touched]:
    scop, values = shown.schedule.scop, dict(shown.sizes)
    shaped = {a.name: a for a in scop.arrays if a.shape}
    if array is not None and array not in shaped:
        known = ", ".join(map(repr, shaped)) or "none"
        raise BadArgumentError(f"{scop.name} has no array {array!r}. Its arrays are: {known}.")
    read: dict[str, set[Element]] = {}
    written: dict[str, set[Element]] = {}
    points: dict[str, list[Point]] = {}
    for name, point in inside:
        points.setdefault(name, []).append(point)
    for statement in (scop.statement(name) for name in points):
        for access in (a for a in statement.accesses if a.array in shaped and not _by_data(a)):
            into = read if access.kind == "read" else written
            index = [function_of(s, statement.iterators, values) for s in access.subscripts]
            places_ = {tuple(f(point) for f in index) for point in points[statement.name]}
            into.setdefault(access.array, set()).update(places_)
    names = [array] if array is not None else [n for n in shaped if n in {*read, *written}]
    return [
        Touched(
            shaped[n],
            tuple(max(1, e.evaluate(values)) for e in shaped[n].shape),
            frozenset(read.get(n, ())),
            frozenset(written.get(n, ())),
        )
        for n in names
    ]


def _by_data(access: Access) -> bool:
    """Whether data choose the element, which no picture can know."""
    return any(s.is_data for s in access.subscripts)


# ---- strides ---------------------------------------------------------------------------------


def _strides(shown: Problem, arrays: Sequence[str]) -> list[str]:
    """How far apart in memory neighbours of the innermost loop lie, per access."""
    scop, lines = shown.schedule.scop, dict[str, None]()
    for statement in scop.statements:
        around = [p for p in places(shown.schedule.tree) if statement.name in p.member.statements]
        rows = [p.member.row(statement.name) for p in around]
        inner = next((n for r in reversed(rows) if (n := r.single_name) in statement.iterators), "")
        if not inner:
            continue
        for access in statement.accesses:
            if access.array in arrays:
                lines[f"{_element(access)}: {_stride(shown, access, inner)}"] = None
    return list(lines)[:10]


def _element(access: Access) -> str:
    return f"{access.array}[{', '.join(map(str, access.subscripts))}]"


def _stride(shown: Problem, access: Access, inner: str) -> str:
    shape = shown.schedule.scop.array(access.array).shape
    parts = []
    for position, subscript in enumerate(access.subscripts):
        factor = subscript.coefficient(inner)
        if factor:
            after = [str(e) for e in shape[position + 1 :]]
            numbers = [str(factor)] if factor != 1 or not after else []
            parts.append("*".join([*numbers, *after]))
        elif inner in subscript.names():
            return f"along {inner} in no fixed stride"
    return f"stride {' + '.join(parts)} along {inner}" if parts else f"one element along {inner}"


# ---- the page --------------------------------------------------------------------------------


def _page(
    title: str, caption: str, shown: Problem, found: Sequence[Touched], strides: Sequence[str]
) -> Picture:
    shapes: list[Shape] = []
    left, low = _EDGE + 24, _TOP
    line = detect().line
    for touched in found[:_MOST_ARRAYS]:
        drawn, right, bottom = _panel(touched, left, line)
        shapes += drawn
        left, low = right + _GAP, max(low, bottom)
    more = [f"{len(found) - _MOST_ARRAYS} more arrays"] if len(found) > _MOST_ARRAYS else []
    entries = [
        Entry("read", mark="circle", fill=SKY),
        Entry("written", mark="square", fill=ORANGE),
        Entry("read and written: both marks"),
        Entry(f"a cache line of {line} bytes begins", colour=BLUE, width=2, arrow=False),
        *map(Entry, (*strides, *more)),
    ]
    keys, (right, end) = legend(entries, left - _GAP + 34, _TOP)
    head = [
        Label((_EDGE, 22), title, SIZE + 2, bold=True),
        Label((_EDGE, 40), caption, colour=GREY),
    ]
    wide = max(text_width(title, SIZE + 2, bold=True), text_width(caption)) + 2 * _EDGE
    width, height = max(right + _EDGE, wide), max(low + 30, end + _EDGE)
    facts = [f"  {_fact(t, line)}" for t in found]
    text = "\n".join([title, f"  {caption}", *facts, *(f"  {s}" for s in strides)])
    every = (*head, *shapes, *keys)
    return Picture(title, text, round(width), round(height), every, shown.sizes)


def _panel(touched: Touched, left: float, line: int) -> tuple[list[Shape], float, float]:
    """An array as a grid, rows downwards: of higher rank the last two dimensions."""
    rows, columns = ((1, 1, *touched.extents)[-2:]) if touched.extents else (1, 1)
    rows, columns = min(rows, _MOST_CELLS), min(columns, _MOST_CELLS)
    cell = max(5.0, min(20.0, 240.0 / max(rows, columns)))
    right, bottom = left + columns * cell, _TOP + rows * cell
    name = f"{touched.array.name}[{', '.join(map(str, touched.array.shape))}]"
    shapes: list[Shape] = [
        Area(box(left, _TOP, columns * cell, rows * cell), PAPER, GREY),
        *(_rule(left + k * cell, _TOP, left + k * cell, bottom) for k in range(1, columns)),
        *(_rule(left, _TOP + k * cell, right, _TOP + k * cell) for k in range(1, rows)),
        *_lines(touched, rows, columns, (left, cell), line),
        Label((left, _TOP - 20), name, bold=True),
        Label((left + cell / 2, _TOP - 5), "0", SIZE - 2, "middle", GREY),
        Label((right - cell / 2, _TOP - 5), str(columns - 1), SIZE - 2, "middle", GREY),
        Label((left - 5, _TOP + cell / 2 + 4), "0", SIZE - 2, "end", GREY),
        *(
            [Label((left - 5, bottom - cell / 2 + 4), str(rows - 1), SIZE - 2, "end", GREY)]
            * (rows > 1)
        ),
    ]
    for elements, mark, fill, size in (
        (touched.written, "square", ORANGE, 0.46),
        (touched.read, "circle", SKY, 0.27),
    ):
        spots = {(0, 0, *e)[-2:] for e in elements}
        points = tuple(
            (left + (c + 0.5) * cell, _TOP + (r + 0.5) * cell)
            for r, c in sorted(spots)
            if 0 <= r < rows and 0 <= c < columns
        )
        if points:
            kind = "written" if fill == ORANGE else "read"
            label = f"{touched.array.name} {kind}: {len(elements)} elements"
            shapes.append(Dots(points, mark, size * cell, fill, INK, 0.6, name=label))  # type: ignore[arg-type]
    words = f"{_count(touched.lines(line), 'cache line')} touched"
    shapes.append(Label((left, bottom + 16), words, SIZE - 1, colour=GREY))
    return shapes, max(right, left + text_width(name, bold=True), left + text_width(words)), bottom


def _fact(t: Touched, line: int) -> str:
    elements, lines = _count(len(t.every), "element"), _count(t.lines(line), "cache line")
    return f"{t.array.name}: {elements} ({len(t.read)} read, {len(t.written)} written) in {lines}"


def _count(number: int, what_: str) -> str:
    return f"{number} {what_}{'s' * (number != 1)}"


def _rule(x0: float, y0: float, x1: float, y1: float) -> Line:
    return Line(((x0, y0), (x1, y1)), FAINT, 0.8)


def _lines(
    touched: Touched, rows: int, columns: int, at: tuple[float, float], line: int
) -> Iterator[Line]:
    """Where cache lines begin, in the plane that is drawn: that of the outer indices 0."""
    left, cell = at
    each = max(1, line // touched.array.dtype.numpy.itemsize)
    row = prod(touched.extents[-1:])
    for r in range(rows):
        for c in range(columns):
            if (r * row + c) % each == 0:
                x, y = left + c * cell, _TOP + r * cell
                yield Line(((x, y + 0.12 * cell), (x, y + 0.88 * cell)), BLUE, 2)
