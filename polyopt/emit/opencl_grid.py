"""Loops across the groups and items of a launch, and the barriers between an item's phases.

    group 0: i_tile                     for (i_tile = lo + get_group_id(0); i_tile < hi; …)
      item 0: i: S1            →            S1 of item get_local_id(0)
      for k:                                for (k …) { barrier; S2 of item get_local_id(0) }
        item 0: i: S2

Every mapped loop asks for its place and its number of neighbours, so any size of launch computes
the same. A phase is what items do without waiting for one another: a nest of item loops, or what
stands outside of them, which one item does. Barriers stand between phases and where a loop around
phases repeats them; conditions and bounds outside of item loops are the same for a whole group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.body_c import BodyPrinter, Position, braces
from polyopt.emit.launches import Range
from polyopt.emit.layout import Branch
from polyopt.emit.loops import Comment, For, If, Node, Promote
from polyopt.emit.openmp import trip_bound
from polyopt.emit.scope import Scope
from polyopt.emit.text import Level
from polyopt.model.affine import Affine, extreme

_BARRIER = "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)"
_UNKNOWN_ITEMS = 64
_LONG_BOUND = 60
MOST_ITEMS = 256
"""Work items of a group: what every GPU takes."""


@dataclass
class GridPrinter:
    """Prints the loops of one kernel; `sizes` are the items of its groups."""

    body: BodyPrinter
    sizes: tuple[int, ...]

    def groups(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        """The groups' loops, and what a group does."""
        chain = _chain(node, "group")
        for each in chain:
            position = position.inside(each)
        content = self._phases(chain[-1].body, scope, position)
        for each in reversed(chain):
            number = each.grid[-1]
            content = _spread(each, "group_id", "num_groups", number, content, scope)
        return content

    def _phases(
        self, nodes: tuple[Node, ...], scope: Scope, position: Position
    ) -> list[cgen.Generable]:
        """What a group does, a barrier between any two phases."""
        made: list[cgen.Generable] = []
        for phase in _cut(nodes):
            if made:
                made.append(cgen.Statement(_BARRIER))
            made += self._phase(phase, scope, position)
        return made

    def _phase(
        self, phase: tuple[Node, ...], scope: Scope, position: Position
    ) -> list[cgen.Generable]:
        match phase:
            case (For() as loop,) if _is_item(loop):
                return self._items(loop, scope, position)
            case (For() as loop,) if _has_items(loop):
                inside = self._phases(loop.body, scope, position.inside(loop))
                return _counted(loop, [*inside, cgen.Statement(_BARRIER)], scope)
            case (If(test, then, otherwise),) if _has_items(phase[0]):
                text = cgen.Line(str(condition(test, scope)))
                parts = [self._phases(p, scope, position) for p in (then, otherwise)]
                return [Branch(text, braces(parts[0]), braces(parts[1]) if parts[1] else None)]
        alone = self.body.nodes(phase, scope, position)
        return self._by_first_items(range(len(self.sizes)), alone)

    def _items(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        """Item loops and what stands in them; items along other dimensions stand aside."""
        chain = _chain(node, "item")
        for each in chain:
            position = position.inside(each)
        content = self.body.nodes(chain[-1].body, scope, position)
        for each in reversed(chain):
            content = self._item(each, content, scope)
        used = {int(each.grid[-1]) for each in chain}
        return self._by_first_items([d for d in range(len(self.sizes)) if d not in used], content)

    def _item(self, node: For, content: list[cgen.Generable], scope: Scope) -> list[cgen.Generable]:
        number = int(node.grid[-1])
        trips = trip_bound(node)
        if node.step != 1 or trips is None or trips > self.sizes[number]:
            return _spread(node, "local_id", "local_size", str(number), content, scope)
        name = _variable(node, scope)
        own = f"get_local_id({number})"
        if node.lower != Affine():
            own = f"{affine(node.lower, scope)} + {own}"
        start = cgen.Statement(f"const int64_t {name} = {own}")
        exact = (node.upper - node.lower).is_constant and trips == self.sizes[number]
        if not exact:
            test = f"{name} < {affine(node.upper, scope).at(Level.SHIFT)}"
            content = [cgen.If(cgen.Line(test), braces(content))]
        return [cgen.Block([start, *content])]

    def _by_first_items(
        self, dimensions: Sequence[int], content: list[cgen.Generable]
    ) -> list[cgen.Generable]:
        """Only the first items along some dimensions do it."""
        tests = [f"get_local_id({d}) == 0" for d in dimensions if self.sizes[d] > 1]
        if not tests or not content:
            return content
        return [cgen.If(cgen.Line(" && ".join(tests)), braces(content))]


# ---- text ------------------------------------------------------------------------------------


def _variable(node: For, scope: Scope) -> str:
    scope.used.values.discard(node.variable)
    return scope.names.of("value", node.variable)


def _spread(
    node: For, own: str, all_: str, number: str, content: list[cgen.Generable], scope: Scope
) -> list[cgen.Generable]:
    """A loop of which each group or item takes every so-many-th iteration."""
    factor = f"{node.step} * " if node.step != 1 else ""
    return _loop(
        node, f"{factor}get_{own}({number})", f"{factor}get_{all_}({number})", content, scope
    )


def _counted(node: For, content: list[cgen.Generable], scope: Scope) -> list[cgen.Generable]:
    return _loop(node, "", str(node.step), content, scope)


def _loop(
    node: For, offset: str, step: str, content: list[cgen.Generable], scope: Scope
) -> list[cgen.Generable]:
    """A loop that begins at an offset from its lower bound; long bounds are computed before it."""
    before: list[cgen.Generable] = []
    name = _variable(node, scope)

    def short(bound: str, suffix: str) -> str:
        if len(bound) <= _LONG_BOUND:
            return bound
        named = scope.names.fresh(f"{node.variable}_{suffix}")
        before.append(cgen.Statement(f"const int64_t {named} = {bound}"))
        return named

    lower = short(str(affine(node.lower, scope)), "start") if node.lower != Affine() else ""
    upper = short(affine(node.upper, scope).at(Level.SHIFT), "end")
    first = " + ".join(part for part in (lower, offset) if part) or "0"
    forward = f"{name}++" if step == "1" else f"{name} += {step}"
    start, test = cgen.Line(f"int64_t {name} = {first}"), cgen.Line(f"{name} < {upper}")
    return [*before, cgen.For(start, test, cgen.Line(forward), braces(content))]


# ---- structure -------------------------------------------------------------------------------


def _is_item(node: Node) -> bool:
    return isinstance(node, For) and node.parallel and node.grid.startswith("item")


def _has_items(node: Node) -> bool:
    """Whether items share what a node does; blocks are one item's own."""
    match node:
        case For(body=body):
            return _is_item(node) or any(map(_has_items, body))
        case If(_, then, otherwise):
            return any(map(_has_items, (*then, *otherwise)))
        case _:
            return False


def _chain(node: For, kind: str) -> tuple[For, ...]:
    """Mapped loops that stand one directly inside the other, each along a dimension of its own."""
    found = [node]
    while len(found[-1].body) == 1:
        inner = found[-1].body[0]
        if not (isinstance(inner, For) and inner.parallel and inner.grid.startswith(kind)):
            break
        if inner.grid in {each.grid for each in found}:
            break
        found.append(inner)
    return tuple(found)


def _cut(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """The phases: each node that items share, and the runs of nodes between."""
    run: list[Node] = []
    for node in nodes:
        if _has_items(node):
            if any(not isinstance(n, Comment) for n in run):
                yield tuple(run)
            run = []
            yield (node,)
        else:
            run.append(node)
    if any(not isinstance(n, Comment) for n in run):
        yield tuple(run)


def _item_loops(nodes: tuple[Node, ...]) -> Iterator[For]:
    for node in nodes:
        match node:
            case For(body=body):
                if _is_item(node):
                    yield node
                yield from _item_loops(body)
            case If(_, then, otherwise):
                yield from _item_loops((*then, *otherwise))
            case Promote():
                continue


def group_sizes(node: For) -> tuple[int, ...]:
    """The items of a group per dimension: the longest item loop's, within what every GPU takes."""
    chain = _chain(node, "group")
    sizes = [1] * (1 + max(int(each.grid[-1]) for each in chain))
    for loop in _item_loops(chain[-1].body):
        number = int(loop.grid[-1])
        sizes += [1] * (number + 1 - len(sizes))
        sizes[number] = max(sizes[number], trip_bound(loop) or _UNKNOWN_ITEMS)
    left = MOST_ITEMS
    for number, size in enumerate(sizes):
        sizes[number] = min(size, left)
        left //= sizes[number]
    return tuple(sizes)


def group_ranges(node: For) -> tuple[Range, ...]:
    """What the groups share out per dimension; of a loop whose bounds follow an outer one, as many
    groups as the longer of its ends needs."""
    chain = _chain(node, "group")
    ranges = {int(each.grid[-1]): _range(each, chain[:i]) for i, each in enumerate(chain)}
    none = Range(Affine(), Affine.integer(1))
    return tuple(ranges.get(d, none) for d in range(1 + max(ranges)))


def _range(node: For, around: tuple[For, ...]) -> Range:
    range_ = Range(node.lower, node.upper, node.step)
    for outer in reversed(around):
        if outer.variable in range_.lower.names() | range_.upper.names():
            ends = (outer.lower, outer.upper - 1)
            trips = [range_.trips.substitute({outer.variable: end}) for end in ends]
            range_ = Range(Affine(), extreme("max", trips))
    return range_
