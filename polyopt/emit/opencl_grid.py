"""Loops across the groups and items of a launch, and the barriers between an item's phases.

    group 0: i_tile                     for (i_tile = lo + get_group_id(0); i_tile < hi; …)
      item 0: i: S1            →            S1 of item get_local_id(0)
      for k:                                for (k …) { barrier; S2 of item get_local_id(0) }
        item 0: i: S2

Every mapped loop asks for its place and its number of neighbours, so any size of launch computes
the same. A phase is what items do without waiting for one another: a nest of item loops, what
stands outside of them, which one item does, or a copy into local memory. A barrier stands before a
phase that reads or writes what others since the last barrier may still be writing, or writes what
they may be reading; the iteration before of a loop around phases counts. Conditions and bounds
outside of item loops are the same for a whole group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.block_copies import block_start
from polyopt.emit.body_c import BodyPrinter, Position, braces
from polyopt.emit.effects import Effects
from polyopt.emit.lanes import identity
from polyopt.emit.layout import Branch
from polyopt.emit.loops import Comment, For, If, Node, Promote
from polyopt.emit.opencl_blocks import (
    BARRIER,
    BlockText,
    Held,
    Kind,
    conflict,
    emptied,
    filled,
    held_by,
    kind_of,
    own_dimensions,
    touched,
    tree,
)
from polyopt.emit.opencl_shape import chain, has_items, is_group, is_item
from polyopt.emit.openmp import trip_bound
from polyopt.emit.place import block_of
from polyopt.emit.scope import Scope
from polyopt.emit.text import Level
from polyopt.model.affine import Affine

_LONG_BOUND = 60


@dataclass
class GroupFacts:
    """What a kernel uses: barriers in its text, local memory by name in bytes, and the arrays of
    which items keep elements in registers."""

    barriers: int = 0
    local: list[tuple[str, int]] = field(default_factory=list)
    registers: list[str] = field(default_factory=list)


@dataclass
class GridPrinter:
    """Prints the loops of one kernel; `sizes` are the items of its groups.

    `local` are the declarations of blocks in local memory, which a kernel begins with, and
    `facts` what is to be told of them. `pending`: what items may still be reading or writing.
    `alone`: the first items have just done something by themselves. A barrier follows then in any
    case, and before a loop or branch with barriers begins or ends: PoCL 3.0 loses their writes, or
    has all items do it, where others go on without one (in kernels in which Oclgrind finds
    nothing).
    """

    body: BodyPrinter
    sizes: tuple[int, ...]
    local: list[cgen.Generable] = field(default_factory=list)
    facts: GroupFacts = field(default_factory=GroupFacts)
    pending: Effects = field(default_factory=Effects)
    alone: bool = False
    held: Held = field(default_factory=dict)

    def kernel(self, node: Node, scope: Scope, position: Position) -> list[cgen.Generable]:
        """The whole body of a kernel for a loop across groups, or for a single group."""
        if is_group(node):
            content = self._groups(node, scope, position)
        else:
            content = self._phases((node,), scope, position)
        given = scope.names.given
        numbers = [n for n in range(len(self.sizes)) if ("value", f"item {n}") in given]
        items = [
            cgen.Statement(f"const int64_t {given['value', f'item {n}']} = get_local_id({n})")
            for n in numbers
        ]
        for number in numbers:
            scope.used.values.discard(f"item {number}")
            del given["value", f"item {number}"]
        return [*self.local, *items, *content]

    def _groups(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        """The groups' loops, and what a group does."""
        loops = chain(node, "group")
        for each in loops:
            position = position.inside(each)
        content = self._phases(loops[-1].body, scope, position)
        if self.alone or (self.local and self.pending != Effects()):
            content += self._barrier()  # a group may do several iterations in the same memory
        for each in reversed(loops):
            number = each.grid[-1]
            content = _spread(each, "group_id", "num_groups", number, content, scope)
        return content

    # -- phases and barriers -----------------------------------------------------------------

    def _phases(
        self, nodes: tuple[Node, ...], scope: Scope, position: Position
    ) -> list[cgen.Generable]:
        """What a group does, with barriers where items must wait for one another."""
        return [line for phase in _cut(nodes) for line in self._phase(phase, scope, position)]

    def _phase(
        self, phase: tuple[Node, ...], scope: Scope, position: Position
    ) -> list[cgen.Generable]:
        match phase:
            case (For() as loop,) if is_item(loop):
                return [*self._wait(self._touched(phase)), *self._items(loop, scope, position)]
            case (For() as loop,) if has_items(loop):
                met, before = self._meet(), self.pending
                self.pending |= self._touched(loop.body)  # by the iteration before
                inside = self._phases(loop.body, scope, position.inside(loop))
                inside += self._meet()
                self.pending |= before
                return [*met, *_counted(loop, inside, scope)]
            case (If() as branch,) if has_items(branch):
                return [*self._meet(), *self._branch(branch, scope, position)]
            case (Promote() as block,) if has_items(block):
                return self._block(block, scope, position)
        waiting = self._wait(self._touched(phase))
        alone = self.body.nodes(phase, scope, position)
        self.alone = prod(self.sizes) > 1
        return [*waiting, *self._by_first_items(range(len(self.sizes)), alone)]

    def _branch(self, node: If, scope: Scope, position: Position) -> list[cgen.Generable]:
        text = cgen.Line(str(condition(node.condition, scope)))
        before = self.pending
        then = self._phases(node.then, scope, position)
        then += self._meet()
        after, self.pending = self.pending, before
        otherwise = self._phases(node.otherwise, scope, position)
        otherwise += self._meet()
        self.pending |= after
        return [Branch(text, braces(then), braces(otherwise) if otherwise else None)]

    def _touched(self, nodes: Iterable[Node]) -> Effects:
        return touched(nodes, self.body.scop, self.sizes, self.held)

    def _wait(self, effects: Effects) -> list[cgen.Generable]:
        """A barrier where what follows must not meet what items may still be doing."""
        made = self._barrier() if self.alone or conflict(self.pending, effects) else []
        self.pending |= effects
        return made

    def _meet(self) -> list[cgen.Generable]:
        """A barrier where the first items have just done something by themselves."""
        return self._barrier() if self.alone else []

    def _barrier(self) -> list[cgen.Generable]:
        self.pending, self.alone = Effects(), False
        self.facts.barriers += 1
        return [cgen.Statement(BARRIER)]

    # -- blocks ------------------------------------------------------------------------------

    def _block(self, node: Promote, scope: Scope, position: Position) -> list[cgen.Generable]:
        """A block around items, and what they do with it."""
        scop = self.body.scop
        kind, dtype = kind_of(node, scop, self.sizes), scop.dtype(node.array)
        wanted = f"{node.array}_local" if kind == "local" else node.name
        place = block_of(node, dtype, scope.names.fresh(wanted))
        own = own_dimensions(node, scop, self.sizes) if kind == "registers" else None
        if own is not None:
            kept = tuple(d for d in place.kept if d not in own)
            extents = tuple(Affine.integer(node.shape[d]) for d in kept)
            place = replace(place, kept=kept, extents=extents)
        text = BlockText(node, place, scope, self.sizes)
        before, self.held = self.held, held_by(node, kind, self.held)
        inner = scope.with_block(node, place)
        start = [*text.ends(), *self._start(text, kind, own, before)]
        body = self._phases(node.body, inner, position)
        scope.leave_block(node, place, inner)
        end = self._end(text, kind, own, before)
        self.held = before
        return [*start, *body, *end]

    def _start(
        self, text: BlockText, kind: Kind, own: Mapping[int, int] | None, outside: Held
    ) -> list[cgen.Generable]:
        node, place, scope = text.node, text.place, text.scope
        if kind == "tree" and node.reduction is not None:
            return [text.declared(value=identity(node.reduction, place.dtype))]
        before = self.pending
        wait = self._wait(filled(node, kind, outside))
        if kind == "registers" and node.store:  # what an item reads here it writes back itself
            self.pending = Effects() if wait else before
        if kind == "local":
            self.local.append(text.declared("__local "))
            size = prod(e.constant for e in place.extents) * place.dtype.bits // 8
            self.facts.local.append((place.name, size))
            return [*wait, text.together(write=False)] if node.load else []
        self.facts.registers.append(node.array)
        if own is None:
            return [*wait, *block_start(replace(node, ends=()), place, scope)]
        return [*wait, *text.private(own, write=False)]

    def _end(
        self, text: BlockText, kind: Kind, own: Mapping[int, int] | None, outside: Held
    ) -> list[cgen.Generable]:
        node, place, scope = text.node, text.place, text.scope
        if kind == "tree" and node.reduction is not None:
            total = prod(self.sizes)
            shared = scope.names.fresh(f"{node.array}_tree")
            self.local.append(cgen.Statement(f"__local {place.dtype.ctype} {shared}[{total}]"))
            self.facts.local.append((shared, total * place.dtype.bits // 8))
            self.facts.barriers += 1
            effects = emptied(node, kind, outside)
            wait = self._wait(effects)
            lines = tree(node, place, shared, scope, self.sizes, node.reduction)
            self.pending, self.alone = effects, total > 1
            return [*wait, *lines]
        if not node.store:
            return []
        wait = self._wait(emptied(node, kind, outside))
        if kind == "local":
            return [*wait, text.together(write=True)]
        return [*wait, *text.private(own or {}, write=True)]

    # -- items -------------------------------------------------------------------------------

    def _items(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        """Item loops and what stands in them; items along other dimensions stand aside."""
        loops = chain(node, "item")
        for each in loops:
            position = position.inside(each)
        content = self.body.nodes(loops[-1].body, scope, position)
        for each in reversed(loops):
            content = self._item(each, content, scope)
        used = {int(each.grid[-1]) for each in loops}
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


def _cut(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """The phases: each node that items share, and the runs of nodes between."""
    run: list[Node] = []
    for node in nodes:
        if has_items(node):
            if any(not isinstance(n, Comment) for n in run):
                yield tuple(run)
            run = []
            yield (node,)
        else:
            run.append(node)
    if any(not isinstance(n, Comment) for n in run):
        yield tuple(run)
