"""What pictures are made of: a few shapes in pixels, the y axis down, as SVG has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from polyopt.explore.style import INK, SIZE, Dash, Mark

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Dots:
    """The same mark at several points. `name` says what is drawn, as a tooltip and to tests."""

    points: tuple[Point, ...]
    mark: Mark = "circle"
    size: float = 5.0
    fill: str = INK
    edge: str = INK
    width: float = 1.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, with a head at its end where it is an arrow."""

    points: tuple[Point, ...]
    colour: str = INK
    width: float = 1.5
    dash: Dash = ""
    arrow: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon; `fill` may be "none"."""

    points: tuple[Point, ...]
    fill: str
    edge: str = "none"
    opacity: float = 1.0
    width: float = 1.0
    dash: Dash = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A text with its base line at a point."""

    at: Point
    text: str
    size: float = SIZE
    anchor: Anchor = "start"
    colour: str = INK
    bold: bool = False
    mono: bool = False
    angle: float = 0.0
    halo: bool = False


Shape = Dots | Line | Area | Label

_CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "square": ((-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)),
    "diamond": ((0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)),
    "triangle": ((0, -1.2), (1.1, 0.85), (-1.1, 0.85)),
    "down": ((0, 1.2), (1.1, -0.85), (-1.1, -0.85)),
    "hexagon": ((-1.1, 0), (-0.55, -0.95), (0.55, -0.95), (1.1, 0), (0.55, 0.95), (-0.55, 0.95)),
    "cross": (
        *((-0.35, -1.1), (0.35, -1.1), (0.35, -0.35), (1.1, -0.35), (1.1, 0.35), (0.35, 0.35)),
        *((0.35, 1.1), (-0.35, 1.1), (-0.35, 0.35), (-1.1, 0.35), (-1.1, -0.35), (-0.35, -0.35)),
    ),
}


def corners(mark: Mark, at: Point, size: float) -> tuple[Point, ...]:
    """The polygon of a mark; a circle's has none."""
    return tuple((at[0] + x * size, at[1] + y * size) for x, y in _CORNERS.get(mark, ()))


def head(points: Sequence[Point], width: float) -> tuple[tuple[Point, ...], Point]:
    """The triangle at the end of an arrow, and where its shaft ends."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    long, wide = 4.5 + 2 * width, 2.2 + 1.1 * width
    bx, by = x1 - ux * long, y1 - uy * long
    return ((x1, y1), (bx - uy * wide, by + ux * wide), (bx + uy * wide, by - ux * wide)), (bx, by)


def box(x: float, y: float, width: float, height: float) -> tuple[Point, ...]:
    """The corners of a rectangle."""
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)
