"""Small local arrays become scalars, and the short loops that run over them are written out.

    d = np.zeros(3)                       d_0 = 0.0; d_1 = 0.0; d_2 = 0.0
    for c in range(3):                    d_0 = p[j, 0] - p[i, 0]
        d[c] = p[j, c] - p[i, c]    →     d_1 = p[j, 1] - p[i, 1]
                                          d_2 = p[j, 2] - p[i, 2]

A scalar is private to an iteration and lives in a register; an array is memory, and one between
iterations too. It is done for arrays of few elements each of whose places is a constant once loops
of constant length are written out, where that makes no long text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from types import MappingProxyType

from polyopt.model.affine import Affine, compared, evaluate_condition, substitute_condition
from polyopt.model.expr import (
    Const,
    Expr,
    Index,
    Load,
    change_data,
    data,
    loads,
    rebuild_all,
    substitute,
)
from polyopt.model.nest import Array, Assign, Branch, Loop, LoopNest, Node

_MOST_ELEMENTS = 16
_LONGEST_LOOP = 9
_MOST_STATEMENTS = 48
"""What the statements of written-out loops may come to: each is one of the model's own."""

Values = Mapping[str, Affine]


def in_scalars(nest: LoopNest) -> LoopNest:
    """The nest with its small local arrays as scalars."""
    small = {a.name: a for a in nest.arrays if _is_small(a)}
    while small:
        survey = _Survey(small)
        survey.nodes(nest.body, ())
        writer = _Writer(small, survey.inside, _names(nest))
        body = () if survey.lost else writer.nodes(nest.body, {})
        lost = survey.lost | writer.lost
        if not lost:
            return nest if writer.count > _MOST_STATEMENTS else writer.rewritten(nest, body)
        small = {n: a for n, a in small.items() if n not in lost}
    return nest


def _is_small(array: Array) -> bool:
    if array.kind != "local" or not array.shape or not all(e.is_constant for e in array.shape):
        return False
    return 0 < prod(e.constant for e in array.shape) <= _MOST_ELEMENTS


# ---- which loops, and which arrays -----------------------------------------------------------


@dataclass
class _Survey:
    """Which of some arrays cannot be scalars, and the loops, by their identity, that have to be
    written out for the others."""

    small: Mapping[str, Array]
    lost: set[str] = field(default_factory=set)
    inside: set[int] = field(default_factory=set)

    def nodes(self, nodes: tuple[Node, ...], around: tuple[Loop, ...]) -> None:
        """Survey some nodes inside of loops."""
        for node in nodes:
            match node:
                case Assign():
                    self._assign(node, around)
                case Branch(_, then, otherwise):
                    self.nodes((*then, *otherwise), around)
                case Loop():
                    self._indices(node.lower, node.upper)
                    self.nodes(node.body, (*around, node))

    def _assign(self, node: Assign, around: tuple[Loop, ...]) -> None:
        reads = [e for expr in (node.value, node.guard) if expr is not None for e in loads(expr)]
        for array, subscripts in [
            (node.array, node.subscripts),
            *((load.array, load.subscripts) for load in reads),
        ]:
            self._indices(*subscripts)
            if array in self.small and not self._access(subscripts, around, node):
                self.lost.add(array)

    def _indices(self, *affine: Affine) -> None:
        """An array that subscripts and bounds are read from stays one."""
        read = {load.array for a in affine for expr in data(a) for load in loads(expr)}
        self.lost |= read & self.small.keys()

    def _access(
        self, subscripts: tuple[Affine, ...], around: tuple[Loop, ...], node: Assign
    ) -> bool:
        """Note the loops of an access; whether they are short, and alone decide its place."""
        needed = _needed(subscripts, around)
        if needed is None or (needed and node.label) or None in _points(needed):
            return False
        self.inside |= {id(loop) for loop in needed}
        return True


def _needed(affine: tuple[Affine, ...], around: tuple[Loop, ...]) -> tuple[Loop, ...] | None:
    """The loops whose values decide some affines, outermost first; None where others do too."""
    if any(a.is_data for a in affine):
        return None
    names = frozenset[str]().union(*(a.names() for a in affine))
    found: list[Loop] = []
    for loop in reversed(around):
        if loop.variable in names:
            if loop.flag or loop.lower.is_data or loop.upper.is_data:
                return None
            found.append(loop)
            names = names - {loop.variable} | loop.lower.names() | loop.upper.names()
    return None if names else tuple(reversed(found))


def _points(
    loops: tuple[Loop, ...], known: Values = MappingProxyType({})
) -> Iterator[Values | None]:
    """The values of some loops' variables at each of their iterations; None for a long loop."""
    if not loops:
        yield known
        return
    numbers = _iterations(loops[0], known)
    if numbers is None:
        yield None
        return
    for number in numbers:
        yield from _points(loops[1:], {**known, loops[0].variable: Affine.integer(number)})


