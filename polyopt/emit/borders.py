"""Borders: a vector loop apart from the iterations at its ends where subscripts are bent.

    for j < n: b[j] = a[max(j - 1, 0)]    →    for j < min(n, 1): b[j] = a[max(j - 1, 0)]
                                               for 1 <= j < n:    b[j] = a[j - 1]

A minimum, a maximum or a choice in a subscript takes one of its values over most of the loop. The
iterations for which that is certain run on their own, with this value alone, so that compilers see
elements side by side and not a gather. The iterations keep their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from polyopt.emit.conditions import NEGATED
from polyopt.emit.loops import For, If, Instance, Node, Promote, below
from polyopt.emit.openmp import trip_bound
from polyopt.model.affine import (
    Affine,
    All,
    Any,
    Atom,
    Choice,
    Compare,
    Condition,
    Extreme,
    Floor,
    Not,
    evaluate_condition,
    extreme,
    substitute_condition,
)
from polyopt.model.scop import Scop
from polyopt.transform.auto.views import TYPICAL_SIZE

_LONG = 16
_MOST_CUTS = 2
_MOST_INSTANCES = 32

Values = Mapping[str, int]


def with_borders(nodes: tuple[Node, ...], scop: Scop) -> tuple[Node, ...]:
    """The nodes with vector loops cut at the bends of subscripts."""
    sizes = dict.fromkeys(scop.parameter_names, TYPICAL_SIZE)
    return tuple(n for node in nodes for n in _cut(node, scop, sizes))


def _cut(node: Node, scop: Scop, middle: Values) -> Iterator[Node]:
    """A node as what takes its place; `middle` are the variables in the midst of their loops."""
    match node:
        case For():
            if node.vector and _is_plain(node):
                yield from _parts(node, scop, middle)
                return
            found = _middle(node, middle)
            inside = middle if found is None else {**middle, node.variable: found}
            yield replace(node, body=_all(node.body, scop, inside))
        case If(condition, then, otherwise):
            yield If(condition, _all(then, scop, middle), _all(otherwise, scop, middle))
        case Promote():
            yield replace(node, body=_all(node.body, scop, middle))
        case _:
            yield node


def _all(nodes: tuple[Node, ...], scop: Scop, middle: Values) -> tuple[Node, ...]:
    return tuple(n for node in nodes for n in _cut(node, scop, middle))


def _middle(node: For, middle: Values) -> int | None:
    """The iteration in the midst of a loop of typical sizes; None where data decides."""
    ends = node.lower, node.upper
    if any(end.is_data or not end.names() <= middle.keys() for end in ends):
        return None
    first, last = (end.evaluate(middle) for end in ends)
    return (first + last) // 2


def _is_plain(node: For) -> bool:
    """Whether a loop may be cut: nothing else counts on its being one."""
    marked = node.region or node.grid or node.pipeline or node.synced or node.partials
    return node.step == 1 and not (marked or node.nowait or node.exit or node.scan)


def _parts(node: For, scop: Scop, around: Values, cuts: int = _MOST_CUTS) -> Iterator[Node]:
    """A loop as the part in its midst and those at its ends; of these too where they are long."""
    middle = _middle(node, around)
    if middle is None:
        yield node
        return
    inner = _Inner(node, scop, {**around, node.variable: middle})
    body = inner.straightened()
    if body == node.body:
        yield node
        return
    first = extreme("max", [node.lower, *inner.lower])
    last = extreme("min", [node.upper, *inner.upper])
    if first != node.lower:
        end = extreme("min", [node.upper, extreme("max", inner.lower)])
        yield from _end(replace(node, upper=end), scop, around, cuts)
    yield replace(node, lower=first, upper=last, body=body)
    if last != node.upper:
        start = extreme("max", [first, extreme("min", inner.upper)])
        yield from _end(replace(node, lower=start), scop, around, cuts)


def _end(node: For, scop: Scop, around: Values, cuts: int) -> Iterator[Node]:
    """A part at an end of a loop: a plain loop where it is short."""
    if cuts and node.upper.evaluate(around) - node.lower.evaluate(around) >= _LONG:
        yield from _parts(node, scop, around, cuts - 1)
    else:
        yield replace(node, parallel=False, vector=False, work=())


@dataclass(frozen=True, slots=True)
class _Straight:
    """A subscript without bends, in a statement's own iterators, and what must be >= 0 for it."""

    value: Affine
    needs: tuple[Affine, ...]


