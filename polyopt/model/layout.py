"""Layouts of packed buffers: the order of an array's dimensions, some of them cut into panels.

With `order` (1, 0) and panels of 24 along dimension 1, element (k, j) of a block is
`buffer[j / 24][k][j % 24]`: what BLIS and GotoBLAS call a panel-packed matrix (Goto and van de
Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class Layout:
    """`order`: the block's dimensions, outermost first. `panels`: (dimension, width); the places
    inside panels are the buffer's last dimensions. `pad`: what panels have beyond the array is 0.
    """

    order: tuple[int, ...]
    panels: tuple[tuple[int, int], ...] = ()
    pad: bool = False

    def width(self, dimension: int) -> int:
        """The width of the panels along a dimension; 1 where it is not cut."""
        return dict(self.panels).get(dimension, 1)

    @property
    def inner(self) -> tuple[int, ...]:
        """The dimensions cut into panels, in order."""
        return tuple(d for d in self.order if self.width(d) > 1)

    def extents(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The buffer's extents for a block of that shape, whole panels."""
        outer = (-(-shape[d] // self.width(d)) for d in self.order)
        return (*outer, *(self.width(d) for d in self.inner))

    def size(self, shape: tuple[int, ...]) -> int:
        """The number of elements of the buffer."""
        return prod(self.extents(shape))

    def __str__(self) -> str:
        panels = ",".join(f"{d}:{w}" for d, w in self.panels)
        words = ["order " + ",".join(map(str, self.order))]
        words += [f"panel {panels}"] if panels else []
        return " ".join([*words, *(["pad"] if self.pad else [])])

    @staticmethod
    def read(text: str) -> Layout:
        """The layout that `str` printed."""
        words = text.split()
        panels: tuple[tuple[int, int], ...] = ()
        if "panel" in words:
            pairs = (p.split(":") for p in words[words.index("panel") + 1].split(","))
            panels = tuple((int(d), int(w)) for d, w in pairs)
        return Layout(tuple(map(int, words[1].split(","))), panels, "pad" in words)
