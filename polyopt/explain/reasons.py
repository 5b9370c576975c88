"""Why a loop is sequential, and what would free it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import islpy as isl

from polyopt.model.dependences import Dependence
from polyopt.model.tree import Member, Tree
from polyopt.transform import loops
from polyopt.transform.edit import Place, name_at, places, replace_member
from polyopt.transform.legality import Judge, Level
from polyopt.transform.remedies import remedies
from polyopt.transform.schedule import Schedule
from polyopt.transform.script import Step
from polyopt.transform.storage import private_depth, shared_loops

_FIRST = ("flow", "reduction", "anti", "output")
"""The kinds of dependences, those that are hardest to be rid of first."""

_MOST_SOUGHT = 2


def because(schedule: Schedule, level: Level, outside: Sequence[Member]) -> str:
    """What a loop carries; for a loop that carries something, what would free it."""
    if level.is_parallel:
        return "nothing is carried"
    if level.member.pipeline:
        return f"{_carries(schedule, level, outside)}; waits of threads order it"
    if level.member.scan:
        return f"{_carries(schedule, level, outside)}; a prefix operation computes it in vectors"
    into = ", ".join(dict.fromkeys(d.array for d in level.reductions))
    if not level.carried:
        member = level.member
        reordered = member.parallel or member.vector or member.partials
        return f"reduction into {into}, reordered" if reordered else f"reduction into {into}"
    strict = [d for d in level.carried if d.kind == "reduction"]
    if schedule.fp == "strict" and len(strict) == len(level.carried):
        into = ", ".join(dict.fromkeys(d.array for d in strict))
        return f'carries the reduction into {into}; fp="reassociate" would free it'
    return _carries(schedule, level, outside)


def _carries(schedule: Schedule, level: Level, outside: Sequence[Member]) -> str:
    """The worst of the dependences carried, how far it goes, and how many more there are."""
    lines = {s.name: f"{s.name} (line {s.location.line})" for s in schedule.scop.statements}
    named: dict[str, Dependence] = {}
    for d in sorted(level.carried, key=lambda d: _FIRST.index(d.kind)):
        source = "itself" if d.sink == d.source else lines[d.source]
        named.setdefault(f"{d.kind} of {lines[d.sink]} on {source} through {d.array}", d)
    text, first = next(iter(named.items()))
    far = distance(schedule, first, level.member, outside)
    more = f", and {len(named) - 1} more" if len(named) > 1 else ""
    return f"carries {text}{f', distance ({far})' if far else ''}{more}{_cure(schedule, level)}"


def distance(
    schedule: Schedule, dependence: Dependence, member: Member, outside: Sequence[Member]
) -> str:
    """How far a dependence goes in the source loops around both statements, of the pairs that
    a loop carries: `t: 1, i: -1 to 1`."""
    scop, judge = schedule.scop, schedule.judge
    pairs = dependence.relation
    source, sink = judge.frame(dependence.source), judge.frame(dependence.sink)
    for loop in (*outside, member):
        first = source.pw_aff(loop.row(dependence.source))
        second = sink.pw_aff(loop.row(dependence.sink))
        equal = first.eq_map(second)
        pairs = pairs.subtract(equal) if loop is member else pairs.intersect(equal)
    shared = shared_loops(scop, {dependence.source, dependence.sink})
    names = scop.statement(dependence.source).iterators[:shared]
    if not names or pairs.is_empty():
        return ""
    moved = _moved(pairs, shared)
    found = (f"{name}: {_range(moved, position)}" for position, name in enumerate(names))
    return ", ".join(found)


def _moved(pairs: isl.Map, shared: int) -> isl.Set:
    """The differences of the first coordinates of sink and source."""
    sides = []
    for side in (isl.dim_type.in_, isl.dim_type.out):
        pairs = pairs.project_out(side, shared, pairs.dim(side) - shared)
        sides.append(side)
    for side in sides:
        pairs = pairs.set_tuple_name(side, "x")
    return pairs.deltas().project_out_all_params()


def _range(moved: isl.Set, position: int) -> str:
    """The values at a position: one, a range, or those that have one bound or none."""
    low, high = moved.dim_min_val(position), moved.dim_max_val(position)
    if low.is_int() and high.is_int():
        return f"{low}" if low.eq(high) else f"{low} to {high}"
    if low.is_int():
        return f"{low} or more"
    return f"{high} or less" if high.is_int() else "any"


def _cure(schedule: Schedule, level: Level) -> str:
    """Dependences through reused storage alone end when each iteration has its own."""
    if any(d.kind not in ("anti", "output") for d in level.carried):
        return ""
    scop = schedule.scop
    arrays = tuple(dict.fromkeys(d.array for d in level.carried))
    local = [a for a in arrays if scop.array(a).kind == "local"]
    if len(local) == len(arrays) and all(
        private_depth(scop, schedule.dependences, a) for a in local
    ):
        steps = ", ".join(f's.privatize("{a}")' for a in local)
        return f"; no value flows: {steps} would free it"
    return f"; no value flows: a copy of {', '.join(arrays)} per iteration would free it"


def ways(schedule: Schedule) -> tuple[str, ...]:
    """Scripts from here on by which a nest that has no parallel loop would get one."""
    found: list[str] = []
    for place in _sequential_nests(schedule)[:_MOST_SOUGHT]:
        ends = (_way(schedule, step, tree) for step, tree in _marked(schedule.tree, place))
        found += [next(filter(None, ends), "")]
    return tuple(filter(None, found))


def _marked(tree: Tree, place: Place) -> Iterator[tuple[Step, Tree]]:
    """Steps that make a loop of a nest parallel: the outermost, or the next along fronts."""
    name = name_at(tree, place)
    yield Step("parallel", (name,)), loops.parallel(tree, name)
    beside = [p for p in places(tree) if p.path == place.path and p.position == place.position + 1]
    for second in (name_at(tree, p) for p in beside):
        yield Step("wavefront", (name, second)), loops.wavefront(tree, name, second)


def _way(schedule: Schedule, step: Step, tree: Tree) -> str:
    """A script that ends in a step, which gives the tree, and is legal; empty for none."""
    breaches = schedule.judge.judge(tree).breaches
    return next(iter(remedies(schedule, step, breaches[0])), "") if breaches else f"s.{step}"


def _sequential_nests(schedule: Schedule) -> list[Place]:
    """The outermost loops of statements that are in no loop that is or could be parallel."""
    free: set[str] = set()
    for level in schedule.verdict.levels:
        member = level.member
        if level.is_parallel or member.vector or member.pipeline or member.partials:
            free |= set(member.statements)
    seen = set(free)
    found = []
    for place in places(schedule.tree):
        inside = set(place.member.statements)
        if not inside & seen:
            found.append(place)
            seen |= inside
    return found


def reordered(schedule: Schedule) -> frozenset[str]:
    """The statements of reductions whose updates this order makes in another order than the
    kernel: those that strict arithmetic would refuse."""
    judge = Judge(schedule.scop, schedule.dependences, "strict", schedule.judge)
    breaches = judge.judge(_unmarked(schedule.tree)).breaches
    vectors = {
        d.source
        for level in schedule.verdict.levels
        for d in level.reductions
        if level.member.vector or level.member.parallel or level.member.partials
    }
    moved = {b.dependence.source for b in breaches if b.dependence.kind == "reduction"}
    sums = {
        name
        for level in schedule.verdict.levels
        if level.member.scan
        for name in level.member.statements
        if schedule.scop.dtype(schedule.scop.statement(name).array).is_float
    }
    return frozenset(n for n in moved | vectors if not _is_exact(schedule, n)) | sums


def _is_exact(schedule: Schedule, statement: str) -> bool:
    reduction = schedule.scop.statement(statement).reduction
    return reduction is not None and reduction.exact


def _unmarked(tree: Tree) -> Tree:
    """The order alone."""
    for place in places(tree):
        plain = replace(place.member, parallel=False, vector=0, pipeline=False, partials=0)
        if place.member != plain:
            tree = replace_member(tree, place, plain)
    return tree
