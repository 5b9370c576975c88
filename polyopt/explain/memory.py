"""Where values are kept, and what a tile touches beside the caches' sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import islpy as isl

from polyopt._isl import limited
from polyopt.emit.lower import plan
from polyopt.machine import Machine
from polyopt.model.tree import Member
from polyopt.transform.blocks import Promotion
from polyopt.transform.legality import Path
from polyopt.transform.schedule import Schedule

_OPERATIONS = 150_000
_LARGEST = 1 << 40

Blocks = Mapping[tuple[Path, int], tuple[str, ...]]
"""What stays local from a loop on inwards, by the loop's place."""


def blocks(schedule: Schedule) -> Blocks:
    """The blocks of arrays that are kept local, each with its extents."""
    found: dict[tuple[Path, int], tuple[str, ...]] = {}
    for block in plan(schedule):
        place = block.path, block.position
        found[place] = (*found.get(place, ()), _block(schedule, block))
    return found


def _block(schedule: Schedule, block: Promotion) -> str:
    spans = dict(block.spans)
    shape = " x ".join(str(spans.get(d, n)) for d, n in enumerate(block.shape))
    if block.layout is not None and spans:
        return f"{block.array} is packed from {shape} ({block.layout})"
    if block.layout is not None:
        size = block.layout.size(block.shape) * schedule.scop.dtype(block.array).bits // 8
        return f"{block.array} is packed from {shape} ({block.layout}), {amount(size)}"
    if block.array in schedule.scop.private_scalars:
        copies = prod(block.shape)
        return f"{block.array} is private, {copies} {'copy' if copies == 1 else 'copies'} at a time"
    if block.reduction:
        return f"a partial result of {block.array} in each lane"
    if block.shape:
        return f"{block.array} stays in a local block of {shape}"
    return f"{block.array} stays in a local scalar"


def touched(schedule: Schedule, member: Member, outside: Sequence[Member], machine: Machine) -> str:
    """What one iteration of a tile loop touches, and the cache that holds it; nothing where an
    array's part has no constant bounds."""
    inside = [s for s in schedule.scop.statements if s.name in member.statements]
    arrays = dict.fromkeys(a.array for s in inside for a in s.accesses)
    total = 0
    for array in arrays:
        shape = _extents(schedule, array, (*outside, member))
        if shape is None:
            return ""
        total += prod(shape) * schedule.scop.dtype(array).bits // 8
    return f"an iteration touches {amount(total)}: {_held(total, machine)}" if total else ""


def _extents(schedule: Schedule, array: str, outside: tuple[Member, ...]) -> tuple[int, ...] | None:
    """The box around what is touched of an array for fixed loops outside, where it is bounded."""
    scop, footprints = schedule.scop, schedule.judge.footprints
    names = set(outside[-1].statements)
    users = [s for s in scop.statements if s.name in names]
    try:
        with limited(_OPERATIONS):
            elements = footprints.elements(outside, users, array)
            box = None if elements is None else footprints.box(elements, len(outside), _LARGEST)
    except isl.Error:
        return None
    return None if box is None else box[1]


def _held(size: int, machine: Machine) -> str:
    for name, room in (("L1", machine.l1), ("L2", machine.l2), ("L3", machine.l3)):
        if size <= room:
            return f"{name} ({amount(room)}) holds it"
    return "no cache holds it"


def amount(size: int) -> str:
    """A number of bytes as people write it."""
    for unit, width in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= width:
            return f"{size / width:.3g} {unit}"
    return f"{size} bytes"
