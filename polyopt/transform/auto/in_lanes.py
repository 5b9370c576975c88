"""Parallel iterations that only add up, compare and choose: each in a lane of its own.

    for i:                               for i_tile:
        best = inf                           x[i, :] of the tile packed, lane beside lane
        for k:                               for i in the tile: best[i] = inf
            s = 0                            for k:
            for d: s += f(x[i, d], c[k, d])      for i in the tile: s[i] = 0
            if s < best: best = s     →          for d: for i in the tile: s[i] += f(pack[d, i], …)
                                                 for i in the tile: if s[i] < best[i]: …
                                         for the last i: as written

Everything that a loop inside updates is one element of the iteration, so it is a lane of a vector
that stays in registers; what no lane shares is read from a copy in which lanes lie side by side,
made once for all iterations of the loops that read it again. The order in each lane is as written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import islpy as isl

from polyopt._isl import one_form
from polyopt._spaces import integer
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Call, Expr, walk
from polyopt.model.scop import Access, Statement
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.sinking import in_strips
from polyopt.transform.auto.temporaries import blocks_exist
from polyopt.transform.auto.views import LoopView, inner_loop, step_of, stride_of, views
from polyopt.transform.edit import Place, is_inside, places
from polyopt.transform.schedule import Schedule

_VECTORS = 8
"""Vectors of accumulators: as many additions as two units of four cycles have under way."""

_FEWEST_USES = 8
"""Iterations that read a packed element again for the copy to pay."""

_IN_VECTORS = frozenset({"sqrt", "fabs", "sin", "cos", "exp", "log", "pow"})
"""Functions that have vector variants where these may be used."""

Around = dict[str, tuple[LoopView, ...]]


@dataclass(frozen=True)
class Lanes:
    """A loop whose iterations become lanes: `size` of them a strip, up to `end`; `packed` are the
    reads whose elements lie apart from lane to lane."""

    place: Place
    size: int
    end: Affine
    packed: tuple[Access, ...]


def rows_in_lanes(
    search: Search, nest: Schedule, best: Schedule, inside: frozenset[str]
) -> Schedule | None:
    """A nest with iterations of one of its loops in lanes, innermost loops first; None where that
    cannot be, or where `best` runs in vectors already that need no sums across lanes."""
    if not (search.packs and search.panels) or _runs_in_vectors(search, best, inside):
        return None
    for place in reversed(places(nest.tree)):
        if set(place.member.statements) <= inside:
            lanes = _lanes(search, nest, place)
            made = None if lanes is None else attempt(nest, partial(_steps, lanes=lanes))
            if made is not None and blocks_exist(made):
                return made
    return None


def _runs_in_vectors(search: Search, schedule: Schedule, inside: frozenset[str]) -> bool:
    """Whether the innermost loops are vectors along lines that add nothing up."""
    around = views(schedule.scop, schedule.verdict, search.trips(schedule), inside)
    found = {schedule.scop.statement(n): inner_loop(loops) for n, loops in around.items()}
    return all(
        v is None or (v.is_vector and not v.has_reduction and _runs_along(schedule, statement, v))
        for statement, v in found.items()
    )


def _runs_along(schedule: Schedule, statement: Statement, loop: LoopView) -> bool:
    """Whether a statement touches elements side by side; private copies are."""
    return all(
        stride_of(a.subscripts, loop) <= 1
        for a in statement.accesses
        if a.array not in schedule.scop.private_scalars
    )


# ---- which loop ------------------------------------------------------------------------------


def _lanes(search: Search, s: Schedule, place: Place) -> Lanes | None:
    """The lanes that a loop becomes; None where one of its statements keeps it from that."""
    names = place.member.statements
    around = views(s.scop, s.verdict, search.trips(s), frozenset(names))
    own = {n: i for n in names for i, v in enumerate(around[n]) if v.member == place.member}
    if len(own) < len(names) or not all(around[n][own[n]].is_parallel for n in names):
        return None
    statements = [s.scop.statement(n) for n in names]
    end = _end(s, place, statements)
    if end is None or not all(_is_plain(s, statement) for statement in statements):
        return None
    inner = {n: around[n][own[n] + 1 :] for n in names}
    packed: dict[Access, None] = {}
    for statement in statements:
        name = statement.name
        found = _apart(s, names, statement, around[name][own[name]], inner[name])
        if found is None:
            return None
        packed |= dict.fromkeys(found)
    sums = _carried(s, inner)
    if not sums or not packed:
        return None
    bits = max(s.scop.dtype(t.array).bits for t in statements)
    width = search.machine.vector_bits // bits
    if width < 2:
        return None
    return Lanes(place, width * _vectors(sums), end, tuple(packed))


def _vectors(sums: int) -> int:
    """Vectors side by side of each of some sums: all of them fill as many registers."""
    return 1 << (max(1, _VECTORS // sums).bit_length() - 1)


def _carried(s: Schedule, inner: Around) -> int:
    """The elements that iterations of one of the deepest loops update one after another, the most
    of any such loop."""
    found: dict[object, set[object]] = {}
    depths = {name: len([v for v in loops if not v.is_small]) for name, loops in inner.items()}
    for name in [n for n, depth in depths.items() if depth == max(depths.values())]:
        loops = inner[name]
        last = inner_loop(loops)
        statement = s.scop.statement(name)
        if last is not None and not any(step_of(i, last) for i in statement.subscripts):
            held = found.setdefault(last.member, set())
            held.add((statement.array, statement.subscripts))
    return max(map(len, found.values()), default=0)


def _end(s: Schedule, place: Place, statements: list[Statement]) -> Affine | None:
    """Where the loop ends, one affine in the parameters; None where it does not begin at 0, or
    its range or another's follows from where others stand."""
    ends: set[Affine | None] = set()
    for statement in statements:
        iterator = place.member.row(statement.name).single_name
        if iterator is None or place.member.row(statement.name) != Affine.name(iterator):
            return None
        at, rank = statement.iterators.index(iterator), len(statement.iterators)
        domain = statement.domain.intersect_params(s.scop.facts)
        set_ = isl.dim_type.set
        alone = domain.eliminate(set_, 0, at).eliminate(set_, at + 1, rank - at - 1)
        if not alone.intersect(domain.eliminate(set_, at, 1)).is_subset(domain):
            return None
        first = isl.Set.from_pw_aff(alone.dim_min(at)).dim_max_val(0)
        if not first.is_int() or integer(first) != 0:
            return None
        last = alone.dim_max(at)
        end = one_form(last.gist(last.domain()).coalesce(), s.scop.parameter_names)
        ends.add(None if end is None else end + 1)
    return ends.pop() if len(ends) == 1 else None


