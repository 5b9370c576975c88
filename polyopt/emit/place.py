"""Where the elements of an array live in C while a piece of the program runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyopt.emit.loops import Promote
from polyopt.model.affine import Affine
from polyopt.model.nest import Array
from polyopt.model.types import DType


@dataclass(frozen=True, slots=True)
class Place:
    """A C object that holds the array `array`, or a block of it.

    Element `subscripts` of the array is `name[subscripts[d] - origin[d] for d in kept]`.
    `extents` are those of the kept dimensions. `pointer`: a single element reached by `*name`.
    `flat`: one subscript reaches every element, `name[(i * m + j) * k + l]`.
    """

    name: str
    array: str
    dtype: DType
    extents: tuple[Affine, ...]
    origin: tuple[Affine, ...]
    kept: tuple[int, ...]
    pointer: bool = False
    flat: bool = False

    @property
    def rank(self) -> int:
        """The number of C subscripts."""
        return len(self.kept)

    def indices(self, subscripts: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """The C subscripts of an element."""
        return tuple(subscripts[d] - self.origin[d] for d in self.kept)

    def behind_pointer(self) -> Place:
        """The same single element, passed to a function by its address."""
        return replace(self, pointer=True)


def whole_array(array: Array, name: str) -> Place:
    """The place of a whole array."""
    rank = len(array.shape)
    return Place(name, array.name, array.dtype, array.shape, (Affine(),) * rank, tuple(range(rank)))


def block_of(promote: Promote, dtype: DType, name: str) -> Place:
    """The place of a promoted block; dimensions of extent 1 have no subscript."""
    kept = tuple(d for d, extent in enumerate(promote.shape) if extent > 1)
    extents = tuple(Affine.integer(promote.shape[d]) for d in kept)
    return Place(name, promote.array, dtype, extents, promote.origin, kept)
