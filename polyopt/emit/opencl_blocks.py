"""Blocks that stand around the items of a work group: in local memory, in the registers of one
item each, or as partial results that a tree combines.

    with A[16*k .. 16*k + 15] as A_acc (local):          __local double A_local[16];
        item 0: i: … A_acc …                     →       A_local[item0] = A[16 * k + item0];
                                                         barrier; … A_local …

Which of these a block is follows from the loops in it; `touched` tells what some nodes read and
write with that in mind, and from it barriers are derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Literal

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.block_copies import cells, end_names
from polyopt.emit.effects import Effects
from polyopt.emit.lanes import Accumulator, combined
from polyopt.emit.loops import For, If, Instance, Node, Promote
from polyopt.emit.opencl_shape import chain, has_items, is_item
from polyopt.emit.openmp import trip_bound
from polyopt.emit.place import Place
from polyopt.emit.scope import Scope
from polyopt.model.affine import Affine
from polyopt.model.scop import Scop, Statement

BARRIER = "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)"

Kind = Literal["local", "registers", "copies", "tree"]
"""Where a block is: in local memory; in registers, each element in those of the one item that
uses it; as a copy in each item of what is only read; as a partial result in each item."""

Held = Mapping[tuple[str, str, tuple[Affine, ...]], tuple[str, ...]]
"""What accesses (statement, array, subscripts) reach in place of the array; with no statement,
all accesses to it."""


def kind_of(block: Promote, scop: Scop, sizes: Sequence[int]) -> Kind:
    """Where a block around items is kept."""
    if block.reduction is not None:
        return "tree"
    if block.local:
        return "local"
    if own_dimensions(block, scop, sizes) is not None:
        return "registers"
    return "local" if block.store else "copies"


# ---- registers -------------------------------------------------------------------------------


def own_dimensions(block: Promote, scop: Scop, sizes: Sequence[int]) -> dict[int, int] | None:
    """The dimensions of a block along which each item has one element, and the launch's dimension
    of each; None where some item uses an element of another."""
    found: set[tuple[tuple[int, int], ...]] = set()
    for subscripts, items in _uses(block, scop):
        own: dict[int, int] = {}
        for loop in items:
            number, trips = int(loop.grid[-1]), trip_bound(loop)
            along = Affine.name(loop.variable) - loop.lower
            fits = [d for d, s in enumerate(subscripts) if s - block.origin[d] == along]
            if not fits or trips is None or trips > sizes[number] or loop.step != 1:
                return None  # several elements of an item's own, or those of others
            own[fits[0]] = number
        found.add(tuple(sorted(own.items())))
    return dict(found.pop()) if len(found) == 1 else None


def _uses(block: Promote, scop: Scop) -> Iterator[tuple[tuple[Affine, ...], tuple[For, ...]]]:
    """The elements of a block that are used, each with the item loops around."""
    for instance, items in _instances(block.body, ()):
        statement = scop.statement(instance.statement)
        values = dict(zip(statement.iterators, instance.values, strict=True))
        for access in statement.accesses:
            wanted = not block.targets or (statement.name, access.subscripts) in block.targets
            if access.array == block.array and wanted:
                yield tuple(s.substitute(values) for s in access.subscripts), items


def _instances(
    nodes: Iterable[Node], items: tuple[For, ...]
) -> Iterator[tuple[Instance, tuple[For, ...]]]:
    for node in nodes:
        match node:
            case Instance():
                yield node, items
            case For() if is_item(node) and not items:
                loops = chain(node, "item")
                yield from _instances(loops[-1].body, loops)
            case For(body=body) | Promote(body=body):
                yield from _instances(body, items)
            case If(_, then, otherwise):
                yield from _instances((*then, *otherwise), items)


# ---- what is read and written ------------------------------------------------------------------


def key_of(block: Promote) -> str:
    """A name for a block's memory, which no other block has."""
    return f"{block.array} in {block.name} {id(block)}"


def held_by(block: Promote, kind: Kind, held: Held) -> Held:
    """What accesses reach inside a block."""
    keys = (key_of(block),) if kind == "local" else ()
    if block.targets:
        return {**held, **{(s, block.array, subs): keys for s, subs in block.targets}}
    others = {k: v for k, v in held.items() if k[1] != block.array}
    return {**others, ("", block.array, ()): keys}


def touched(nodes: Iterable[Node], scop: Scop, sizes: Sequence[int], held: Held) -> Effects:
    """What some nodes read and write of memory that items share."""
    return reduce(or_, (_touched(node, scop, sizes, held) for node in nodes), Effects())


