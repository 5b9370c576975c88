"""Packed buffers in OpenCL: memory that the host gives, and kernels that fill it.

    for k_block:                        host: for k_block: launch fill B_pack over its panels
        B packed                 →                         launch gemm_i_block over the blocks
        parallel for i_block:           gemm_i_block:      A_pack of this group filled, and used
            A packed
            …

A buffer that all groups read is filled by a launch of its own. One inside of a parallel loop is
filled where it stands; each group has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import cgen

from polyopt.emit.launches import Buffer, Range, Work
from polyopt.emit.loops import For, Loops, Node, Promote, below
from polyopt.emit.packs import buffers
from polyopt.emit.place import Place
from polyopt.emit.scope import Scope
from polyopt.errors import IllegalScheduleError
from polyopt.model.affine import Affine, extreme
from polyopt.model.scop import Scop

PIECE = ("trips", "first", "last")


@dataclass(frozen=True)
class Pack:
    """The place of a packed buffer; `apart`: each group has one."""

    place: Place
    apart: bool

    @property
    def size(self) -> int:
        """The number of its elements."""
        return prod(e.constant for e in self.place.extents)


def pack_places(scop: Scop, loops: Loops, scope: Scope) -> dict[str, Pack]:
    """The packed buffers of a program by their keys."""
    found = buffers(loops.body, scop, scope, openmp=True)
    return {key: Pack(replace(p, threads=False), p.threads) for key, p in found.items()}


def pack_buffers(packs: Mapping[str, Pack], used: frozenset[str]) -> list[Buffer]:
    """The memory of the packed buffers that some kernel uses."""
    return [
        Buffer(
            key, pack.place.dtype, (Affine.integer(pack.size),), "local",
            read=True, written=True, copied_in=False, apart=pack.apart,
        )
        for key, pack in packs.items()
        if key in used
    ]  # fmt: skip


def own_copies(places: Sequence[Place]) -> list[cgen.Generable]:
    """The lines by which a group finds its own copies of buffers."""
    sizes = [prod(e.constant for e in place.extents) for place in places]
    return [
        cgen.Statement(f"{place.name} += get_group_id(0) * {size}")
        for place, size in zip(places, sizes, strict=True)
    ]


def panels_of(node: Promote, scop: Scop) -> Range:
    """The panels of a buffer that are filled, as its outermost loop counts them."""
    layout = node.layout
    if layout is None:
        raise TypeError("a pack has a layout")
    first = layout.order[0]
    shape = scop.array(node.array).shape[first]
    end = extreme("min", [Affine.integer(node.shape[first]), shape - node.origin[first]])
    return Range(Affine(), end, layout.width(first))


def filling(node: Promote) -> Work:
    """The work of filling a buffer: an element takes about two operations."""
    return Work((Affine.integer(prod(node.shape)),), 2)


def refuse_packs(nodes: Iterable[Node], model: str) -> None:
    """Raise IllegalScheduleError where there are packed buffers beside loops that run across
    groups and items, or for a GPU."""
    every = tuple(below(nodes))
    packed = [n for n in every if isinstance(n, Promote) and n.layout is not None]
    if any(n.spans for n in packed):
        raise IllegalScheduleError(
            f"the packed buffer {packed[0].name} has no constant size, and kernels' buffers have: "
            'tile the loops that index it first, or use target="openmp"'
        )
    mapped = any(isinstance(n, For) and n.grid for n in every)
    if packed and (mapped or model == "gpu"):
        raise IllegalScheduleError(
            f"the packed buffer {packed[0].name} has no memory in a kernel of groups and items: "
            'leave out the step pack or map_to_grid, or use target="openmp"'
        )
