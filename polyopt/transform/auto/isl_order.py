"""isl's scheduler as one source of candidate orders: dependences in, a tree of ours out.

Follows Verdoolaege and Janssens (Scheduling for PPCG, 2017). Every call is bounded by an
operation count, not by time, so that the result never depends on load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import islpy as isl

from polyopt._isl import affine_from_pw_aff, limited
from polyopt.model.affine import Affine
from polyopt.model.dependences import Dependence
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Filter, Leaf, Member, Node, Sequence
from polyopt.transform.edit import normal, whole
from polyopt.transform.legality import Judge

_OPERATIONS = 100_000


@contextmanager
def _options(*, outer_coincidence: bool) -> Iterator[None]:
    """Set isl's scheduler options, which are global and sticky, and put them back."""
    context = isl.DEFAULT_CONTEXT
    before = (
        context.get_schedule_outer_coincidence(),
        context.get_schedule_maximize_band_depth(),
    )
    context.set_schedule_outer_coincidence(int(outer_coincidence))
    context.set_schedule_maximize_band_depth(1)
    try:
        yield
    finally:
        context.set_schedule_outer_coincidence(before[0])
        context.set_schedule_maximize_band_depth(before[1])


def isl_order(
    judge: Judge, statements: tuple[str, ...], *, outer_coincidence: bool = False
) -> Node | None:
    """isl's order of some statements as a subtree; None where isl gave up or the order has no
    form as whole statements with affine rows."""
    scop = judge.scop
    try:
        with limited(_OPERATIONS), _options(outer_coincidence=outer_coincidence):
            schedule = _constraints(judge, statements).compute_schedule()
        # Read without the limit: a value printed beyond it comes out as nothing, not as an error.
        return normal(_node(schedule.get_root().child(0), scop, statements, ()))
    except (isl.Error, _NoFormError):
        return None


class _NoFormError(Exception):
    """The schedule has parts that are not whole statements or not affine."""


def _constraints(judge: Judge, statements: tuple[str, ...]) -> isl.ScheduleConstraints:
    scop = judge.scop
    domain = isl.UnionSet.empty(scop.context.get_space())
    for name in statements:
        domain = domain.union(isl.UnionSet(scop.statement(name).domain))
    inside = [d for d in judge.dependences.items if d.source in statements and d.sink in statements]
    order = [d for d in inside if not judge.may_reorder(d)]
    near = [d for d in inside if d.kind in ("flow", "reduction")]
    constraints = isl.ScheduleConstraints.on_domain(domain)
    constraints = constraints.set_context(scop.context)
    constraints = constraints.set_validity(_union(order, scop))
    constraints = constraints.set_coincidence(_union(inside, scop))
    return constraints.set_proximity(_union(near, scop))


def _union(dependences: list[Dependence], scop: Scop) -> isl.UnionMap:
    total = isl.UnionMap.empty(scop.context.get_space())
    for dependence in dependences:
        total = total.union(isl.UnionMap(dependence.relation))
    return total


def _node(
    at: isl.ScheduleNode, scop: Scop, statements: tuple[str, ...], used: tuple[str, ...]
) -> Node:
    kind = at.get_type()
    t = isl.schedule_node_type
    if kind == t.leaf:
        if len(statements) > 1:
            return Sequence(tuple(whole((s,), Leaf()) for s in statements))
        return Leaf()
    if kind == t.band:
        return _band(at, scop, statements, used)
    if kind in (t.sequence, t.set):
        items = [_filter(at.child(i), scop, statements, used) for i in range(at.n_children())]
        if kind == t.set:
            items.sort(key=lambda f: statements.index(f.statements[0]))
        return Sequence(tuple(items))
    raise _NoFormError


def _filter(
    at: isl.ScheduleNode, scop: Scop, statements: tuple[str, ...], used: tuple[str, ...]
) -> Filter:
    sets: list[isl.Set] = []
    at.filter_get_filter().foreach_set(sets.append)
    names = {s.get_tuple_name() for s in sets}
    inside = tuple(s for s in statements if s in names)
    for set_ in sets:
        domain = scop.statement(set_.get_tuple_name()).domain
        if not domain.is_subset(set_):
            raise _NoFormError
    return whole(inside, _node(at.child(0), scop, inside, used))


def _band(
    at: isl.ScheduleNode, scop: Scop, statements: tuple[str, ...], used: tuple[str, ...]
) -> Node:
    partial = at.band_get_partial_schedule()
    members: list[Member] = []
    for position in range(at.band_n_member()):
        rows = _rows(partial.get_union_pw_aff(position), scop, statements)
        name = _name(rows, scop, used)
        used = (*used, name)
        members.append(Member(name, rows))
    return Band(tuple(members), _node(at.child(0), scop, statements, used))


def _rows(
    function: isl.UnionPwAff, scop: Scop, statements: tuple[str, ...]
) -> tuple[tuple[str, Affine], ...]:
    pieces: list[isl.PwAff] = []
    function.foreach_pw_aff(pieces.append)
    found: dict[str, Affine] = {}
    for piece in pieces:
        name = piece.get_tuple_id(isl.dim_type.in_).get_name()
        row = affine_from_pw_aff(piece, scop.parameter_names, scop.statement(name).iterators)
        if row is None:
            raise _NoFormError
        if row.names() & set(scop.parameter_names):
            # Statements of separate ranges laid end to end in one loop: only guards come of it.
            raise _NoFormError
        found[name] = row
    if set(found) != set(statements):
        raise _NoFormError
    return tuple((s, found[s]) for s in statements)


def _name(rows: tuple[tuple[str, Affine], ...], scop: Scop, used: tuple[str, ...]) -> str:
    """A loop name: an iterator that the row brings in and no outer loop is named after."""
    for statement, row in rows:
        fresh = [
            i for i in reversed(scop.statement(statement).iterators)
            if row.coefficient(i) and i not in used
        ]  # fmt: skip
        if fresh:
            return fresh[0]
    number = 0
    while f"c{number}" in used:
        number += 1
    return f"c{number}"
