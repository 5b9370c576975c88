"""`Picture`: shapes with a text that says the same, to be shown, saved or drawn by matplotlib.

A picture is self-contained: SVG without scripts, style sheets or links. Notebooks get it as an
image whose address is its data, which GitHub, nbviewer and untrusted notebooks show as well.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.errors import BadArgumentError
from polyopt.explore import svg

if TYPE_CHECKING:
    from polyopt.explore.on_axes import Axes
    from polyopt.explore.shapes import Shape


@dataclass(frozen=True)
class Picture:
    """Shapes on a page of `width` by `height` pixels.

    `title` is what the picture shows, `text` the same for readers without pictures; `sizes` are
    the values of the parameters it is drawn for.
    """

    title: str
    text: str
    width: float
    height: float
    shapes: tuple[Shape, ...]
    sizes: tuple[tuple[str, int], ...] = ()

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        return svg.document(self.shapes, self.width, self.height, self.title)

    @property
    def html(self) -> str:
        """The picture as an `<img>` that holds its own data."""
        image = svg.document(self.shapes, self.width, self.height, self.title, names=False)
        data = base64.b64encode(image.encode()).decode()
        return (
            f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.text)}" '
            f'width="{self.width:.0f}" style="max-width:100%;height:auto"/>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file named `….svg`; its path.

        Raises BadArgumentError for another ending: matplotlib's `savefig` writes others, of axes
        that `draw` has drawn on.
        """
        place = Path(path)
        if place.suffix != ".svg":
            raise BadArgumentError(
                f"pictures are saved as SVG, and {place.name} does not end in .svg: for other "
                "formats draw(ax) and save matplotlib's figure"
            )
        place.write_text(self.svg, encoding="utf-8")
        return place

    def draw(self, ax: Axes) -> Axes:
        """Draw the picture on axes of matplotlib; the axes.

        The axes become the page: their ticks go, and their limits are the picture's pixels.
        """
        from polyopt.explore.on_axes import draw  # noqa: PLC0415 few draw with matplotlib

        draw(self.shapes, self.width, self.height, ax)
        return ax

    def named(self, start: str = "") -> tuple[Shape, ...]:
        """The shapes with a name that begins so: instances, arrows, tiles."""
        return tuple(s for s in self.shapes if getattr(s, "name", "").startswith(start or "\0"))

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,  # noqa: ARG002 as IPython calls it
        exclude: Collection[str] | None = None,  # noqa: ARG002
    ) -> dict[str, str]:
        """What IPython shows: HTML, and the text where there is none."""
        return {"text/html": self.html, "text/plain": self.text}