class _Inner:
    """The iterations of a loop in which subscripts are straight: from `lower`, up to `upper`."""

    def __init__(self, node: For, scop: Scop, middle: Values) -> None:
        self.node = node
        self.scop = scop
        self.middle = dict(middle)
        self.lower: dict[Affine, None] = {}
        self.upper: dict[Affine, None] = {}
        self.inside: set[str] = set()
        self.ranges: dict[str, tuple[int, int]] = {}
        for loop in below(node.body):
            if isinstance(loop, For):
                self._enter(loop)

    def _enter(self, loop: For) -> None:
        """Note the range of a loop inside, where it is short; of two of a name, of both."""
        found, name = _middle(loop, self.middle), loop.variable
        if found is not None:
            self.middle.setdefault(name, found)
        trips = trip_bound(loop) if loop.lower.is_constant else None
        known = self.ranges.pop(name, None)
        if trips and (known is not None or name not in self.inside):
            first = loop.lower.constant
            last = first + (trips - 1) * loop.step
            low, high = known or (first, last)
            self.ranges[name] = min(low, first), max(high, last)
        self.inside.add(name)

    def straightened(self) -> tuple[Node, ...]:
        """The body for these iterations."""
        count = sum(isinstance(n, Instance) for n in below(self.node.body))
        return self.node.body if count > _MOST_INSTANCES else self._nodes(self.node.body)

    def _nodes(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(map(self._body, nodes))

    def _body(self, node: Node) -> Node:
        match node:
            case Instance():
                return self._instance(node)
            case For() | Promote():
                return replace(node, body=self._nodes(node.body))
            case If(condition, then, otherwise):
                return If(condition, self._nodes(then), self._nodes(otherwise))
            case _:
                return node

    def _instance(self, node: Instance) -> Instance:
        statement = self.scop.statement(node.statement)
        values = dict(zip(statement.iterators, node.values, strict=True))
        moving = {i for i, value in values.items() if self.node.variable in value.names()}
        straight = dict(node.straight)
        for access in statement.accesses:
            for subscript in access.subscripts:
                for atom, _ in subscript.terms:
                    if not isinstance(atom, Extreme | Choice) or atom in straight:
                        continue
                    bent = Affine(((atom, 1),))
                    if bent.is_data or not bent.names() & moving:
                        continue
                    found = self._straight(atom, values)
                    if found is not None and self._holds_from(found.needs):
                        straight[atom] = found.value
        return replace(node, straight=tuple(straight.items()))

    def _holds_from(self, needs: tuple[Affine, ...]) -> bool:
        """Whether the conditions hold on one side of a bound each; then these are noted."""
        found = [self._bound(need) for need in needs]
        if None in found:
            return False
        for bound in found:
            if bound is not None:
                side, value = bound
                if side:
                    (self.lower if side > 0 else self.upper)[value] = None
        return True

    def _bound(self, need: Affine) -> tuple[int, Affine] | None:
        """Where `need >= 0` begins to hold (1) or ceases to (-1), or that it always does (0)."""
        need = self._without_floor(need)
        factor = need.coefficient(self.node.variable)
        rest = need - Affine.name(self.node.variable) * factor
        least = self._least(rest)
        if least is None:
            return None
        if not factor:
            return (0, least) if least.is_constant and least.constant >= 0 else None
        reach = least.floordiv(abs(factor))
        return (1, -reach) if factor > 0 else (-1, reach + 1)

    def _without_floor(self, need: Affine) -> Affine:
        """The same condition where the loop moves a floored quotient: floor(e / d) >= r where
        e >= r * d, and floor(e / d) <= r where e <= r * d + d - 1."""
        for atom, factor in need.terms:
            if not isinstance(atom, Floor) or abs(factor) != 1:
                continue
            if self.node.variable in atom.numerator.names():
                rest = need - Affine(((atom, factor),))
                spare = 0 if factor > 0 else atom.denominator - 1
                return rest * atom.denominator + atom.numerator * factor + spare
        return need

    def _least(self, value: Affine) -> Affine | None:
        """The least value over the short loops inside; None where they or the loop bend it."""
        result = Affine.integer(value.constant)
        changing = {*self.inside, self.node.variable}
        for atom, factor in value.terms:
            part = Affine(((atom, factor),))
            if isinstance(atom, str) and atom in self.ranges:
                first, last = self.ranges[atom]
                result = result + factor * (first if factor > 0 else last)
            elif part.names() & changing:
                return None
            else:
                result = result + part
        return result

    # ---- what bends a subscript ----

    def _straight(self, atom: Atom, values: Mapping[str, Affine]) -> _Straight | None:
        """The value that an atom has in the midst of the loops, and where it has it."""
        if isinstance(atom, Choice):
            return self._chosen(atom, values)
        if not isinstance(atom, Extreme):
            return None
        sides = [self._plain(side, values) for side in atom.operands]
        known = [side for side in sides if side is not None]
        places = [side.value.substitute(values) for side in known]
        if len(known) < len(sides) or not all(p.names() <= self.middle.keys() for p in places):
            return None
        pick = min if atom.kind == "min" else max
        chosen = pick(range(len(known)), key=lambda k: places[k].evaluate(self.middle))
        sign = 1 if atom.kind == "min" else -1
        apart = [(place - places[chosen]) * sign for place in places]
        needs = [n for k, n in enumerate(apart) if k != chosen]
        return _Straight(known[chosen].value, (*(n for side in known for n in side.needs), *needs))

    def _chosen(self, atom: Choice, values: Mapping[str, Affine]) -> _Straight | None:
        condition = substitute_condition(atom.condition, values)
        needs = self._sure(condition, truth=self._truth(condition))
        if needs is None:
            return None
        side = self._plain(atom.then if self._truth(condition) else atom.otherwise, values)
        return None if side is None else _Straight(side.value, (*side.needs, *needs))

    def _plain(self, value: Affine, values: Mapping[str, Affine]) -> _Straight | None:
        """An affine without bends that the loop moves."""
        result, needs = Affine.integer(value.constant), list[Affine]()
        for atom, factor in value.terms:
            part = _Straight(Affine(((atom, 1),)), ())
            if isinstance(atom, Extreme | Choice):
                found = self._straight(atom, values)
                if found is None:
                    return None
                part = found
            result = result + part.value * factor
            needs += part.needs
        return _Straight(result, tuple(needs))

    def _truth(self, condition: Condition) -> bool | None:
        try:
            return evaluate_condition(condition, self.middle)
        except KeyError:
            return None

    def _sure(self, condition: Condition, truth: bool | None) -> tuple[Affine, ...] | None:
        """What being >= 0 makes a condition as it is in the midst of the loops."""
        match condition:
            case _ if truth is None:
                return None
            case Not(operand):
                return self._sure(operand, not truth)
            case Compare():
                return self._compared(condition, truth)
            case All(operands) | Any(operands):
                parts = [(self._sure(o, self._truth(o)), self._truth(o)) for o in operands]
                if isinstance(condition, All) == truth:
                    known = [needs for needs, _ in parts if needs is not None]
                    whole = len(known) == len(parts)
                    return tuple(n for needs in known for n in needs) if whole else None
                return next((needs for needs, held in parts if held == truth and needs), None)

    def _compared(self, condition: Compare, truth: bool) -> tuple[Affine, ...] | None:
        """As above, of one comparison; of equal numbers that differ, on the side of the midst."""
        apart = condition.left - condition.right
        relation = condition.relation if truth else NEGATED[condition.relation]
        if relation == "==":
            return apart, -apart
        if relation == "!=":
            relation = ">" if apart.evaluate(self.middle) > 0 else "<"
        sign = 1 if relation in (">", ">=") else -1
        return (apart * sign - (relation in (">", "<")),)
