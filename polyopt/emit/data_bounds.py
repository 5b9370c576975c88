"""Loop bounds that are read from data, in the place of the names that sets know them by.

    for k in [k_lower, k_upper):    →    for k in [ptr[i], ptr[i + 1]):

isl takes such a name for a parameter, the same everywhere, and may say outside the loop over i what
only holds for one i. There it is left out; and every instance that its loops then let through too
often is put under the condition that it exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import islpy as isl

from polyopt._isl import Frame, parameter_condition
from polyopt.emit.loops import Comment, For, If, Instance, Node, Promote
from polyopt.errors import IllegalScheduleError
from polyopt.model.affine import (
    Affine,
    All,
    Compare,
    Condition,
    Extreme,
    Not,
    extreme,
    substitute_condition,
)
from polyopt.model.scop import Scop

_TYPICAL = 16
"""The iterations that a loop over data is taken to have where work is estimated."""

Values = Mapping[str, Affine]


@dataclass(frozen=True)
class _Around:
    """The loop variables around a point, and what holds of them, in the names of sets. `runs`:
    the bounds of loops over data that are known not to be empty there."""

    variables: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    runs: frozenset[str] = frozenset()

    def inside(self, loop: For) -> _Around:
        variable = Affine.name(loop.variable)
        bounds: tuple[Condition, ...] = (
            Compare(">=", variable, loop.lower),
            Compare("<", variable, loop.upper),
        )
        if loop.step != 1:
            steps = (variable - loop.lower).mod(loop.step)
            bounds = (*bounds, Compare("==", steps, Affine()))
        return _Around((*self.variables, loop.variable), (*self.conditions, *bounds), self.runs)

    def running(self, names: Iterable[str]) -> _Around:
        return replace(self, runs=self.runs | frozenset(names))

    def where(self, condition: Condition) -> _Around:
        return replace(self, conditions=(*self.conditions, condition))


@dataclass(frozen=True)
class _Seen:
    """An instance: the values of the iterators that a bound depends on, and what holds there."""

    places: tuple[Affine, ...]
    around: _Around


def with_data_bounds(nodes: tuple[Node, ...], scop: Scop) -> tuple[Node, ...]:
    """The loops with every such name replaced by what it stands for.

    Raises IllegalScheduleError where a loop over data runs outside of a loop that it depends on.
    """
    return _Placing(scop).nodes(nodes, _Around()) if scop.bounds else nodes


class _Placing:
    def __init__(self, scop: Scop) -> None:
        self.scop = scop
        self.names = frozenset(b.name for b in scop.bounds)
        first = len(scop.parameters)
        known = scop.context.eliminate(isl.dim_type.param, first, len(scop.bounds))
        self.context = known
        self.upward = tuple(self._upward())
        self.estimate = {b.name: Affine.integer(0 if b.is_lower else _TYPICAL) for b in scop.bounds}

    def _upward(self) -> Iterator[tuple[str, str]]:
        """The names of the two bounds of each loop over data that counts up."""
        frame = Frame(self.scop.parameter_names, "at", ())
        for lower, upper in zip(self.scop.bounds[::2], self.scop.bounds[1::2], strict=True):
            test = Compare("<", Affine.name(lower.name), Affine.name(upper.name))
            if self.scop.context.is_subset(frame.holds(test).params()):
                yield lower.name, upper.name

    def nodes(self, nodes: tuple[Node, ...], around: _Around) -> tuple[Node, ...]:
        return tuple(self.node(n, around) for n in nodes)

    def node(self, node: Node, around: _Around) -> Node:
        match node:
            case For():
                return self.not_empty(node, around)
            case If():
                return self.branch(node, around)
            case Promote():
                values = self.values(node.body, around)
                return replace(
                    node,
                    origin=tuple(o.substitute(values) for o in node.origin),
                    ends=tuple(e.substitute(values) for e in node.ends),
                    body=self.nodes(node.body, around),
                )
            case Instance():
                return self.instance(node, around)
            case Comment():
                return node

    def values(self, nodes: tuple[Node, ...], around: _Around) -> Values:
        """What the names stand for at a point, of those that are known there."""
        known = {*around.variables, *(p.name for p in self.scop.parameters)}
        found: dict[str, dict[Affine, list[_Seen]]] = {}
        for node, there in _instances(nodes, around):
            statement = self.scop.statement(node.statement)
            places = dict(zip(statement.iterators, node.values, strict=True))
            for bound in statement.ranges:
                deciding = tuple(places.get(i, Affine.name(i)) for i in sorted(bound.value.names()))
                value = bound.value.substitute(places)
                seen = found.setdefault(bound.name, {}).setdefault(value, [])
                seen.append(_Seen(deciding, there))
        chosen = {n: self.one(values, known) for n, values in found.items()}
        return {name: value for name, value in chosen.items() if value is not None}

    def one(self, values: Mapping[Affine, list[_Seen]], known: set[str]) -> Affine | None:
        """The value, of several ways to write it, that is known and that all others are equal to
        where they are: behind a condition `i == n - 1`, isl may write either."""
        if len(values) == 1:
            return next((v for v in values if v.names() <= known), None)
        others = [seen for each in values.values() for seen in each]
        for value, places in values.items():
            mine = places[0].places
            if value.names() <= known and all(self.are_equal(mine, seen) for seen in others):
                return value
        return None

    def are_equal(self, places: tuple[Affine, ...], seen: _Seen) -> bool:
        """Whether some places are those that an instance is at, wherever it runs."""
        names = (*self.scop.parameter_names, *seen.around.variables)
        if not frozenset[str]().union(*(a.names() for a in (*places, *seen.places))) <= {*names}:
            return False
        frame = Frame(names, "at", ())
        runs = frame.holds(All(seen.around.conditions)).params()
        same = All(tuple(Compare("==", a, b) for a, b in zip(places, seen.places, strict=True)))
        equal: bool = runs.intersect_params(self.context).is_subset(frame.holds(same).params())
        return equal

    def not_empty(self, node: For, around: _Around) -> Node:
        """A loop, under the condition that there is a range wherever its bounds reckon with one.

        The end of an empty range may be any integer, and the sum with a constant not be one.
        """
        used = (node.lower.names() | node.upper.names()) & self.names
        plain = all(bound.single_name in self.names for bound in (node.lower, node.upper))
        missing = used - around.runs
        loop = self.loop(node, around.running(used))
        if plain or not missing:
            return loop
        values = self.values(node.body, around)
        tests = tuple(
            substitute_condition(Compare("<", Affine.name(lower), Affine.name(upper)), values)
            for lower, upper in self.upward
            if {lower, upper} & missing and {lower, upper} <= values.keys()
        )
        return If(All(tests), (loop,)) if tests else loop

    def loop(self, node: For, around: _Around) -> For:
        values = self.values(node.body, around)
        lost = self.names - values.keys()
        lower = _without(node.lower, "max", lost)
        upper = _without(node.upper, "min", lost)
        if lower is None or upper is None:
            raise IllegalScheduleError(_outside(node, self.scop, lost))
        node = replace(node, lower=lower, upper=upper)
        body = self.nodes(node.body, around.inside(node))
        return replace(
            node,
            lower=lower.substitute(values),
            upper=upper.substitute(values),
            body=body,
            work=tuple(w.substitute(self.estimate) for w in node.work),
            within=node.within and (node.within[0].substitute(values), node.within[1]),
        )

    def branch(self, node: If, around: _Around) -> Node:
        values = self.values((*node.then, *node.otherwise), around)
        lost = self.names - values.keys()
        condition = _weakened(node.condition, lost)
        if condition != node.condition and node.otherwise:
            raise IllegalScheduleError(_outside(None, self.scop, lost))
        then = self.nodes(node.then, around.where(condition))
        otherwise = self.nodes(node.otherwise, around.where(Not(condition)))
        return If(substitute_condition(condition, values), then, otherwise)

    def instance(self, node: Instance, around: _Around) -> Node:
        statement = self.scop.statement(node.statement)
        if not statement.ranges:
            return node
        values = self.values((node,), around)
        placed = replace(node, values=tuple(v.substitute(values) for v in node.values))
        names = (*self.scop.parameter_names, *around.variables)
        frame = Frame(names, "at", ())
        known = frame.holds(All(around.conditions)).params().intersect_params(self.context)
        domain = statement.domain
        reached = frame.access(statement.name, node.values).intersect_range(domain)
        exists = reached.domain().params()
        if known.is_subset(exists):
            return placed
        test = parameter_condition(exists.gist(known).coalesce(), names)
        return If(substitute_condition(test, values), (placed,))


def _instances(nodes: Iterable[Node], around: _Around) -> Iterator[tuple[Instance, _Around]]:
    """The instances among and in some nodes, with what holds where each runs."""
    for node in nodes:
        match node:
            case Instance():
                yield node, around
            case For():
                yield from _instances(node.body, around.inside(node))
            case If():
                yield from _instances(node.then, around.where(node.condition))
                yield from _instances(node.otherwise, around.where(Not(node.condition)))
            case Promote():
                yield from _instances(node.body, around)


def _without(bound: Affine, kind: str, lost: frozenset[str]) -> Affine | None:
    """A bound without the operands that speak of some names; None where none is left."""
    if not bound.names() & lost:
        return bound
    atom = bound.terms[0][0] if len(bound.terms) == 1 and bound.terms[0][1] == 1 else None
    if not isinstance(atom, Extreme) or atom.kind != kind:
        return None
    kept = [o for o in atom.operands if not o.names() & lost]
    return extreme(atom.kind, kept) + bound.constant if kept else None


def _weakened(condition: Condition, lost: frozenset[str]) -> Condition:
    """A condition without what speaks of some names: it holds at least where it did."""
    if not _names(condition) & lost:
        return condition
    if isinstance(condition, All):
        return All(tuple(_weakened(o, lost) for o in condition.operands))
    return All()


def _names(condition: Condition) -> frozenset[str]:
    if isinstance(condition, Compare):
        return condition.left.names() | condition.right.names()
    operands = (condition.operand,) if isinstance(condition, Not) else condition.operands
    return frozenset[str]().union(*map(_names, operands))


def _outside(loop: For | None, scop: Scop, lost: frozenset[str]) -> str:
    bound = next(b for b in scop.bounds if b.name in lost)
    where = f'the loop "{loop.loop}"' if loop is not None else "a condition"
    needed = ", ".join(sorted(bound.value.names())) or "none"
    return (
        f"{where} needs {bound.value}, a bound that is read from data, outside of the loops that "
        f"decide which ({needed}). Keep those loops outside of it."
    )
