"""Blocks of factorisations: contractions whose operands are results of the same nest.

    for i: for j: for k < min(i, j): A[i, j] -= A[i, k] * A[k, j]   (and divisions, roots)
        —→  pipeline for i_tile: for j_tile:
                for k_tile < min(i_tile, j_tile): register tiles, as in any contraction
                for k_tile = min(i_tile, j_tile): for k: for i: for j: the same by elements

What a block takes from blocks that are done is a product of matrices; only what it takes from
itself, a share of one in as many as there are blocks along a side, waits from element to element
(left-looking blocks: Anderson and others, LAPACK Users' Guide, 1999). A row of blocks follows the
one above it block by block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, combinations
from math import isqrt, lcm

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.scop import Statement
from polyopt.model.tree import Band, Leaf, Member, Node, Sequence, children, walk
from polyopt.transform.auto.context import Search, attempt
from polyopt.transform.auto.isl_order import isl_order
from polyopt.transform.auto.packs import Roles, column_operands, packed
from polyopt.transform.auto.structure import with_component
from polyopt.transform.auto.temporaries import blocks_exist
from polyopt.transform.auto.tiles import Shape, may_contract, shape_for
from polyopt.transform.edit import (
    fresh_name,
    node_at,
    normal,
    places,
    resolve,
    taken_names,
    whole,
)
from polyopt.transform.schedule import Schedule

_FEWEST_BLOCK = 2
"""Register tiles along a side of a block, at least."""
_FEWEST_TRIPS = 64
"""Iterations that a loop of a contraction has to have for blocks to pay."""


@dataclass(frozen=True)
class Factors:
    """The loops of a nest by their part in its contractions, which are `cores`; `size` is the side
    of a block. `along`: every operand runs along lines with the columns."""

    cores: tuple[Statement, ...]
    row: Member
    column: Member
    depth: Member
    along: bool
    size: int
    shape: Shape

    @property
    def sides(self) -> tuple[Member, Member]:
        """The loops along the sides of a contraction's target."""
        return self.row, self.column