def _is_plain(s: Schedule, statement: Statement) -> bool:
    """Whether there are vector instructions for all that a statement does."""
    if statement.exits or statement.late or statement.ranges:
        return False
    if any(i.is_data for access in statement.accesses for i in access.subscripts):
        return False
    exprs = [e for e in (statement.guard, statement.value) if e is not None]
    return all(_is_vector_operation(node, s.fp == "strict") for e in exprs for node in walk(e))


def _is_vector_operation(node: Expr, strict: bool) -> bool:
    if isinstance(node, Call):
        name = node.function.removeprefix("np.")
        return name == "sqrt" or (not strict and name in _IN_VECTORS)
    if isinstance(node, Binary) and node.op in ("div", "floordiv", "mod", "pow"):
        return node.op == "div" and node.dtype.is_float
    return True


def _apart(
    s: Schedule,
    names: tuple[str, ...],
    statement: Statement,
    lane: LoopView,
    inner: tuple[LoopView, ...],
) -> tuple[Access, ...] | None:
    """The reads of a statement whose elements lie apart from lane to lane, in loops inside that
    read them again; None where others do, or where loops inside write other than one element."""
    loops = [v for v in inner if not v.is_small]
    private = s.scop.private_scalars
    written = {s.scop.statement(n).array for n in names}
    found = []
    if loops and any(step_of(i, loops[-1]) != 0 for i in _cell(s, statement)):
        return None
    for access in statement.accesses:
        if access.array in private:
            continue
        steps = [step_of(i, lane) for i in access.subscripts]
        if None in steps:
            return None
        if stride_of(access.subscripts, lane) <= 1 or not loops:
            continue
        again = [v for v in loops if not any(step_of(i, v) != 0 for i in access.subscripts)]
        moved = [step for step in steps if step]
        if access.array in written or len(moved) != 1 or moved != [1]:
            return None
        if not again or max(v.trips for v in again) < _FEWEST_USES:
            return None
        found.append(access)
    return tuple(found)


def _cell(s: Schedule, statement: Statement) -> tuple[Affine, ...]:
    """The subscripts of what a statement updates; none of a private scalar that lasts for an
    iteration only."""
    return () if statement.array in s.scop.private_scalars else statement.subscripts


# ---- steps -----------------------------------------------------------------------------------


def _steps(s: Schedule, lanes: Lanes) -> Schedule:
    """Whole strips apart, the loop inside them innermost, operands packed, elements that loops
    inside update in registers: each a public step."""
    name, known = lanes.place.member.name, {p.member.name for p in places(s.tree)}
    pivot = str(lanes.size * lanes.end.floordiv(lanes.size))
    s = s.split(name_of(s, lanes.place), at=pivot)
    found = [p for p in places(s.tree) if p.member.name == name]
    place = next(p for p in found if p.member.statements == lanes.place.member.statements)
    s = in_strips(s, place, lanes.size, outwards=False)
    tile = next(
        p for p in places(s.tree)
        if p.member.name not in known and p.path[: len(place.path)] == place.path
    )  # fmt: skip
    for access in lanes.packed:
        s = _packed(s, access, tile, lanes)
    return _in_registers(s, tile)


def _packed(s: Schedule, access: Access, tile: Place, lanes: Lanes) -> Schedule:
    """A read's elements, lane beside lane."""
    point = lanes.place.member.name
    text = f"{access.array}[{', '.join(map(str, access.subscripts))}]"
    user = next(n for n in tile.member.statements if access in s.scop.statement(n).accesses)
    return s.pack(text, at=name_of(s, tile), panel={f"{user}.{point}": lanes.size})


def _in_registers(s: Schedule, tile: Place) -> Schedule:
    """The arrays' elements that loops inside a tile update, in registers around these."""
    tile = next(p for p in places(s.tree) if p.member == tile.member)
    written = {s.scop.statement(n).array for n in tile.member.statements}
    for array in sorted(written - s.scop.private_scalars):
        done: list[Place] = []
        for place in [p for p in places(s.tree) if is_inside(p, tile)]:
            users = [t for t in map(s.scop.statement, place.member.statements) if t.array == array]
            rows = {n for t in users for n in place.member.row(t.name).names()}
            moved = {n for t in users for i in t.subscripts for n in i.names()}
            if not users or rows & moved or any(is_inside(place, p) for p in done):
                continue
            made = attempt(s, partial(Schedule.promote, array=array, at=name_of(s, place)))
            if made is not None:
                s = made
                done.append(place)
    return s
