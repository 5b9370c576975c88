"""What the automatic scheduler sees of the loops around a statement: moves, trips, marks to be.

Every size symbol is taken at one typical value, since a specialisation does not know its sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import islpy as isl

from polyopt._spaces import integer
from polyopt.model.affine import Affine, Floor
from polyopt.model.scop import Scop, Statement
from polyopt.model.tree import Member
from polyopt.transform.array_sums import array_sums
from polyopt.transform.legality import Level, Verdict

TYPICAL_SIZE = 1000
"""What a size symbol is taken to be."""

MOST_SMALL = 8
"""Trips, known when compiling, up to which an inner loop is written out."""

MOST_STRAIGHT = 64
"""Instances of a statement up to which nested small loops are."""


@dataclass(frozen=True)
class LoopView:
    """One loop around a statement: how its next iteration moves the statement's iterators,
    its trips, and what it carries. A loop that moves nothing runs once for the statement.
    `is_small`: it and all loops inside it have so few trips that they become straight code;
    `sums_apart`: it is outermost and carries sums into arrays alone, of which its parts may have
    copies."""

    member: Member
    moves: Mapping[str, int]
    trips: float
    is_parallel: bool
    is_vector: bool
    has_reduction: bool
    is_shared: bool
    is_small: bool = False
    sums_apart: bool = False


def views(
    scop: Scop, verdict: Verdict, trips: Trips, only: frozenset[str] | None = None
) -> dict[str, tuple[LoopView, ...]]:
    """Per statement, or only for some, the loops around it, outermost first."""
    wanted = [s.name for s in scop.statements if only is None or s.name in only]
    levels: dict[str, list[Level]] = {name: [] for name in wanted}
    for level in verdict.levels:
        for name in level.member.statements:
            if name not in levels:
                continue
            around = levels[name]
            # Of a statement whose instances were split, the first part stands for all.
            if not around or level.path[: len(around[-1].path)] == around[-1].path:
                around.append(level)
    first = {
        (around[0].path, around[0].position): around[0] for around in levels.values() if around
    }
    apart = frozenset(level.member for level in first.values() if sums_apart(scop, level))
    found = {
        n: tuple(_views(scop.statement(n), around, trips, apart)) for n, around in levels.items()
    }
    found = {n: _with_small(loops) for n, loops in found.items()}
    ends = {n: _innermost(loops) for n, loops in found.items()}
    keys = {n: [(lv.path, lv.position) for lv in around] for n, around in levels.items()}
    last = {n: keys[n][end] for n, end in ends.items() if end is not None}
    return {
        n: tuple(
            replace(view, is_vector=view.is_vector and _ends_all(view.member, key, last))
            for view, key in zip(found[n], keys[n], strict=True)
        )
        for n in found
    }


def sums_apart(scop: Scop, level: Level) -> bool:
    """Whether a loop carries nothing but sums into lines of arrays, of which each part of its range
    may have a copy: small beside the work, since one loop at least runs along each line."""
    if level.carried or not level.reductions or array_sums(scop, level) is None:
        return False
    targets = [scop.statement(name) for name in {d.source for d in level.reductions}]
    return all(len(s.subscripts) == 1 and len(s.iterators) > 1 for s in targets)


def _ends_all(member: Member, key: object, last: Mapping[str, object]) -> bool:
    """Whether a loop is the innermost of all its statements; only such can be vector loops."""
    return all(last[s] == key for s in member.statements if s in last)


def _with_small(loops: tuple[LoopView, ...]) -> tuple[LoopView, ...]:
    """The loops with those marked that become straight code, from the innermost outwards.

    The innermost of all is one only where a loop outside is left to run in vectors instead.
    """
    count, first = 1.0, len(loops)
    for position in range(len(loops) - 1, 0, -1):
        count *= loops[position].trips
        if not loops[position].is_small or count > MOST_STRAIGHT:
            break
        first = position
    return tuple(replace(v, is_small=n >= first) for n, v in enumerate(loops))


def _innermost(loops: tuple[LoopView, ...]) -> int | None:
    """The position of the innermost loop that is no straight code."""
    return max((n for n, view in enumerate(loops) if not view.is_small), default=None)


def inner_loop(loops: tuple[LoopView, ...]) -> LoopView | None:
    """The innermost loop that is no straight code."""
    end = _innermost(loops)
    return None if end is None else loops[end]


def _views(
    statement: Statement, around: list[Level], trips: Trips, apart: frozenset[Member]
) -> Iterator[LoopView]:
    """The views of one statement, as if every loop were innermost."""
    rows = [level.member.row(statement.name) for level in around]
    moves = _moves(statement.iterators, tuple(rows))
    left: dict[str, float] = {}
    for level, row, moved in zip(around, rows, moves, strict=True):
        owner = _owner(statement, moved, row, left)
        size = _strip(row)
        count, is_whole = 1.0, False
        if owner is not None:
            is_whole = owner not in left and not size
            span = left.get(owner, trips.of(statement, owner))
            count = max(1.0, span / size) if size else span
            left[owner] = min(span, float(size)) if size else 1.0
        yield LoopView(
            level.member,
            moved,
            count,
            level.is_parallel,
            level.is_vector,
            bool(level.reductions),
            _needs_guard(level.member),
            is_whole and count <= MOST_SMALL,
            level is around[0] and level.member in apart,
        )


def _owner(
    statement: Statement, moved: Mapping[str, int], row: Affine, left: Mapping[str, float]
) -> str | None:
    """The iterator that a loop is counted by: one it moves by one, not run through yet."""
    order = [i for i in statement.iterators if i in moved]
    fresh = [i for i in order if left.get(i, 2.0) > 1.0]
    whole = [i for i in fresh if abs(moved[i]) == 1 and i in row.names()]
    whole.sort(key=lambda i: i in left)
    return next(iter([*whole, *fresh, *order]), None)


@lru_cache(maxsize=4096)
def _moves(iterators: tuple[str, ...], rows: tuple[Affine, ...]) -> list[Mapping[str, int]]:
    """Per loop, what its next iteration adds to each iterator, the other loops standing still.

    The columns of the inverse of the point loops' matrix; a tile loop moves as its point loop.
    """
    points = [_point(row) for row in rows]
    basis: list[Affine] = []
    # Tile loops last: where a point loop was skewed after tiling, theirs are no loop's rows.
    for row in sorted(points, key=lambda p: p not in rows):
        vector = [row.coefficient(i) for i in iterators]
        if any(vector) and row not in basis and len(basis) < len(iterators):
            basis.append(row)
    matrix = _inverse([[r.coefficient(i) for i in iterators] for r in basis])
    if matrix is None:
        return [_coefficients(row, iterators) for row in points]
    columns = {
        row: {i: matrix[k][n] for k, i in enumerate(iterators) if matrix[k][n]}
        for n, row in enumerate(basis)
    }
    return [columns.get(row) or _coefficients(row, iterators) for row in points]


def _coefficients(row: Affine, iterators: tuple[str, ...]) -> Mapping[str, int]:
    """What a row adds up, of a loop of which no more is known."""
    return {i: row.coefficient(i) for i in iterators if row.coefficient(i)}


def _inverse(matrix: list[list[int]]) -> list[list[int]] | None:
    """The inverse of a unimodular integer matrix; None where it is not one."""
    size = len(matrix)
    if any(len(row) != size for row in matrix):
        return None
    work = [[Fraction(v) for v in row] + [Fraction(int(i == j)) for j in range(size)]
            for i, row in enumerate(matrix)]  # fmt: skip
    for column in range(size):
        pivot = next((r for r in range(column, size) if work[r][column]), None)
        if pivot is None:
            return None
        work[column], work[pivot] = work[pivot], work[column]
        scale = work[column][column]
        work[column] = [v / scale for v in work[column]]
        for r in range(size):
            factor = work[r][column]
            if r != column and factor:
                work[r] = [a - factor * b for a, b in zip(work[r], work[column], strict=True)]
    inverse = [row[size:] for row in work]
    if any(v.denominator != 1 for row in inverse for v in row):
        return None
    return [[int(v) for v in row] for row in inverse]


def _point(row: Affine) -> Affine:
    """The row of the point loop that a tile loop's row belongs to; others are their own."""
    atom = row.terms[0][0] if len(row.terms) == 1 else None
    return atom.numerator if isinstance(atom, Floor) else row


