"""Register tiles for sums into a scalar: contractions that a person writes with a temporary.

    for i: for j:                           for j_tile: for i_tile:
        s = 0                                   for i, j in the tile: s[i, j] = 0
        for k: s += A[i, k] * B[k, j]   →       for k: for i, j in the tile: s[i, j] += …
        C[i, j] = s                             for i, j in the tile: C[i, j] = s[i, j]

The private copies of the scalar are the tile of accumulators, and stay in registers along k. One
panel of the operand that moves with j serves all tiles along i from the second cache.
"""

from __future__ import annotations

from functools import partial

from polyopt.model.scop import Statement
from polyopt.model.tree import Sequence
from polyopt.transform.auto.context import Search, attempt
from polyopt.transform.auto.temporaries import blocks_exist
from polyopt.transform.auto.tiles import Shape, shape_for
from polyopt.transform.auto.views import stride_of, views
from polyopt.transform.edit import Place, first_statement, fresh_name, node_at, places
from polyopt.transform.schedule import Schedule


def tile_private_sums(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule:
    """Register tiles for every sum into a private scalar among some statements."""
    for name in schedule.statements:
        loops = _loops(search, schedule, name) if name in inside else None
        if loops is not None:
            statement = schedule.scop.statement(name)
            sizes = shape_for(search.machine, schedule.scop.dtype(statement.array).bits)
            tiled = attempt(
                schedule, partial(_steps, statement=statement, loops=loops, sizes=sizes)
            )
            if tiled is not None and blocks_exist(tiled):
                schedule = tiled
    return schedule


def _loops(search: Search, schedule: Schedule, name: str) -> tuple[Place, Place, Place] | None:
    """The row, column and summed loops of a sum into a private scalar, None where it is none."""
    statement = schedule.scop.statement(name)
    private = schedule.scop.private_scalars
    around = [p for p in places(schedule.tree) if name in p.member.statements]
    if statement.array not in private or statement.reduction is None or len(around) < 3:
        return None
    row, column, depth = around[-3:]
    nested = row.path == column.path != depth.path and row.position + 1 == column.position
    tiled = any(not p.member.row(name).is_linear for p in around)
    if tiled or not nested or depth.member.statements != (name,):
        return None
    found = views(schedule.scop, schedule.verdict, search.trips(schedule), frozenset({name}))
    rows, columns, depths = found[name][-3:]
    steps = [stride_of(a.subscripts, columns) for a in statement.accesses]
    misses = any(
        stride_of(a.subscripts, rows) == 0 and stride_of(a.subscripts, columns) == 1
        for a in statement.accesses
    )
    parallel = rows.is_parallel and columns.is_parallel
    sums = stride_of(statement.subscripts, depths) == 0
    return (row, column, depth) if max(steps) <= 1 and misses and parallel and sums else None


def _steps(
    s: Schedule, statement: Statement, loops: tuple[Place, Place, Place], sizes: Shape
) -> Schedule:
    """Tile, part the body around the sum, order, separate, promote: each a public step."""
    row, column, depth = (p.member.name for p in loops)
    path = loops[0].path

    def at(name: str) -> str:
        return f"{statement.name}.{name}"

    tiles = {n: fresh_name(s.tree, f"{n}_tile") for n in (column, row)}
    s = s.tile(
        {at(column): sizes.columns, at(row): sizes.rows}, {at(n): t for n, t in tiles.items()}
    )
    s = s.permute(at(tiles[column]), at(tiles[row]), at(row), at(column))
    s = _part(s, statement.name, row, path)
    s = s.permute(at(depth), at(row), at(column)).separate(at(row), at(column))
    s = s.promote(statement.array, at=at(depth)).unroll(at(row))
    return s.vectorize(at(column), max(1, sizes.columns // 3))


def _part(s: Schedule, name: str, row: str, path: tuple[int, ...]) -> Schedule:
    """Distribute the point loops, so that the sum's loops hold it alone."""
    body = node_at(s.tree, (*path, 0))
    if not isinstance(body, Sequence):
        return s
    holders = [i for i, c in enumerate(body.children) if name in c.statements]
    after = body.children[holders[0] + 1 :]
    if after:
        cut = first_statement(after[0].child, after[0].statements)
        s = s.distribute(f"{name}.{row}", before=cut)
    return s.distribute(f"{name}.{row}", before=name) if holders[0] else s
