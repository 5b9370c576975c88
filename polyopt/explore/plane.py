"""A plane with axes: where instances lie, their ticks and names, and the legend beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from polyopt.explore.picture import Picture
from polyopt.explore.shapes import Area, Dots, Label, Line, Point, Shape
from polyopt.explore.style import FAINT, GREY, INK, SIZE, Dash, Mark, text_width

MARGIN = 0.7
"""Room around the outermost points, in units."""

_LINE, _GAP, _HEAD = 20.0, 14.0, 44.0
_SAMPLE = 30.0
_WORDS = 48
"""Letters in a line of the legend."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend: a mark, a line or a coloured field, and what it means."""

    text: str
    mark: Mark | None = None
    fill: str = INK
    colour: str = ""
    dash: Dash = ""
    width: float = 1.6
    arrow: bool = True
    field: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Axis:
    """The range and the name of an axis; `names` are ticks with words in place of numbers."""

    name: str
    low: int
    high: int
    names: tuple[tuple[int, str], ...] = ()

    @property
    def units(self) -> float:
        """The length, room included."""
        return self.high - self.low + 2 * MARGIN


@dataclass(frozen=True, slots=True)
class Plane:
    """Two axes, `pitch` pixels a unit, with the origin of the page at `left`, `top`."""

    x: Axis
    y: Axis
    pitch: float
    left: float
    top: float

    def at(self, x: float, y: float) -> Point:
        """The pixel of a point; y grows upwards."""
        return (
            self.left + (x - self.x.low + MARGIN) * self.pitch,
            self.top + (self.y.high + MARGIN - y) * self.pitch,
        )

    @property
    def right(self) -> float:
        """Where the plane ends."""
        return self.left + self.x.units * self.pitch

    @property
    def bottom(self) -> float:
        """Where the plane ends below."""
        return self.top + self.y.units * self.pitch

    def frame(self) -> Iterator[Shape]:
        """Grid, ticks and the names of the axes."""
        for value, text in ticks(self.x, self.pitch, wide=True):
            (x, _) = self.at(value, 0)
            yield Line(((x, self.top), (x, self.bottom)), FAINT, 1)
            yield Label((x, self.bottom + 16), text, anchor="middle", colour=GREY)
        for value, text in ticks(self.y, self.pitch, wide=False):
            (_, y) = self.at(0, value)
            yield Line(((self.left, y), (self.right, y)), FAINT, 1)
            yield Label((self.left - 8, y + 4), text, anchor="end", colour=GREY)
        corner = ((self.left, self.top), (self.left, self.bottom), (self.right, self.bottom))
        yield Line(corner, GREY, 1.2)
        middle = (self.left + self.right) / 2
        yield Label((middle, self.bottom + 36), self.x.name, anchor="middle", bold=True)
        if self.y.name:
            yield Label((self.left - 8, self.top - 8), self.y.name, anchor="end", bold=True)


def ticks(axis: Axis, pitch: float, *, wide: bool) -> Iterator[tuple[int, str]]:
    """The values that get a tick: as many as can be read."""
    named = dict(axis.names)
    longest = max((text_width(str(v)) for v in (axis.low, axis.high)), default=8.0)
    room = (longest + 8 if wide else 16) / pitch
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if s >= room)
    for value in range(axis.low, axis.high + 1):
        if value in named:
            yield value, named[value]
        elif value % step == 0 or axis.low == axis.high:
            yield value, str(value)


def pitch_for(x: Axis, y: Axis, crowded: int = 1) -> float:
    """Pixels a unit: a plane of some 400 pixels, more where points share a place."""
    side = max(x.units, y.units)
    more = min(crowded - 1, 6)
    return max(5.0, min(46.0 + 9 * more, (380.0 + 60 * more) / side))


def plane_for(x: Axis, y: Axis, crowded: int = 1, top: float = _HEAD + 22) -> Plane:
    """A plane with room for ticks at its left and a title above."""
    words = [text_width(t) for _, t in ticks(y, 20, wide=False)]
    return Plane(x, y, pitch_for(x, y, crowded), max([*words, 16.0]) + 26, top)


def legend(entries: Iterable[Entry], left: float, top: float) -> tuple[list[Shape], Point]:
    """The lines of a legend, and where it ends."""
    shapes: list[Shape] = []
    right, y = left, top
    for entry in entries:
        shapes += _sample(entry, left, y)
        for line in wrap(entry.text, _WORDS, break_long_words=False) or [""]:
            shapes.append(Label((left + _SAMPLE + 8, y + 4), line))
            right = max(right, left + _SAMPLE + 8 + text_width(line))
            y += _LINE
    return shapes, (right, y)


def _sample(entry: Entry, left: float, y: float) -> Iterator[Shape]:
    middle = (left + _SAMPLE / 2, y)
    if entry.field:
        corners = ((left, y - 7), (left + _SAMPLE, y - 7), (left + _SAMPLE, y + 7), (left, y + 7))
        yield Area(corners, entry.fill, entry.colour or "none", entry.opacity, dash=entry.dash)
    elif entry.colour:
        ends = ((left, y), (left + _SAMPLE, y))
        yield Line(ends, entry.colour, entry.width, entry.dash, entry.arrow)
    if entry.mark is not None:
        yield Dots((middle,), entry.mark, 5.5, entry.fill)


def compose(
    title: str,
    caption: str,
    plane: Plane,
    shapes: Sequence[Shape],
    entries: Sequence[Entry],
    text: str,
    sizes: tuple[tuple[str, int], ...] = (),
) -> Picture:
    """The page: title, caption, plane with its shapes, legend at the right."""
    beside, (right, low) = legend(entries, plane.right + _GAP * 2, plane.top + 8)
    wide = max(text_width(title, SIZE + 2, bold=True), text_width(caption)) + 2 * _GAP
    width, height = max(right + _GAP, plane.right + _GAP, wide), max(plane.bottom + 48, low + _GAP)
    head: list[Shape] = [
        Label((_GAP, 22), title, SIZE + 2, bold=True),
        *([Label((_GAP, 40), caption, colour=GREY)] if caption else []),
    ]
    every = (*head, *plane.frame(), *shapes, *beside)
    return Picture(title, text, round(width), round(height), every, sizes)