def block_factors(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule | None:
    """A nest around contractions of its own results in blocks; None where it is none.

    Where sizes are known to be small, or no order of blocks is legal, it is left to others.
    """
    cores = tuple(s for s in schedule.scop.statements if s.name in inside and may_contract(s))
    if not cores or len(inside) < 2 or not search.panels:
        return None
    found = _factors(search, schedule, inside, cores)
    if found is None:
        return None
    loops = (found.row, found.column, found.depth)
    tiles = Tiles(*(fresh_name(schedule.tree, f"{m.name}_tile") for m in loops))
    # Where threads do not wait for one another, a pipeline runs in order: still in blocks.
    for waits in (True,) if search.packs else (False, True):
        made = _blocked(schedule, found, inside, tiles, waits=waits)
        if made is not None:
            return made
    return None


def _blocked(
    schedule: Schedule, found: Factors, inside: frozenset[str], tiles: Tiles, *, waits: bool
) -> Schedule | None:
    """The nest in blocks, by the first way that is legal; along fronts where no thread waits."""
    blocks = partial(_blocks, found=found, inside=inside, tiles=tiles, waits=waits)
    ordered = None
    for done_first in (found.along, not found.along):
        ordered = ordered or attempt(schedule, partial(blocks, done_first=done_first))
    if ordered is None:
        return None
    ways = [partial(_steps, found=found, pivots=p, tiles=tiles) for p in _pivots(found)]
    ways += [partial(_steps_beyond, found=found, pivot=p, tiles=tiles) for p in found.sides]
    for way in ways:
        made = attempt(ordered, way)
        if made is not None and not (waits or _on_threads(made, tiles)):
            made = attempt(made, lambda s: s.wavefront(tiles.row, tiles.column))
        if made is not None and blocks_exist(made):
            return made
    return None


def _on_threads(s: Schedule, tiles: Tiles) -> bool:
    """Whether the rows of blocks are."""
    return any(p.member.parallel for p in places(s.tree) if p.member.name == tiles.row)


def _factors(
    search: Search, schedule: Schedule, inside: frozenset[str], cores: tuple[Statement, ...]
) -> Factors | None:
    """The parts of the loops, where isl finds one permutable band for all statements."""
    names = tuple(s for s in schedule.statements if s in inside)
    key = (schedule.judge, names, False)
    if key not in search.orders:
        search.orders[key] = isl_order(schedule.judge, names, outer_coincidence=False)
    band = _completed(schedule, search.orders[key], names, cores[0])
    if band is None:
        return None
    parts = {_parts(band, core) for core in cores}
    first = parts.pop()
    if parts or first is None:
        return None
    row, column, depth = (band.members[n] for n in first)
    if any(search.trips(schedule).of(c, i) < _FEWEST_TRIPS for c in cores for i in c.iterators):
        return None
    shape = shape_for(search.machine, max(schedule.scop.dtype(c.array).bits for c in cores))
    bits = max(schedule.scop.dtype(c.array).bits for c in cores)
    along = all(_runs_along(core, column) for core in cores)
    return Factors(cores, row, column, depth, along, _side(search, shape, bits), shape)


def _completed(
    schedule: Schedule, order: Node | None, names: tuple[str, ...], core: Statement
) -> Band | None:
    """The band of three loops around a contraction, with the statements that isl left outside in
    the loops that they share with it, ahead of all others; None where there is none."""
    items = order.children if isinstance(order, Sequence) else ()
    holders = [item.child for item in items if core.name in item.statements]
    band = holders[0] if holders else order
    if not isinstance(band, Band) or len(band.members) != 3:
        return None
    if any(isinstance(node, Band) for node in walk(band.child)):
        return None
    members: list[Member] = []
    for member in band.members:
        shared = member.row(core.name)
        rows = dict(member.rows)
        for name in (n for n in names if n not in rows):
            known = shared.names() <= set(schedule.scop.statement(name).iterators)
            rows[name] = shared if known else Affine.integer(-1)
        members.append(replace(member, rows=tuple((n, rows[n]) for n in names)))
    return replace(band, members=tuple(members))


def _side(search: Search, shape: Shape, bits: int) -> int:
    """The side of a block: three of them in a quarter of the second cache, whole register tiles."""
    unit = lcm(shape.rows, shape.columns)
    most = isqrt(search.machine.l2 // 4 // 3 // (bits // 8))
    return max(_FEWEST_BLOCK, most // unit) * unit


def _parts(band: Band, core: Statement) -> tuple[int, int, int] | None:
    """Which members move rows, columns and neither of a contraction's target."""
    moved = [_name(m.row(core.name)) for m in band.members]
    if None in moved or len(set(moved)) < len(moved) or len(core.subscripts) != 2:
        return None
    row, column = (s.single_name for s in core.subscripts)
    if row not in moved or column not in moved or row == column:
        return None
    positions = moved.index(row), moved.index(column)
    (depth,) = {0, 1, 2} - set(positions)
    return (*positions, depth)


def _name(row: Affine) -> str | None:
    """The iterator that a loop runs along, forwards or backwards; None where it is none."""
    return row.single_name or (-row).single_name


def _runs_along(core: Statement, column: Member) -> bool:
    """Whether every access moves with the columns along its lines, or not at all."""
    name = _name(column.row(core.name))
    return not any(name in s.names() for a in core.accesses for s in a.subscripts[:-1])


# ---- blocks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tiles:
    """What the loops over blocks are called."""

    row: str
    column: str
    depth: str

    def of(self, member: Member, found: Factors) -> str:
        """The loop over blocks of rows or columns."""
        return self.row if member is found.row else self.column


def _blocks(
    s: Schedule,
    found: Factors,
    inside: frozenset[str],
    tiles: Tiles,
    *,
    waits: bool,
    done_first: bool,
) -> Schedule:
    """The nest in blocks, rows of them on threads where that may be; else in a pipeline where
    threads wait for one another. With `done_first`, statements that outer loops tell apart run
    before the loops that are left."""
    points = (found.depth, found.row, found.column)
    points = points if found.along else (found.row, found.column, found.depth)
    names = tuple(n for n in s.statements if n in inside)
    inner = _points(s, points, names, done_first=done_first)
    blocks = tuple(
        Member(label, tuple((n, member.row(n).floordiv(found.size)) for n in names))
        for label, member in (
            (tiles.row, found.row), (tiles.column, found.column), (tiles.depth, found.depth)
        )
    )  # fmt: skip
    tree = with_component(s.tree, names, normal(Band(blocks, inner)))
    if tree is None:
        raise BadArgumentError("the nest is not one of the outermost")
    s = s.restructure(str(tree))
    threads = attempt(s, partial(Schedule.parallel, loop=tiles.row))
    return threads or (s.pipeline(tiles.row, tiles.column) if waits else s)


def _points(
    s: Schedule,
    members: tuple[Member, ...],
    names: tuple[str, ...],
    known: frozenset[str] = frozenset(),
    *,
    done_first: bool,
) -> Node:
    """The loops inside a block; statements that outer loops tell apart stay out of inner ones.

    `known`: the iterators that the loops outside have fixed for every statement, by statement.
    """
    done = tuple(
        n for n in names if all(f"{n}.{i}" in known for i in s.scop.statement(n).iterators)
    )
    left = tuple(n for n in names if n not in done)
    if not left:
        return Sequence(tuple(whole((n,), Leaf()) for n in done)) if len(done) > 1 else Leaf()
    if not members:
        raise BadArgumentError(f"the loops leave instances of {', '.join(left)} without an order")
    first, *rest = members
    rows = tuple((n, first.row(n)) for n in left)
    known |= {f"{n}.{_name(row)}" for n, row in rows}
    inner = _points(s, tuple(rest), left, known, done_first=done_first)
    loop = whole(left, Band((Member(first.name, rows),), inner))
    alone = [whole((n,), Leaf()) for n in done]
    return Sequence((*alone, loop) if done_first else (loop, *alone)) if done else loop.child


def _pivots(found: Factors) -> Iterator[tuple[Member, ...]]:
    """The loops at whose blocks the depth may have to be split, fewest first."""
    return chain.from_iterable(combinations(found.sides, count) for count in (1, 2))


def _steps(s: Schedule, found: Factors, pivots: tuple[Member, ...], tiles: Tiles) -> Schedule:
    """The blocks that are done before apart, and in those each contraction in register tiles.

    Raises what a step raises, where an operand is not done before or cannot be packed.
    """
    for pivot in pivots:
        s = s.split(tiles.depth, at=tiles.of(pivot, found))
    for core in found.cores:
        s = _alone(s, core.name, tiles.depth)
        s = _register_tiles(s, core, found, _names(found, tiles.depth))
    return s


def _steps_beyond(s: Schedule, found: Factors, pivot: Member, tiles: Tiles) -> Schedule:
    """The blocks that are still to be done apart, as they were before the nest: a product in place.

    Raises what a step raises, where an operand is done by then.
    """
    (core,) = found.cores[:1]
    if len(found.cores) > 1:
        raise BadArgumentError("several contractions share the blocks")
    before = taken_names(s.tree)
    s = s.split(tiles.depth, at=f"{tiles.of(pivot, found)} + 1")
    beyond = [p.member for p in places(s.tree) if p.member.name not in before]
    loops = (found.row, found.column, found.depth)
    names = {m.row(core.name): m.name for m in beyond if core.name in m.statements}
    block = next(m.name for m in beyond if any(not row.is_linear for _, row in m.rows))
    s = _alone(s, core.name, block)
    return _register_tiles(s, core, found, (*(names[m.row(core.name)] for m in loops), block))


def _names(found: Factors, block: str) -> tuple[str, str, str, str]:
    return found.row.name, found.column.name, found.depth.name, block


def _alone(s: Schedule, name: str, loop: str) -> Schedule:
    """The first part of a loop distributed so that a statement has one of its own."""
    place = resolve(s.tree, f"{name}.{loop}")
    inside = _in_order(node_at(s.tree, place.path), place.member.statements)
    if inside[0] != name:
        return _alone(s.distribute(f"{name}.{loop}", before=name), name, loop)
    return s.distribute(f"{name}.{loop}", before=inside[1]) if inside[1:] else s


def _in_order(node: Node, statements: tuple[str, ...]) -> tuple[str, ...]:
    """Statements in the order of the leaves below a node."""
    if isinstance(node, Sequence):
        return tuple(n for c in node.children for n in _in_order(c.child, c.statements))
    (child,) = children(node) or (None,)
    return statements if child is None else _in_order(child, statements)


def _register_tiles(
    s: Schedule, core: Statement, found: Factors, loops: tuple[str, ...]
) -> Schedule:
    """A contraction in register tiles along the depth, its operand packed where it has to be; its
    loops are those over rows, columns, depth and blocks of it."""

    def at(name: str) -> str:
        return f"{core.name}.{name}"

    row, column, depth, block = loops
    tiles = {n: fresh_name(s.tree, f"{n}_registers") for n in (column, row)}
    sizes = {at(row): found.shape.rows, at(column): found.shape.columns}
    s = s.tile(sizes, {at(n): t for n, t in tiles.items()})
    s = s.permute(*map(at, (block, tiles[column], tiles[row], depth, row, column)))
    if not found.along:
        s = _with_panels(s, core, found, (at(column), at(depth), at(block)))
    s = s.separate(at(row), at(column)).promote(core.array, at=at(depth)).unroll(at(row))
    return s.vectorize(at(column), max(1, found.shape.columns // 3))


def _with_panels(
    s: Schedule, core: Statement, found: Factors, loops: tuple[str, str, str]
) -> Schedule:
    """The operand that the columns move packed at a block, so that it runs along lines; the loops
    are those over columns, depth and blocks."""
    names = [_name(m.row(core.name)) or "" for m in (found.row, found.column, found.depth)]
    column, depth, block = loops
    panel = (column, depth, found.shape.columns)
    reads = column_operands(core, Roles(*names))
    made = packed(s, core, reads, block, panel, pad=False)
    if made is None:
        raise BadArgumentError("the operand of the columns cannot be packed")
    return made
