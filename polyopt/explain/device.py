"""What the GPU mapping of a kernel costs, told without running it: a paragraph for each launch.

Loops that could not be mapped are launches too: of one item, or of pieces with an item each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeGuard

from polyopt.emit.launches import Case, Choice, HostNode, Launch, Limits, Repeat
from polyopt.emit.loops import For, If, Instance, Loops, Node, Promote
from polyopt.emit.opencl import launched
from polyopt.emit.opencl_blocks import kind_of
from polyopt.emit.opencl_shape import chain, has_items, is_item
from polyopt.emit.openmp import trip_bound
from polyopt.explain.memory import amount
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Call, Unary, walk
from polyopt.model.scop import Access, Scop, Statement
from polyopt.model.types import FpMode
from polyopt.transform.auto.views import TYPICAL_SIZE

IN_LOCAL = "in local memory"
IN_REGISTER = "in a register"
IN_TREE = "a partial result in each item, combined in a tree"
COALESCED = "coalesced"
SAME = "the same for all items"
STRIDED = "strided, not coalesced"
ALONE = "by one item"
_WHERE = {"local": IN_LOCAL, "registers": IN_REGISTER, "copies": IN_REGISTER, "tree": IN_TREE}

ANY_GPU = Limits("gpu")

_Held = Mapping[tuple[str, str, tuple[Affine, ...]], str]
_Starts = Mapping[str, Affine]


@dataclass(frozen=True, slots=True)
class AccessFact:
    """One access of a statement in a launch, and how the items of a group make it."""

    statement: str
    text: str
    how: str


@dataclass(frozen=True, slots=True)
class LaunchFacts:
    """One launch of the GPU mapping. `instead`: it is made in place of those before it, where these
    are small. `groups` are its ranges; `pieces`: a group takes some
    consecutive iterations, by one item. `local` is in bytes a group; `intensity` are operations
    per byte of global memory, with size symbols taken at a typical value."""

    kernel: str
    instead: bool
    groups: tuple[str, ...]
    pieces: bool
    items: tuple[int, ...]
    local: tuple[tuple[str, int], ...]
    barriers: int
    registers: tuple[str, ...]
    intensity: float
    accesses: tuple[AccessFact, ...]

    def __str__(self) -> str:
        size = self.local_bytes
        held = ", ".join(f"{name} {amount(size)}" for name, size in self.local)
        parts = [
            self.shape,
            f"local memory {amount(size)} a group ({held})" if size else "no local memory",
            f"{self.barriers or 'no'} barrier{'' if self.barriers == 1 else 's'}",
            f"in registers: {', '.join(self.registers) or 'nothing'}",
            f"about {self.intensity:.2g} operations a byte",
        ]
        where = ", in place of those before where they are small" if self.instead else ""
        lines = [f"launch {self.kernel}{where}: {'; '.join(parts)}"]
        lines += [f"  {a.statement} {a.text}: {a.how}" for a in self.accesses]
        return "\n".join(lines)

    @property
    def shape(self) -> str:
        """Its groups and items."""
        if self.pieces:
            return "pieces of a loop, one item each"
        if self.items == (1,):
            return "groups of one item" if self.groups else "one item"
        return f"groups of {' x '.join(map(str, self.items))} items"

    @property
    def local_bytes(self) -> int:
        """Local memory of a group."""
        return sum(size for _, size in self.local)

    @property
    def patterns(self) -> Mapping[str, int]:
        """How many accesses there are of each kind."""
        return Counter(access.how for access in self.accesses)


def launch_facts(
    scop: Scop, loops: Loops, fp: FpMode, limits: Limits = ANY_GPU
) -> tuple[LaunchFacts, ...]:
    """The facts of every launch, in the order of the program, for a device of these limits."""
    host, nodes = launched(scop, loops, fp, limits)
    return tuple(
        _facts(launch, nodes[launch.kernel], scop, instead) for launch, instead in _told(host)
    )


def _told(host: Iterable[HostNode]) -> Iterator[tuple[Launch, bool]]:
    """Every launch, and whether it is made in place of those before it."""
    for node in host:
        match node:
            case Choice(many=many, one=one):
                yield from _told(many)
                yield one, True
            case Repeat(body=body):
                yield from _told(body)
            case Case(_, then, otherwise):
                yield from _told((*then, *otherwise))
            case Launch():
                yield node, False


def _facts(launch: Launch, nodes: tuple[Node, ...], scop: Scop, instead: bool) -> LaunchFacts:
    counts = _Counter(scop, launch)
    counts.nodes(nodes, 1.0, {}, (), {})
    return LaunchFacts(
        launch.kernel,
        instead,
        tuple(map(str, launch.groups)),
        launch.pieces,
        launch.items,
        launch.local,
        launch.barriers,
        tuple(dict.fromkeys((*launch.registers, *counts.registers))),
        counts.operations / counts.bytes if counts.bytes else 0.0,
        tuple(dict.fromkeys(counts.accesses)),
    )


class _Counter:
    """Walks the loops of one launch, and adds up operations, bytes and kinds of accesses."""

    def __init__(self, scop: Scop, launch: Launch) -> None:
        self.scop, self.sizes = scop, launch.items
        self.alone = launch.pieces or not (launch.groups or launch.items != (1,))
        self.operations = self.bytes = 0.0
        self.accesses: list[AccessFact] = []
        self.registers: list[str] = []

    def nodes(
        self,
        nodes: Iterable[Node],
        times: float,
        held: _Held,
        items: tuple[For, ...],
        starts: _Starts,
    ) -> None:
        """Count some nodes that run so many times, in some item loops; `starts` are the variables
        of an item's own loops, each as what it begins with and what it has come on by."""
        for node in nodes:
            match node:
                case Instance():
                    self._instance(node, times, held, items, starts)
                case For(variable=variable, body=body):
                    trips = trip_bound(node)
                    inside = times * (TYPICAL_SIZE if trips is None else trips)
                    first = chain(node, "item") if self._is_item(node) and not items else ()
                    own = {variable: node.lower.substitute(starts) + Affine.name(variable)}
                    begun = {**starts, **own} if items and node not in items else starts
                    self.nodes(body, inside, held, items or first, begun)
                case If(_, then, otherwise):
                    self.nodes((*then, *otherwise), times, held, items, starts)
                case Promote():
                    self._block(node, times, held, items, starts)

    def _is_item(self, node: Node) -> TypeGuard[For]:
        """Whether items share a loop here: in a launch of one item all loops are its own."""
        return is_item(node) and not self.alone

    def _block(
        self,
        node: Promote,
        times: float,
        held: _Held,
        items: tuple[For, ...],
        starts: _Starts,
    ) -> None:
        shared = has_items(node) and not items and not self.alone
        kind = kind_of(node, self.scop, self.sizes) if shared else "registers"
        self.registers += [node.array] if not shared else []
        size = prod(node.shape) * self.scop.dtype(node.array).bits // 8
        moves = 1 if kind == "tree" else node.load + node.store
        self.bytes += times * size * moves
        keys = [(s, node.array, subs) for s, subs in node.targets] or [("", node.array, ())]
        self.nodes(node.body, times, {**held, **dict.fromkeys(keys, kind)}, items, starts)

    def _instance(
        self,
        node: Instance,
        times: float,
        held: _Held,
        items: tuple[For, ...],
        starts: _Starts,
    ) -> None:
        statement = self.scop.statement(node.statement)
        self.operations += times * _operations(statement)
        at = [value.substitute(starts) for value in node.values]
        values = dict(zip(statement.iterators, at, strict=True))
        for access in statement.accesses:
            if access.array in self.scop.private_scalars:
                continue
            key = (statement.name, access.array, access.subscripts)
            kind = held.get(key) or held.get(("", access.array, ()))
            how = _WHERE[kind] if kind else _pattern(access, values, items)
            word = "reads" if access.kind == "read" else "writes"
            inner = ", ".join(map(str, access.subscripts))
            self.accesses.append(AccessFact(statement.name, f"{word} {access.array}[{inner}]", how))
            if not kind:
                share = self.sizes[0] if how == SAME else 1
                self.bytes += times * self.scop.dtype(access.array).bits / 8 / share


def _pattern(access: Access, values: Mapping[str, Affine], items: tuple[For, ...]) -> str:
    """How items that lie side by side make an access to global memory."""
    loop = next((loop for loop in items if loop.grid == "item0"), None)
    if loop is None:
        return ALONE
    variable = loop.variable
    subscripts = [s.substitute(values) for s in access.subscripts]
    moving = [d for d, s in enumerate(subscripts) if variable in s.names()]
    if not moving:
        return SAME
    last = subscripts[-1]
    factor = last.coefficient(variable)
    rest = last - Affine.name(variable) * factor if factor * loop.step in (1, -1) else last
    straight = moving == [len(subscripts) - 1] and variable not in rest.names()
    return COALESCED if straight else STRIDED


def _operations(statement: Statement) -> int:
    """The operations of one instance."""
    return sum(isinstance(e, Binary | Call | Unary) for e in walk(statement.value))