def _iterations(loop: Loop, values: Values) -> range | None:
    """A loop's values; None where they are no constants, or too many."""
    lower, upper = loop.lower.substitute(values), loop.upper.substitute(values)
    if not lower.is_constant or not upper.is_constant:
        return None
    found = range(lower.constant, upper.constant, loop.step)
    return found if len(found) <= _LONGEST_LOOP else None


# ---- writing out -----------------------------------------------------------------------------


def _names(nest: LoopNest) -> set[str]:
    """Every name in use."""

    def variables(nodes: tuple[Node, ...]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, Loop):
                yield node.variable
                yield from variables(node.body)
            elif isinstance(node, Branch):
                yield from variables((*node.then, *node.otherwise))

    named = {*(a.name for a in nest.arrays), *(a.name for a in nest.arguments)}
    return named | set(nest.parameter_names) | set(variables(nest.body))


class _Writer:
    """Writes loops out; `count` is the number of statements that came of it, and `lost` are the
    arrays some place of which is no constant, or outside."""

    def __init__(self, small: Mapping[str, Array], inside: set[int], taken: set[str]) -> None:
        self.small = small
        self.inside = inside
        self.taken = taken
        self.scalars: dict[tuple[str, tuple[int, ...]], Array] = {}
        self.count = 0
        self.lost: set[str] = set()

    def rewritten(self, nest: LoopNest, body: tuple[Node, ...]) -> LoopNest:
        """The nest with the body that this has written."""
        kept = [a for a in nest.arrays if a.name not in self.small]
        return replace(nest, arrays=(*kept, *self.scalars.values()), body=body)

    def nodes(self, nodes: tuple[Node, ...], values: Values) -> tuple[Node, ...]:
        """Some nodes at some values of the loops that are written out around them."""
        return tuple(n for node in nodes for n in self._node(node, values))

    def _node(self, node: Node, values: Values) -> Iterator[Node]:
        if self.count > _MOST_STATEMENTS:
            return
        match node:
            case Assign():
                self.count += bool(values)
                yield self._assign(node, values)
            case Branch():
                yield from self._branch(node, values)
            case Loop() if id(node) in self.inside:
                for number in _iterations(node, values) or ():
                    yield from self.nodes(
                        node.body, {**values, node.variable: Affine.integer(number)}
                    )
            case Loop():
                yield replace(
                    node,
                    lower=node.lower.substitute(values),
                    upper=node.upper.substitute(values),
                    body=self.nodes(node.body, values),
                )

    def _branch(self, node: Branch, values: Values) -> Iterator[Node]:
        condition = substitute_condition(node.condition, values)
        if all(side.is_constant for side in compared(condition)):
            chosen = node.then if evaluate_condition(condition, {}) else node.otherwise
            yield from self.nodes(chosen, values)
            return
        then, otherwise = self.nodes(node.then, values), self.nodes(node.otherwise, values)
        if then or otherwise:
            yield replace(node, condition=condition, then=then, otherwise=otherwise)

    def _assign(self, node: Assign, values: Values) -> Assign:
        subscripts = tuple(
            change_data(s, self._changed).substitute(values) for s in node.subscripts
        )
        array = self._scalar(node.array, subscripts)
        return replace(
            node,
            array=array or node.array,
            subscripts=() if array else subscripts,
            value=self._expr(node.value, values),
            guard=None if node.guard is None else self._expr(node.guard, values),
        )

    def _expr(self, expr: Expr, values: Values) -> Expr:
        return rebuild_all(substitute(expr, values), self._changed)

    def _changed(self, expr: Expr) -> Expr:
        if isinstance(expr, Load):
            name = self._scalar(expr.array, expr.subscripts)
            return replace(expr, array=name, subscripts=()) if name else expr
        if isinstance(expr, Index) and expr.value.is_constant:
            return Const(expr.value.constant, expr.dtype)
        return expr

    def _scalar(self, name: str, subscripts: tuple[Affine, ...]) -> str:
        """The scalar that an element is; an empty name for one of another array."""
        if name not in self.small:
            return ""
        array = self.small[name]
        place = tuple(s.constant for s in subscripts)
        inside = all(0 <= p < e.constant for p, e in zip(place, array.shape, strict=True))
        if not inside or not all(s.is_constant for s in subscripts):
            self.lost.add(name)
            return ""
        if (name, place) not in self.scalars:
            wanted = "_".join([name, *map(str, place)])
            while wanted in self.taken:
                wanted += "_"
            self.taken.add(wanted)
            self.scalars[name, place] = replace(array, name=wanted, shape=())
        return self.scalars[name, place].name
