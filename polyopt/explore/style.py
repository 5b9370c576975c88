"""How pictures look: colours that colour-blind readers tell apart, and shapes and dashes beside
them, so that no meaning is carried by colour alone.

The palette is that of Okabe and Ito, "Color Universal Design" (2008).
"""

from __future__ import annotations

from typing import Literal

Mark = Literal["circle", "square", "diamond", "triangle", "down", "hexagon", "cross"]
Dash = Literal["", "dash", "dot", "dashdot", "long"]

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, RED, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, FAINT, PAPER = "#222222", "#767676", "#E2E2E2", "#FFFFFF"

FILLS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE, "#BBBBBB")
"""Fills of statements and tiles, one after the other."""

MARKS: tuple[Mark, ...] = ("circle", "square", "diamond", "triangle", "down", "hexagon")
"""Shapes of statements."""

KINDS: dict[str, tuple[str, Dash]] = {
    "flow": (BLUE, ""),
    "anti": (ORANGE, "dash"),
    "output": (PURPLE, "dot"),
    "reduction": (GREEN, "dashdot"),
}
"""Colour and dash of a dependence's arrow, by kind."""

DASHES: dict[Dash, tuple[float, ...]] = {
    "": (),
    "dash": (6, 4),
    "dot": (1.5, 3),
    "dashdot": (8, 3, 1.5, 3),
    "long": (12, 4),
}
"""Lengths drawn and left out, in pixels."""

FONT = "DejaVu Sans, Verdana, sans-serif"
MONO = "DejaVu Sans Mono, Consolas, Menlo, monospace"
SIZE = 12.0
"""Of letters, in pixels."""


def statement_style(number: int) -> tuple[Mark, str]:
    """Shape and fill of the statement with that place in the textual order."""
    return MARKS[number % len(MARKS)], FILLS[number % len(FILLS)]


def text_width(text: str, size: float = SIZE, *, mono: bool = False, bold: bool = False) -> float:
    """About how wide a text is drawn, rather more than less."""
    return len(text) * size * (0.62 if mono else 0.64 if bold else 0.58)


SHADES = ("#00224E", "#35456C", "#666970", "#948E77", "#C8B866", "#FEE838")
"""From dark to light as a sequence: cividis, which every reader sees in one order."""


_LEVELS = 24


def shade(fraction: float) -> str:
    """A colour of the sequence, 0 its dark and 1 its light end, in as many as can be told apart."""
    fraction = round(min(max(fraction, 0.0), 1.0) * _LEVELS) / _LEVELS
    place = fraction * (len(SHADES) - 1)
    low = min(int(place), len(SHADES) - 2)
    pairs = zip(_channels(SHADES[low]), _channels(SHADES[low + 1]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * (place - low)):02X}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