def _strip(row: Affine) -> int:
    """The strip size of a tile loop's row, 0 for a point loop's."""
    if len(row.terms) == 1 and isinstance(row.terms[0][0], Floor):
        return row.terms[0][0].denominator
    return 0


def _needs_guard(member: Member) -> bool:
    """Whether statements share the loop that do not run in all of its iterations alike."""
    kinds = {(len(r.terms) > 0, r.constant) for _, r in member.rows}
    return len(kinds) > 1


class Trips:
    """How often each iterator takes a value: its constant extent, or the typical size."""

    def __init__(self, scop: Scop) -> None:
        self._found: dict[tuple[str, str], float] = {}
        self._scop = scop

    def of(self, statement: Statement, iterator: str) -> float:
        """The trips of one iterator of a statement."""
        key = (statement.domain_text, iterator)
        if key not in self._found:
            self._found[key] = self._count(statement, statement.iterators.index(iterator))
        return self._found[key]

    def _count(self, statement: Statement, position: int) -> float:
        domain = statement.domain
        if domain.is_empty():
            return 0.0
        rest = domain.dim(isl.dim_type.set) - position - 1
        line = domain.project_out(isl.dim_type.set, position + 1, rest)
        line = line.project_out(isl.dim_type.set, 0, position)
        line = line.project_out(isl.dim_type.param, 0, line.dim(isl.dim_type.param))
        low, high = line.dim_min_val(0), line.dim_max_val(0)
        if low.is_int() and high.is_int():
            return float(integer(high) - integer(low) + 1)
        return float(TYPICAL_SIZE)


def stride_of(subscripts: tuple[Affine, ...], loop: LoopView | None) -> int:
    """How the element moves with the loop: 0 not at all, 1 along the line, 2 across lines."""
    if loop is None or not subscripts:
        return 0
    moves = [step_of(s, loop) for s in subscripts]
    if any(m != 0 for m in moves[:-1]):
        return 2
    if moves[-1] == 0:
        return 0
    return 1 if moves[-1] in (1, -1) else 2


def step_of(subscript: Affine, loop: LoopView) -> int | None:
    """What an iteration adds to a subscript; None where that is not constant."""
    total, is_plain = 0, True
    for atom, factor in subscript.terms:
        if isinstance(atom, str):
            total += factor * loop.moves.get(atom, 0)
        else:
            is_plain = False
    if is_plain:
        return total
    hidden = (n for n in subscript.names() if not subscript.coefficient(n))
    return None if any(name in loop.moves for name in hidden) else total
