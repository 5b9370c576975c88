"""Packing: what is read below a loop is copied into a buffer of another layout.

The copy is made at the start of each iteration of the loop `at`. It is right where no value that is
written below reaches a read there: then each read's writer ran before the copy, and stays the same.
What is written below after it was read, the copy keeps as it was. A statement's own element is
read where it is written, not in a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import islpy as isl

from polyopt.errors import BadArgumentError, IllegalScheduleError
from polyopt.model.affine import Affine
from polyopt.model.layout import Layout
from polyopt.model.scop import Access, Scop, Statement
from polyopt.model.tree import Band, Mark, Node, Tree, children
from polyopt.transform.blocks import Promotion, statements_at, walk_to
from polyopt.transform.copies import PREFIX, copied, reads_of
from polyopt.transform.edit import Place, node_at, replace_at, resolve
from polyopt.transform.footprints import Footprints, is_target
from polyopt.transform.legality import Path

_LARGEST_EXTENT = 1 << 20
_LARGEST_BYTES = 1 << 28


def pack(
    footprints: Footprints,
    tree: Tree,
    what: str,
    at: str,
    order: tuple[str, ...] | None,
    panel: Mapping[str, int],
    pad: bool,
) -> Tree:
    """Copy what is read below a loop into a buffer, in each of its iterations.

    for k_tile: for j: for k: … B[k, j] …
        —pack("B", at="k_tile", order=("j", "k"), panel={"j": 24}, pad=True)→
    for k_tile:
        copy: pack[p][k][q] = B[k, 24 p + q], or 0 beyond B's end
        for j: for k: … pack[j / 24][k][j % 24] …

    `order` names the array's dimensions by the loops that index them, outermost first; those in
    `panel` are cut into panels of that width, whose insides are the buffer's last dimensions.
    `what` is an array, or one access to it as the kernel writes it, such as "A[k, j]": then only
    those reads move. A parallel loop inside `at` shares the buffer, one outside has one a thread.

    Along panels the box may have an extent that sizes alone tell; then the buffer has all up to the
    last element that is read at all.

    Refused where a value that is written there is read there, where its box has no constant size
    but for that (tile first), where nothing is read, and inside a vector loop.

    Raises NoSuchLoopError, and BadArgumentError where there is no such buffer.
    """
    _check(order, panel)
    array = _array(footprints.scop, what)
    place = resolve(tree, at)
    users = _users(footprints.scop, frozenset(place.member.statements), what)
    step = f'pack("{what}", at="{at}")'
    if not users:
        raise BadArgumentError(f"{step}: {_unread(footprints.scop, place, array)}")
    dimensions = _Dimensions(tree, place, users, what, len(footprints.scop.array(array).shape))
    layout = dimensions.layout(step, None if order is None else tuple(order), panel, pad)
    band = node_at(tree, place.path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    cut = place.position + 1
    inner = Band(band.members[cut:], band.child) if band.members[cut:] else band.child
    marked = Band(band.members[:cut], Mark(f"{PREFIX}{what} {layout}", inner))
    new = replace_at(tree, place.path, marked)
    problem = _packed(footprints, new, (*place.path, 0), what, layout)
    if isinstance(problem, str):
        raise BadArgumentError(f"{step}: {problem}")
    return new


def _check(order: object, panel: object) -> None:
    """Raise BadArgumentError where an argument is not of its kind."""
    if order is not None and not isinstance(order, tuple | list):
        raise BadArgumentError(f'pack: order takes loops, such as ("j", "k"), not {order!r}.')
    if not isinstance(panel, Mapping):
        raise BadArgumentError(
            f'pack: panel takes loops and widths, such as {{"j": 24}}, not {panel!r}.'
        )


def packed_blocks(footprints: Footprints, tree: Tree) -> list[Promotion]:
    """The blocks of every packed array, where its loop is now.

    Raises IllegalScheduleError where one can be no more.
    """
    found: list[Promotion] = []

    def visit(node: Node, path: Path, around: frozenset[str]) -> None:
        what = copied(node.name) if isinstance(node, Mark) else None
        if isinstance(node, Mark) and what is None:
            around |= set(node.name.split()[1:2])
        elif isinstance(node, Mark) and what is not None:
            layout = Layout.read(f"order {node.name.rpartition(' order ')[2]}")
            if _users(footprints.scop, statements_at(tree, path), what):
                block = _packed(footprints, tree, path, what, layout)
                if isinstance(block, str):
                    raise IllegalScheduleError(
                        f'pack("{what}") does not stand with this step: {block} '
                        f"Take this step first, and pack after it."
                    )
                if block.array in around:
                    raise IllegalScheduleError(
                        f'"{block.array}" is in a promoted block around pack("{what}") already. '
                        f"Promote it inside, or leave one of the two out."
                    )
                found.append(block)
        for number, child in enumerate(children(node)):
            visit(child, (*path, number), around)

    visit(tree.root, (), frozenset())
    return found


def _packed(
    footprints: Footprints, tree: Tree, path: Path, what: str, layout: Layout
) -> Promotion | str:
    """The block that a mark stands for, or why there is none."""
    scop, array = footprints.scop, what.partition("[")[0]
    outside, within, _ = walk_to(tree, path)
    vector = [m.name for m in outside if m.vector]
    if vector:
        return (
            f'"{vector[0]}" around it is a vector loop, and its lanes have no buffers of their own.'
        )
    names = statements_at(tree, path)
    users = _users(scop, names, what)
    inside = [s for s in scop.statements if s.name in names]
    rows = tuple((s.name, tuple(m.row(s.name) for m in outside)) for s in inside)
    key = (what, layout, rows, tuple(within.get(s.name, ()) for s in inside))
    if key not in footprints.packed:
        reads = footprints.elements(outside, users, array, wanted=reads_of(what), within=within)
        writes = footprints.elements(outside, inside, array, wanted=_writes, within=within)
        box = None if reads is None else _box(footprints, reads, len(outside), layout)
        clash = (
            reads is not None
            and writes is not None
            and not reads.intersect(writes).is_empty()
            and (
                any(is_target(s, a) and reads_of(what)(s, a) for s in users for a in s.accesses)
                or footprints.feeds(outside, inside, array, wanted=reads_of(what), within=within)
            )
        )
        footprints.packed[key] = (box, clash)
    box, clash = footprints.packed[key]
    if clash:
        writer = next(s for s in inside if s.array == array)
        return (
            f"{writer.name} writes {array} there where it is read, so the copy would miss new "
            f"values. Pack what is only read, or promote this block."
        )
    if box is None:
        return (
            f"what is read of {array} in one iteration has no constant size. "
            f"Tile the loops that index it first, and pack inside the tile loops."
        )
    if len(layout.order) != len(box.shape):
        return (
            f"{array} has {len(box.shape)} subscripts now, and its panels have {len(layout.order)}."
        )
    if layout.size(box.shape) * scop.dtype(array).bits // 8 > _LARGEST_BYTES:
        shape = " x ".join(map(str, box.shape))
        return f"the buffer would hold {shape} elements. Tile smaller, or pack further in."
    targets = tuple(
        (s.name, a.subscripts) for s in users for a in s.accesses if reads_of(what)(s, a)
        and a.array == array
    )  # fmt: skip
    return Promotion(
        path, 0, array, box.origin, box.shape,
        load=True, store=False, reduction=None, targets=targets, layout=layout, spans=box.spans,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """The elements of an array that a buffer holds; see `Promotion`."""

    origin: tuple[Affine, ...]
    shape: tuple[int, ...]
    spans: tuple[tuple[int, Affine], ...]


def _box(footprints: Footprints, reads: isl.Map, depth: int, layout: Layout) -> Box | None:
    """What a buffer holds: the box around what is read, and along panels, where that has no
    constant extent, all up to the last element that any iteration reads."""
    origin: list[Affine] = []
    shape: list[int] = []
    spans: list[tuple[int, Affine]] = []
    for dimension in range(reads.dim(isl.dim_type.out)):
        found = footprints.extent(reads, dimension, depth, _LARGEST_EXTENT)
        if found is None:
            end = footprints.end(reads.range(), dimension)
            if end is None or not layout.inner or dimension in layout.inner:
                return None
            found = Affine(), 1
            spans.append((dimension, end))
        origin.append(found[0])
        shape.append(found[1])
    return Box(tuple(origin), tuple(shape), tuple(spans))


def _writes(_statement: Statement, access: Access) -> bool:
    return access.kind != "read"


def _users(scop: Scop, names: frozenset[str], what: str) -> list[Statement]:
    """The statements of these names that read what is to be packed."""
    wanted = reads_of(what)
    return [
        s for s in scop.statements
        if s.name in names and any(wanted(s, a) for a in s.accesses)
    ]  # fmt: skip


def _array(scop: Scop, what: str) -> str:
    """The array that is named, which has dimensions.

    Raises BadArgumentError, listing the arrays, where there is none.
    """
    if not isinstance(what, str):
        raise BadArgumentError(f"pack takes an array's name, not {what!r}.")
    name = what.partition("[")[0].strip()
    private = dict(scop.private)
    possible = [a.name for a in scop.arrays if a.shape and a.name not in private]
    if name not in possible:
        known = ", ".join(f'"{n}"' for n in possible) or "none"
        raise BadArgumentError(
            f'pack: no array with dimensions is called "{name}". Arrays here: {known}.'
        )
    return name


def _unread(scop: Scop, place: Place, array: str) -> str:
    reads = [
        f'"{array}[{", ".join(map(str, a.subscripts))}]"'
        for name in place.member.statements
        for a in scop.statement(name).accesses
        if a.array == array and a.kind == "read"
    ]
    if not reads:
        return f'nothing inside "{place.member.name}" reads {array}.'
    return f"no read there is written so. Reads of {array}: {', '.join(dict.fromkeys(reads))}."


class _Dimensions:
    """The dimensions of an array by the loops that index them."""

    def __init__(
        self, tree: Tree, place: Place, users: list[Statement], what: str, rank: int
    ) -> None:
        self.tree, self.place, self.users, self.rank = tree, place, users, rank
        self.what = what
        self.array = what.partition("[")[0]

    def layout(
        self, step: str, order: tuple[str, ...] | None, panel: Mapping[str, int], pad: bool
    ) -> Layout:
        """The layout that the loops' names ask for; raises BadArgumentError."""
        dims = tuple(range(self.rank)) if order is None else tuple(self.of(step, n) for n in order)
        if sorted(dims) != list(range(self.rank)):
            raise BadArgumentError(
                f"{step}: order={order!r} must name each of the {self.rank} dimensions of "
                f"{self.array} once, by the loops that index them."
            )
        panels: dict[int, int] = {}
        for name, width in panel.items():
            if not isinstance(width, int) or isinstance(width, bool) or width < 1:
                raise BadArgumentError(f"{step}: a panel's width is a positive int, not {width!r}.")
            panels[self.of(step, name)] = width
        if pad not in (True, False):
            raise BadArgumentError(f"{step}: pad is True or False, not {pad!r}.")
        return Layout(dims, tuple(sorted((d, w) for d, w in panels.items() if w > 1)), bool(pad))

    def of(self, step: str, name: str) -> int:
        """The one dimension that a loop indexes."""
        rows = dict(resolve(self.tree, name).member.rows)
        wanted = reads_of(self.what)
        found = {
            d
            for s in self.users if s.name in rows
            for a in s.accesses if a.array == self.array and wanted(s, a)
            for d, subscript in enumerate(a.subscripts)
            if subscript.names() & rows[s.name].names() & set(s.iterators)
        }  # fmt: skip
        if len(found) != 1:
            which = "none" if not found else " and ".join(str(d) for d in sorted(found))
            raise BadArgumentError(
                f'{step}: "{name}" must index one dimension of {self.array}; it indexes {which}.'
            )
        return found.pop()
