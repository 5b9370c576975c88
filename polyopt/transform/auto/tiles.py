"""Tiles for contractions: nests whose target and operands each miss a loop.

Follows the analytical model of BLIS (Low et al., Analytical Modeling Is Enough for
High-Performance BLIS, ACM TOMS 2016): a register tile of `rows` by `vectors` accumulators that
fills the register file, a reduction tile whose operand panels stay in L1 and L2, a row tile per
thread, and operands packed into panels where what is read is not written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from polyopt.errors import BadArgumentError
from polyopt.machine import Machine
from polyopt.model.scop import Access, Statement
from polyopt.transform.auto.context import Search, attempt
from polyopt.transform.auto.packs import Roles, column_operands, packed, row_operands
from polyopt.transform.auto.structure import distribute_fully, reorder
from polyopt.transform.auto.views import LoopView, stride_of, views
from polyopt.transform.edit import Place, fresh_name, places
from polyopt.transform.legality import Level
from polyopt.transform.schedule import Schedule


@dataclass(frozen=True)
class Shape:
    """Sizes of one machine's contraction tiles, in iterations."""

    rows: int
    columns: int
    depth: int
    row_block: int
    column_block: int


def shape_for(machine: Machine, bits: int, *, spare: bool = False) -> Shape:
    """The register tile fills the vector registers; the panels fit L1 and L2. `spare`: some of 16
    registers are left free, since the target's compiler moves a full tile about in memory."""
    lanes = max(1, machine.vector_bits // bits)
    most = 4 if spare else 6
    rows, vectors = (8, 3) if machine.vector_bits >= 512 else (most, 2) if lanes > 1 else (4, 2)
    size = bits // 8
    columns = lanes * vectors
    depth = max(64, min(512, machine.l2 // 16 // (columns * size) // 32 * 32))
    block = max(rows, machine.l2 // 4 // (depth * size) // rows * rows)
    panels = max(1, min(64, machine.l3 // 4 // (depth * size * columns)))
    return Shape(rows, columns, depth, min(block, rows * 12), panels * columns)


@dataclass(frozen=True)
class Contraction:
    """The loops of a contraction by their part: `row` and `column` move the target, `column` along
    its lines; `depth` does not move it. `needs_panels`: an operand crosses lines with `column`;
    `has_others`: more loops are around the statement than these."""

    row: Place
    column: Place
    depth: Place
    needs_panels: bool
    has_others: bool


def tile_contractions(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule:
    """Register and cache tiles for every contraction among some statements."""
    for name in schedule.statements:
        statement = schedule.scop.statement(name)
        if name in inside and may_contract(statement) and has_panels(statement):
            schedule = _tiled(search, schedule, name) or schedule
    return schedule


def may_contract(statement: Statement) -> bool:
    """A reduction over at least one iterator, with an operand that misses another one."""
    if statement.reduction is None or len(statement.subscripts) < 2 or len(statement.iterators) < 3:
        return False
    target = {n for s in statement.subscripts for n in s.names()}
    summed = [i for i in statement.iterators if i not in target]
    return bool(summed) and len(statement.accesses) >= 3


def has_panels(statement: Statement) -> bool:
    """Whether some operand misses an iterator of the target: a panel of it is used again."""
    target = {n for s in statement.subscripts for n in s.names()}
    return any(target - {n for s in a.subscripts for n in s.names()} for a in statement.accesses)


def _tiled(search: Search, schedule: Schedule, name: str) -> Schedule | None:
    private = schedule.scop.private_scalars
    if schedule.scop.statement(name).array in private or is_tiled(schedule, name):
        return None
    alone = _isolated(search, schedule, name)
    if alone is None:
        return None
    found = _parts(search, alone, name)
    if found is None:
        return None
    statement = alone.scop.statement(name)
    sizes = shape_for(search.machine, alone.scop.dtype(statement.array).bits, spare=search.jams)
    for steps in _ways(search, found):
        made = attempt(alone, partial(steps, statement=statement, parts=found, sizes=sizes))
        if made is not None:
            return made
    return None


def _ways(search: Search, found: Contraction) -> tuple[Callable[..., Schedule], ...]:
    """With packed operands first, without where that is refused or does not pay."""
    packs = (_whole_steps, _packed_steps) if search.panels else ()
    if found.needs_panels:
        return packs
    # Inside more loops its operands would be packed again in iterations that do not move them,
    # or are the small matrices of a batch (measured: 64 x 64 loses a fifth by packing).
    return (_steps,) if found.has_others else (*packs, _steps)


def is_tiled(schedule: Schedule, name: str) -> bool:
    """Whether some loop around the statement is already a tile loop."""
    around = [p for p in places(schedule.tree) if name in p.member.statements]
    return any(not p.member.row(name).is_linear for p in around)


def _isolated(search: Search, schedule: Schedule, name: str) -> Schedule | None:
    """The statement alone in its nest, after distribution where that is needed."""
    if _is_alone(schedule, name):
        return schedule
    around = frozenset(s for p in places(schedule.tree) for s in p.member.statements
                       if name in p.member.statements)  # fmt: skip
    split = distribute_fully(schedule, around)
    if split is schedule or not _is_alone(split, name):
        return None
    return reorder(search, split, around, strips=False)


def _is_alone(schedule: Schedule, name: str) -> bool:
    """Whether at least its three innermost loops hold the statement alone."""
    around = [p for p in places(schedule.tree) if name in p.member.statements]
    return len(around) >= 3 and all(p.member.statements == (name,) for p in around[-3:])


def _parts(search: Search, schedule: Schedule, name: str) -> Contraction | None:
    statement = schedule.scop.statement(name)
    verdict = schedule.verdict
    loops = views(schedule.scop, verdict, search.trips(schedule))[name]
    levels = [lv for lv in verdict.levels if name in lv.member.statements]
    band = [p for p in places(schedule.tree) if name in p.member.statements]
    band = [p for p in band if p.path == band[-1].path]
    rows = list(zip(levels, loops, strict=True))[-len(band) :]
    parts: dict[str, list[Place]] = {"column": [], "row": [], "depth": []}
    for place, (level, view) in zip(band, rows, strict=True):
        kind = _role(statement, level, view)
        if kind in parts:
            parts[kind].append(place)
    if len(parts["column"]) != 1 or not parts["row"] or not parts["depth"]:
        return None
    column = parts["column"][0]
    crosses = _needs_panels(statement, next(v for v in loops if v.member == column.member))
    return Contraction(parts["row"][-1], column, parts["depth"][-1], crosses, len(loops) > 3)


def _role(statement: Statement, level: Level, view: LoopView) -> str:
    if view.trips < 8:
        return "small"
    step = stride_of(statement.subscripts, view)
    if step == 0:
        return "depth"
    if step == 1 and level.is_vector and not level.reductions:
        return (
            "column"
            if all(_runs_along(statement, a, view) for a in statement.accesses)
            else "other"
        )
    misses = any(stride_of(a.subscripts, view) == 0 for a in statement.accesses)
    return "row" if misses else "other"


def _runs_along(statement: Statement, access: Access, column: LoopView) -> bool:
    """Whether an access walks along lines with the columns, or a packed copy of it would."""
    if stride_of(access.subscripts, column) <= 1:
        return True
    used = {n for s in access.subscripts for n in s.names()}
    return access.array != statement.array and not used >= set(statement.iterators)


def _needs_panels(statement: Statement, column: LoopView) -> bool:
    """Whether some access does not walk along lines unless it is packed."""
    return any(stride_of(a.subscripts, column) > 1 for a in statement.accesses)


def _steps(s: Schedule, statement: Statement, parts: Contraction, sizes: Shape) -> Schedule:
    """Tile twice, order, separate, promote: each a public step."""
    return _tiles(s, statement, parts, sizes, wide=False).finished(statement.array, sizes)


def _whole_steps(s: Schedule, statement: Statement, parts: Contraction, sizes: Shape) -> Schedule:
    """The same in blocks of columns, of which both operands are packed and padded, so that
    partial tiles run as whole ones; those across a diagonal once what they read is padded.

    Raises what a step raises where that cannot be, as where a sum begins at the diagonal.
    """
    tiled = _tiles(s, statement, parts, sizes, wide=True)
    registers = partial(Schedule.promote, array=statement.array, at=tiled.depth)
    made = attempt(tiled.schedule, registers)
    if made is not None:
        return _with_padding(tiled.in_lanes(made, sizes), statement, parts, tiled, sizes)
    made = _with_padding(tiled.schedule, statement, parts, tiled, sizes)
    return tiled.in_lanes(registers(made), sizes)


def _with_padding(
    s: Schedule, statement: Statement, parts: Contraction, tiled: _Tiled, sizes: Shape
) -> Schedule:
    """Both operands packed and padded; raises BadArgumentError where one cannot be."""
    with_columns, with_rows = _panels(s, statement, parts, tiled, sizes, pad=True)
    if with_columns is None or with_rows is None:
        raise BadArgumentError("an operand cannot be packed")
    return with_rows


def _packed_steps(s: Schedule, statement: Statement, parts: Contraction, sizes: Shape) -> Schedule:
    """In blocks of columns, of which the operands are packed, full tiles apart.

    Raises BadArgumentError where the columns' operand has no panels.
    """
    tiled = _tiles(s, statement, parts, sizes, wide=True)
    with_columns, with_rows = _panels(tiled.schedule, statement, parts, tiled, sizes, pad=False)
    if with_columns is None:
        raise BadArgumentError("the operand of the columns cannot be packed")
    tiled = replace(tiled, schedule=with_rows or with_columns)
    return tiled.finished(statement.array, sizes)


def _panels(
    s: Schedule,
    statement: Statement,
    parts: Contraction,
    tiled: _Tiled,
    sizes: Shape,
    *,
    pad: bool,
) -> tuple[Schedule | None, Schedule | None]:
    """With the columns' operands packed, and with the rows' too; None where one cannot be."""
    found = [
        place.member.row(statement.name).single_name
        for place in (parts.row, parts.column, parts.depth)
    ]
    names = [name for name in found if name is not None]
    if len(names) < len(found):
        return None, None
    roles = Roles(*names)
    panel = (tiled.column, tiled.depth, sizes.columns)
    columns = column_operands(statement, roles)
    with_columns = packed(s, statement, columns, tiled.depth_block, panel, pad=pad)
    if with_columns is None:
        return None, None
    panel = (tiled.row, tiled.depth, sizes.rows)
    rows = row_operands(statement, roles)
    return with_columns, packed(with_columns, statement, rows, tiled.row_block, panel, pad=pad)


@dataclass(frozen=True)
class _Tiled:
    """A contraction in tiles, and what its loops are called."""

    schedule: Schedule
    row: str
    column: str
    depth: str
    row_block: str
    depth_block: str

    def finished(self, target: str, sizes: Shape) -> Schedule:
        """The register tile: separated, its target in registers, written out, in vectors."""
        s = self.schedule.separate(self.row, self.column).promote(target, at=self.depth)
        return self.in_lanes(s, sizes)

    def in_lanes(self, s: Schedule, sizes: Shape) -> Schedule:
        """The rows of the register tile written out, its columns in vectors."""
        return s.unroll(self.row).vectorize(self.column, max(1, sizes.columns // 3))


def _tiles(
    s: Schedule, statement: Statement, parts: Contraction, sizes: Shape, *, wide: bool
) -> _Tiled:
    """Blocks for the caches, tiles for the registers; `wide` blocks the columns too."""
    path = parts.row.path
    band = [p.member.name for p in places(s.tree) if p.path == path]
    row, column, depth = (p.member.name for p in (parts.row, parts.column, parts.depth))

    def at(name: str) -> str:
        return f"{statement.name}.{name}"

    def fresh(name: str, suffix: str) -> str:
        return fresh_name(s.tree, f"{name}_{suffix}")

    sized = {row: sizes.row_block, depth: sizes.depth}
    sized |= {column: sizes.column_block} if wide else {}
    blocks = {name: fresh(name, "block") for name in sized}
    s = s.tile({at(n): size for n, size in sized.items()}, _qualified(blocks, at))
    tiles = {column: fresh(column, "tile"), row: fresh(row, "tile")}
    s = s.tile({at(column): sizes.columns, at(row): sizes.rows}, _qualified(tiles, at))
    others = [n for n in band if n not in (row, column, depth)]
    outer = [blocks[column], blocks[depth], blocks[row]] if wide else [blocks[row], blocks[depth]]
    order = [*others, *outer, tiles[column], tiles[row], depth, row, column]
    s = s.permute(*map(at, order))
    return _Tiled(s, at(row), at(column), at(depth), at(blocks[row]), at(blocks[depth]))


def _qualified(names: dict[str, str], at: Callable[[str], str]) -> dict[str, str]:
    return {at(loop): name for loop, name in names.items()}
