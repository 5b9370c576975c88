"""Sinking a parallel loop: strips of it outside for the threads, its points innermost for vectors.

    parallel for j:                      parallel for j_tile:
        S1(j)                                for j in the strip: S1(j)
        for k: S2(j, k)            →         for k: for j in the strip: S2(j, k)
        S3(j)                                for j in the strip: S3(j)

So a recurrence along k runs in vectors across j, and memory is walked along its lines. Scalars
private to an iteration of j become short arrays over the strip.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from polyopt.model.expr import Binary, Call, Expr, walk
from polyopt.model.scop import Statement
from polyopt.model.tree import Band, Sequence
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.temporaries import blocks_exist
from polyopt.transform.auto.views import LoopView, step_of, stride_of, views
from polyopt.transform.edit import Place, first_statement, is_inside, node_at, places
from polyopt.transform.legality import Level
from polyopt.transform.schedule import Schedule

_STRIP = 64


def sunk(search: Search, schedule: Schedule, inside: frozenset[str]) -> Schedule | None:
    """The cheapest schedule with one parallel loop of a nest sunk, None where none can be."""
    levels = {(lv.path, lv.position): lv for lv in schedule.verdict.levels}
    best, least = None, float("inf")
    for place in places(schedule.tree):
        if not set(place.member.statements) <= inside or not _may_sink(schedule, place, levels):
            continue
        if _is_crooked(search, schedule, place) or _is_straight(search, schedule, place):
            continue
        if any(not _is_fast_in_lanes(s) for s in _waiting(schedule, place)):
            continue
        found = attempt(schedule, partial(_sink, place=place, search=search))
        if found is None or not blocks_exist(found):
            continue
        cost = search.cost(found, inside)
        if best is None or cost < least / 0.97:  # along lines, where nothing tells them apart
            best, least = found, cost
    return best


def _may_sink(
    schedule: Schedule, place: Place, levels: dict[tuple[tuple[int, ...], int], Level]
) -> bool:
    """Whether the loop is parallel, over whole statements, and has loops inside."""
    inner = [
        p for p in places(schedule.tree)
        if p.path[: len(place.path)] == place.path
        and (p.path, p.position) > (place.path, place.position)
    ]  # fmt: skip
    return levels[(place.path, place.position)].is_parallel and bool(inner)


def _is_crooked(search: Search, schedule: Schedule, place: Place) -> bool:
    """Whether elements follow the loop by quotients, remainders or extrema: lanes would compute
    their places one by one and gather (measured on a filter clamped at the borders: 3 times
    slower than sums one after another)."""
    names = frozenset(place.member.statements)
    around = views(schedule.scop, schedule.verdict, search.trips(schedule), names)
    return any(
        step_of(subscript, view) is None
        for name in names
        for view in around[name]
        if view.member == place.member
        for access in schedule.scop.statement(name).accesses
        for subscript in access.subscripts
        if not subscript.is_data
    )


def _is_straight(search: Search, schedule: Schedule, place: Place) -> bool:
    """Whether the loops inside are so short that they become straight code, which runs in vectors
    along the loop as it is (measured on sums of five: 3 times faster than in strips), or along
    another parallel loop inside, no farther apart in memory (on the maxima of 2 by 2 pixels, of
    rows beside columns: 5 times faster)."""
    names = frozenset(place.member.statements)
    around = views(schedule.scop, schedule.verdict, search.trips(schedule), names)
    outside = [p.member for p in places(schedule.tree) if is_inside(place, p)]
    long = []
    for name in names:
        inner = [v for v in around[name] if v.member not in outside]
        inner = [inner[0], *(v for v in inner[1:] if not v.is_small)]
        if inner[-1].member != place.member:
            statement = schedule.scop.statement(name)
            apart = inner[-1].is_parallel and not inner[-1].has_reduction
            if not apart or not _is_as_near(statement, inner[-1], inner[0]):
                return False
        long.append(inner[-1].member)
    return all(member == long[0] for member in long)


def _is_as_near(statement: Statement, loop: LoopView, other: LoopView) -> bool:
    """Whether what a statement accesses moves no farther with one loop than with another."""
    return all(
        stride_of(a.subscripts, loop) <= stride_of(a.subscripts, other) for a in statement.accesses
    )


def _sink(s: Schedule, place: Place, search: Search) -> Schedule:
    """Strips of a size, or of two vectors where lanes wait for the last of them to be done."""
    if not _waiting(s, place):
        return in_strips(s, place, _STRIP, outwards=True)
    widest = max(s.scop.dtype(s.scop.statement(n).array).bits for n in place.member.statements)
    return in_strips(s, place, 2 * search.machine.vector_bits // widest, outwards=False)


def _waiting(s: Schedule, place: Place) -> tuple[Statement, ...]:
    """The statements of loops inside that end once data say so: lanes wait for the last of them."""
    around = [p for p in places(s.tree) if p == place or is_inside(place, p)]

    def ends_inside(statement: Statement) -> bool:
        outside = {n for p in around for n in p.member.row(statement.name).names()}
        return any(e.iterator not in outside for e in statement.exits)

    return tuple(filter(ends_inside, map(s.scop.statement, place.member.statements)))


def _is_fast_in_lanes(statement: Statement) -> bool:
    """Whether there are vector instructions for all that a statement does: lanes that are done
    wait for the others, so that lanes one after another cost more than iterations do."""
    if any(s.is_data for access in statement.accesses for s in access.subscripts):
        return False
    exprs = [e for e in (statement.guard, statement.value) if e is not None]
    return all(_is_vector_operation(node) for e in exprs for node in walk(e))


def _is_vector_operation(node: Expr) -> bool:
    if isinstance(node, Call):
        return node.function == "sqrt"
    if isinstance(node, Binary) and node.op in ("div", "floordiv", "mod", "pow"):
        return node.op == "div" and node.dtype.is_float
    return True


def in_strips(s: Schedule, place: Place, size: int, *, outwards: bool) -> Schedule:
    """Strips of a loop, its points innermost in each of the loops inside; `outwards`: the loop over
    strips goes outside its band where that is legal, else it stays where the loop was."""
    point, inside = place.member.name, set(place.member.statements)
    known = {p.member.name for p in places(s.tree)}
    s = s.strip_mine(name_of(s, place), size)
    tile = next(p for p in places(s.tree) if p.member.name not in known)
    before = [p for p in places(s.tree) if p.path == tile.path and p.position < tile.position]
    if before and outwards:
        names = (name_of(s, tile), *(name_of(s, p) for p in before))
        s = attempt(s, lambda t: t.permute(*names)) or s
    before_moving = None
    while before_moving is not s:
        before_moving = s
        s = _innermost(_distribute(s, point, inside), point, inside)
    return s


def _points(s: Schedule, point: str, inside: set[str]) -> list[Place]:
    return [
        p for p in places(s.tree)
        if p.member.name == point and set(p.member.statements) <= inside
    ]  # fmt: skip


def _distribute(s: Schedule, point: str, inside: set[str]) -> Schedule:
    """Split the point loop around the loops in its body."""
    for place in _points(s, point, inside):
        cut = _cut(s, place)
        if cut is not None:
            return _distribute(s.distribute(name_of(s, place), before=cut), point, inside)
    return s


def _cut(s: Schedule, place: Place) -> str | None:
    """The statement before which to split: where a loop begins or has ended in the body."""
    band = node_at(s.tree, place.path)
    if not isinstance(band, Band) or not isinstance(band.child, Sequence):
        return None
    if place.position + 1 < len(band.members):
        return None
    children = band.child.children
    for earlier, later in pairwise(children):
        if isinstance(earlier.child, Band) or isinstance(later.child, Band):
            return first_statement(later.child, later.statements)
    return None


def _innermost(s: Schedule, point: str, inside: set[str]) -> Schedule:
    """Move the point loop to the end of every band that has it."""
    for place in _points(s, point, inside):
        after = [p for p in places(s.tree) if p.path == place.path and p.position > place.position]
        if after:
            names = (*(name_of(s, p) for p in after), name_of(s, place))
            return _innermost(s.permute(*names), point, inside)
    return s
