"""Where the elements of an array live in C while a piece of the program runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyopt.emit.loops import Promote
from polyopt.emit.program import stride
from polyopt.model.affine import Affine
from polyopt.model.layout import Layout
from polyopt.model.nest import Array
from polyopt.model.types import DType


@dataclass(frozen=True, slots=True)
class Place:
    """A C object that holds the array `array`, or a block of it.

    Element `subscripts` of the array is `name[subscripts[d] - origin[d] for d in kept]`.
    `extents` are those of the kept dimensions. `pointer`: a single element reached by `*name`.
    `strides`: the steps of an array that its caller laid out, in elements, by their names; None
    for a step of 1. Then element `subscripts` is `name[subscripts[0] * strides[0] + …]`.
    `flat`: one subscript reaches every element, `name[(i * m + j) * k + l]`.
    `space`: the qualifier of OpenCL's memory that it is in.
    `layout`: a packed buffer, whose subscripts are made by `packs`. `threads`: there is one for
    each thread. `own`: nobody else sees its elements while they are in use. `lane`: the last C
    subscript where every element is kept in lanes.
    """

    name: str
    array: str
    dtype: DType
    extents: tuple[Affine, ...]
    origin: tuple[Affine, ...]
    kept: tuple[int, ...]
    pointer: bool = False
    strides: tuple[str | None, ...] | None = None
    flat: bool = False
    space: str = ""
    layout: Layout | None = None
    threads: bool = False
    own: bool = False
    lane: str = ""

    @property
    def rank(self) -> int:
        """The number of C subscripts."""
        return len(self.kept)

    def indices(self, subscripts: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """The C subscripts of an element."""
        return tuple(subscripts[d] - self.origin[d] for d in self.kept)

    def moved(self, subscripts: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """What C subscripts are made of: themselves, or what packed buffers cut into panels."""
        return subscripts if self.layout is not None else self.indices(subscripts)

    def behind_pointer(self) -> Place:
        """The same single element, passed to a function by its address."""
        return replace(self, pointer=True)


def whole_array(array: Array, name: str, unit: int | None = None) -> Place:
    """The place of a whole array: in C's order, or with strides where `unit` is given.

    `unit` is the dimension whose stride is 1, or -1 where none is known to be.
    """
    rank = len(array.shape)
    strides = None
    if unit is not None:
        strides = tuple(None if d == unit else stride(array.name, d) for d in range(rank))
    kept = tuple(range(rank))
    origin = (Affine(),) * rank
    return Place(name, array.name, array.dtype, array.shape, origin, kept, strides=strides)


def private_copy(array: Array, name: str, copies: int, threads: bool) -> Place:
    """The place of a privatised array, whose first `copies` subscripts tell its copies apart: of
    these only one is in use, on each thread where `threads`."""
    rank = len(array.shape)
    kept = tuple(range(copies, copies + rank))
    origin = (Affine(),) * (copies + rank)
    shape, dtype = array.shape, array.dtype
    return Place(name, array.name, dtype, shape, origin, kept, threads=threads, own=True)


def strides(array: Array) -> tuple[str, ...]:
    """The names of all strides that an array may have."""
    return tuple(stride(array.name, dim) for dim in range(len(array.shape)))


def block_of(promote: Promote, dtype: DType, name: str) -> Place:
    """The place of a promoted block; dimensions of extent 1 have no subscript."""
    kept = tuple(d for d, extent in enumerate(promote.shape) if extent > 1)
    extents = tuple(Affine.integer(promote.shape[d]) for d in kept)
    return Place(name, promote.array, dtype, extents, promote.origin, kept, own=True)