def _touched(node: Node, scop: Scop, sizes: Sequence[int], held: Held) -> Effects:
    match node:
        case Instance(name):
            return _of_statement(scop.statement(name), held)
        case For(body=body):
            return touched(body, scop, sizes, held)
        case If(_, then, otherwise):
            return touched((*then, *otherwise), scop, sizes, held)
        case Promote(body=body) if has_items(node):
            kind = kind_of(node, scop, sizes)
            copies = filled(node, kind, held) | emptied(node, kind, held)
            return copies | touched(body, scop, sizes, held_by(node, kind, held))
        case Promote(body=body):
            copies = filled(node, "registers", held) | emptied(node, "registers", held)
            return copies | touched(body, scop, sizes, held_by(node, "registers", held))
        case _:
            return Effects()


def _of_statement(statement: Statement, held: Held) -> Effects:
    reads: set[str] = set()
    writes: set[str] = set()
    for access in statement.accesses:
        keys = held.get((statement.name, access.array, access.subscripts))
        if keys is None:
            keys = _whole(access.array, held)
        (reads if access.kind == "read" else writes).update(keys)
    return Effects(frozenset(reads), frozenset(writes))


def _whole(array: str, held: Held) -> tuple[str, ...]:
    return held.get(("", array, ()), (array,))


def filled(block: Promote, kind: Kind, held: Held) -> Effects:
    """What reading a block touches."""
    read = frozenset(_whole(block.array, held)) if block.load else frozenset[str]()
    return Effects(read, frozenset({key_of(block)} if kind in ("local", "tree") else ()))


def emptied(block: Promote, kind: Kind, held: Held) -> Effects:
    """What writing a block back touches."""
    if not block.store:
        return Effects()
    written = frozenset(_whole(block.array, held))
    own = frozenset({key_of(block)} if kind in ("local", "tree") else ())
    return Effects(own | (written if kind == "tree" else frozenset()), written)


def conflict(one: Effects, other: Effects) -> bool:
    """Whether items must wait for one another between what has these effects."""
    return bool(one.writes & (other.reads | other.writes) or one.reads & other.writes)


# ---- text ------------------------------------------------------------------------------------


def item(number: int, scope: Scope) -> str:
    """The name, in affines, of an item's number along a dimension; in C, `item0`."""
    key = f"item {number}"
    given = scope.names.given
    if ("value", key) not in given:
        given["value", key] = scope.names.fresh(f"item{number}")
    return key


@dataclass(frozen=True)
class BlockText:
    """Prints the copies of one block. `sizes`: the items of a group per dimension."""

    node: Promote
    place: Place
    scope: Scope
    sizes: tuple[int, ...]

    def declared(self, qualifier: str = "", value: str = "") -> cgen.Generable:
        """The block's declaration."""
        extents = "".join(f"[{e}]" for e in self.place.extents)
        text = f"{qualifier}{self.place.dtype.ctype} {self.place.name}{extents}"
        return cgen.Statement(f"{text} = {value}" if value else text)

    def ends(self) -> list[cgen.Generable]:
        """What there is of a clipped block, as constants."""
        if not self.node.ends:
            return []
        return [
            cgen.Statement(f"const int64_t {name} = {self._end(d)}")
            for d, name in end_names(replace(self.place, kept=self._long), self.scope).items()
        ]

    @property
    def _long(self) -> tuple[int, ...]:
        """The dimensions along which a block has several elements."""
        return tuple(d for d, extent in enumerate(self.node.shape) if extent > 1)

    def _end(self, d: int) -> str:
        return str(affine(self.node.ends[d] - self.node.origin[d], self.scope))

    def _there(self, at: Mapping[int, str]) -> list[str]:
        """The conditions for an element to be in the array."""
        if not self.node.ends:
            return []
        names = end_names(replace(self.place, kept=self._long), self.scope)
        return [f"{at[d]} < {names[d]}" for d in self._long]

    # -- by all items ------------------------------------------------------------------------

    def together(self, *, write: bool) -> cgen.Generable:
        """The copy of a block in local memory, of which each item makes its part."""
        inside, outside, counters = cells(self.node, self.place, self.scope, write=write)
        there = " && ".join(self._there(counters))
        line: cgen.Generable
        if write:
            line = cgen.Statement(f"{outside} = {inside}")
            line = cgen.If(cgen.Line(there), line) if there else line
        else:
            value = f"{there} ? {outside} : 0" if there else outside
            line = cgen.Statement(f"{inside} = {value}")
        return self._shared_out(list(counters.values()), line)

    def _shared_out(self, counters: list[str], line: cgen.Generable) -> cgen.Generable:
        extents = [e.constant for e in self.place.extents]
        wide = [d for d, size in enumerate(self.sizes) if size > 1]
        if len(counters) > 1 and len(wide) < 2:
            return self._flat(counters, extents, line)
        for position, name in enumerate(reversed(counters)):
            extent = extents[len(counters) - 1 - position]
            start, step = "0", "1"
            if position < len(self.sizes):
                start, step = self.own(position), f"get_local_size({position})"
            line = _for(name, start, str(extent), step, line)
        unused = [d for d in wide if d >= len(counters)]
        test = " && ".join(f"{self.own(d)} == 0" for d in unused)
        return cgen.If(cgen.Line(test), line) if test else line

    def _flat(
        self, counters: list[str], extents: list[int], line: cgen.Generable
    ) -> cgen.Generable:
        """Several dimensions of a block along one of items."""
        at = self.scope.names.fresh(f"{self.place.name}_at")
        inside: list[cgen.Generable] = []
        length = 1
        for name, extent in reversed(list(zip(counters, extents, strict=True))):
            quotient = at if length == 1 else f"{at} / {length}"
            last = name == counters[0]
            value = quotient if last else f"{quotient} % {extent}"
            inside.insert(0, cgen.Statement(f"const int64_t {name} = {value}"))
            length *= extent
        body = cgen.Block([*inside, line])
        return _for(at, self.own(0), str(length), "get_local_size(0)", body)

    def own(self, number: int) -> str:
        """An item's number along a dimension."""
        return self.scope.names.of("value", item(number, self.scope))

    # -- by each item ------------------------------------------------------------------------

    def private(self, own: Mapping[int, int], *, write: bool) -> list[cgen.Generable]:
        """The copy of what is an item's own."""
        mine = {d: Affine.name(item(number, self.scope)) for d, number in own.items()}
        moved = tuple(o + mine.get(d, Affine()) for d, o in enumerate(self.node.origin))
        node = replace(self.node, origin=moved)
        inside, outside, counters = cells(node, self.place, self.scope, write=write)
        at = {**counters, **{d: self.own(number) for d, number in own.items()}}
        tests = [
            f"{self.own(number)} < {self.node.shape[d]}"
            for d, number in own.items()
            if self.sizes[number] > self.node.shape[d]
        ]
        if write:
            others = [n for n, size in enumerate(self.sizes) if size > 1 and n not in own.values()]
            tests += [f"{self.own(number)} == 0" for number in others]
        test = " && ".join([*tests, *self._there(at)])
        line: cgen.Generable
        if write:
            line = cgen.Statement(f"{outside} = {inside}")
            line = cgen.If(cgen.Line(test), line) if test else line
            return [_over(counters, self.place, line)]
        value = f"{test} ? {outside} : 0" if test else outside
        if not counters:
            return [self.declared(value=value)]
        line = cgen.Statement(f"{inside} = {value}")
        return [self.declared(), _over(counters, self.place, line)]


