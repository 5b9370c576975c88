"""Shapes on axes of matplotlib, which stays an extra: what is needed are methods of the axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from polyopt.explore.shapes import Area, Dots, Label, Line, Shape, head
from polyopt.explore.style import DASHES, Dash

_MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle": "^",
    "down": "v",
    "hexagon": "h",
    "cross": "P",
}
_PLACES = {"start": "left", "middle": "center", "end": "right"}


class Axes(Protocol):
    """What is used of `matplotlib.axes.Axes`."""

    figure: Any
    transData: Any  # noqa: N815 matplotlib's name

    def plot(self, *args: object, **kwargs: object) -> object:
        """Draw a line or marks."""
        ...

    def fill(self, *args: object, **kwargs: object) -> object:
        """Draw a polygon."""
        ...

    def text(self, *args: object, **kwargs: object) -> object:
        """Draw a text."""
        ...

    def set_xlim(self, *args: object, **kwargs: object) -> object:
        """Set what is drawn of the x axis."""
        ...

    def set_ylim(self, *args: object, **kwargs: object) -> object:
        """Set what is drawn of the y axis."""
        ...

    def set_aspect(self, *args: object, **kwargs: object) -> object:
        """Set how units of the axes relate."""
        ...

    def set_axis_off(self) -> None:
        """Draw no ticks."""
        ...


def draw(shapes: Iterable[Shape], width: float, height: float, ax: Axes) -> None:
    """Draw shapes, later ones above earlier ones."""
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_aspect("equal")
    ax.set_axis_off()
    points = _points_per_pixel(width, ax)
    for order, shape in enumerate(shapes, start=2):
        _one(shape, ax, points, order)


def _points_per_pixel(width: float, ax: Axes) -> float:
    """How many of matplotlib's points, of which lines and letters are told, a pixel is."""
    left, right = ax.transData.transform([(0.0, 0.0), (width, 0.0)])
    return float(right[0] - left[0]) / width * 72.0 / float(ax.figure.dpi)


def _one(shape: Shape, ax: Axes, points: float, order: int) -> None:
    match shape:
        case Dots(places, mark, size, fill, edge, width):
            ax.plot(
                *_columns(places),
                linestyle="none",
                marker=_MARKERS[mark],
                markersize=2 * size * points,
                markerfacecolor=fill,
                markeredgecolor=edge,
                markeredgewidth=width * points,
                zorder=order,
            )
        case Line(places, colour, width, dash, arrow):
            tip, end = head(places, width) if arrow else ((), places[-1])
            look = {"color": colour, "linewidth": width * points, "zorder": order}
            ax.plot(*_columns((*places[:-1], end)), linestyle=_dashes(dash), **look)
            if arrow:
                ax.fill(*_columns(tip), facecolor=colour, edgecolor="none", zorder=order)
        case Area(places, fill, edge, opacity, width, dash):
            if fill != "none":
                ax.fill(
                    *_columns(places), facecolor=fill, edgecolor="none", alpha=opacity, zorder=order
                )
            if edge != "none":
                look = {"color": edge, "linewidth": width * points, "zorder": order}
                ax.plot(*_columns((*places, places[0])), linestyle=_dashes(dash), **look)
        case Label(at, text, size, anchor, colour, bold, mono, angle):
            ax.text(
                *at,
                text.replace("$", r"\$"),
                fontsize=size * points,
                ha=_PLACES[anchor],
                va="baseline",
                color=colour,
                weight="bold" if bold else "normal",
                family="monospace" if mono else "sans-serif",
                rotation=-angle,
                rotation_mode="anchor",
                zorder=order,
            )


def _columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    rows = list(points)
    return [x for x, _ in rows], [y for _, y in rows]


def _dashes(dash: Dash) -> object:
    return (0, tuple(DASHES[dash])) if dash else "-"