def _over(counters: Mapping[int, str], place: Place, line: cgen.Generable) -> cgen.Generable:
    for name, extent in reversed(list(zip(counters.values(), place.extents, strict=True))):
        line = _for(name, "0", str(extent), "1", line)
    return line


def _for(name: str, start: str, end: str, step: str, body: cgen.Generable) -> cgen.Generable:
    forward = f"{name}++" if step == "1" else f"{name} += {step}"
    head = cgen.Line(f"int64_t {name} = {start}"), cgen.Line(f"{name} < {end}"), cgen.Line(forward)
    return cgen.For(*head, body)


def tree(
    node: Promote, place: Place, shared: str, scope: Scope, sizes: Sequence[int], op: str
) -> list[cgen.Generable]:
    """Partial results of all items combined in a tree, and into the element that they are of."""
    own = scope.names.of("value", item(0, scope))
    total, at = sizes[0], own
    for number, size in enumerate(sizes[1:], 1):
        if size > 1:
            at = f"{at} + {total} * {scope.names.of('value', item(number, scope))}"
            total *= size
    _, outside, _ = cells(node, place, scope, write=True)
    mine = scope.names.fresh(f"{shared}_at")
    width = scope.names.fresh(f"{shared}_width")
    half = 1 << max((total - 1).bit_length() - 1, 0)
    element = Accumulator("", replace(place, name=f"{shared}[{mine}]", pointer=False), op)
    target = Accumulator("", replace(place, name=outside, pointer=False), op)
    exact = "" if half * 2 == total else f" && {mine} + {width} < {total}"
    step = cgen.If(
        cgen.Line(f"{mine} < {width}{exact}"),
        cgen.Block([combined(element, f"{shared}[{mine} + {width}]")]),
    )
    head = (
        cgen.Line(f"int64_t {width} = {half}"), cgen.Line(f"{width} > 0"),
        cgen.Line(f"{width} /= 2"),
    )  # fmt: skip
    return [
        cgen.Statement(f"const int64_t {mine} = {at}"),
        cgen.Statement(f"{shared}[{mine}] = {place.name}"),
        cgen.For(*head, cgen.Block([cgen.Statement(BARRIER), step])),
        cgen.If(cgen.Line(f"{mine} == 0"), cgen.Block([combined(target, f"{shared}[0]")])),
    ]
