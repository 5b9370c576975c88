"""What the GPU mapping of a kernel costs, told without running it: a paragraph for each launch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from polyopt.emit.launches import Launch, Limits, launches
from polyopt.emit.loops import For, If, Instance, Loops, Node, Promote
from polyopt.emit.opencl import print_opencl
from polyopt.emit.opencl_blocks import kind_of
from polyopt.emit.opencl_shape import chain, group_sizes, has_items, is_group, is_item
from polyopt.emit.openmp import trip_bound
from polyopt.explain.memory import amount
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Call, Unary, walk
from polyopt.model.scop import Access, Scop, Statement
from polyopt.model.types import FpMode
from polyopt.transform.auto.views import TYPICAL_SIZE

_WHERE = {
    "local": "in local memory",
    "registers": "in a register",
    "copies": "in a register",
    "tree": "a partial result in each item, combined in a tree",
}
COALESCED = "coalesced"
SAME = "the same for all items"
STRIDED = "strided, not coalesced"
ALONE = "by one item"

_Held = Mapping[tuple[str, str, tuple[Affine, ...]], str]


@dataclass(frozen=True, slots=True)
class AccessFact:
    """One access of a statement in a launch, and how the items of a group make it."""

    statement: str
    text: str
    how: str


@dataclass(frozen=True, slots=True)
class LaunchFacts:
    """One launch of the GPU mapping. `local` is in bytes a group; `intensity` are operations per
    byte of global memory, with size symbols taken at a typical value."""

    kernel: str
    items: tuple[int, ...]
    local: tuple[tuple[str, int], ...]
    barriers: int
    registers: tuple[str, ...]
    intensity: float
    accesses: tuple[AccessFact, ...]

    def __str__(self) -> str:
        size = sum(size for _, size in self.local)
        held = ", ".join(f"{name} {amount(size)}" for name, size in self.local)
        parts = [
            f"groups of {' x '.join(map(str, self.items))} items",
            f"local memory {amount(size)} a group ({held})" if size else "no local memory",
            f"{self.barriers or 'no'} barrier{'' if self.barriers == 1 else 's'}",
            f"in registers: {', '.join(self.registers) or 'nothing'}",
            f"about {self.intensity:.2g} operations a byte",
        ]
        lines = [f"launch {self.kernel}: {'; '.join(parts)}"]
        lines += [f"  {a.statement} {a.text}: {a.how}" for a in self.accesses]
        return "\n".join(lines)


def launch_facts(scop: Scop, loops: Loops, fp: FpMode) -> tuple[LaunchFacts, ...]:
    """The facts of every launch across groups and items, in the order of the program."""
    program = print_opencl(scop, loops, (), fp, scop.name, Limits("gpu"), frozenset())
    mapped = [x for x in launches(program.host) if not x.pieces and (x.groups or x.items != (1,))]
    nodes = list(_mapped(loops.body))
    if len(mapped) != len(nodes):
        return ()
    return tuple(_facts(launch, node, scop) for launch, node in zip(mapped, nodes, strict=True))


def _mapped(nodes: Iterable[Node]) -> Iterator[Node]:
    """What has a launch of its own, with its groups and items."""
    for node in nodes:
        match node:
            case For() if is_group(node) or is_item(node):
                yield node
            case For(parallel=False, body=body):
                yield from _mapped(body)
            case If(_, then, otherwise):
                yield from _mapped((*then, *otherwise))
            case Promote() if has_items(node):
                yield node


def _facts(launch: Launch, node: Node, scop: Scop) -> LaunchFacts:
    sizes = group_sizes(node)
    counts = _Counter(scop, sizes)
    counts.nodes((node,), 1.0, {}, ())
    return LaunchFacts(
        launch.kernel,
        launch.items,
        launch.local,
        launch.barriers,
        launch.registers,
        counts.operations / counts.bytes if counts.bytes else 0.0,
        tuple(dict.fromkeys(counts.accesses)),
    )


class _Counter:
    """Walks the loops of one launch, and adds up operations, bytes and kinds of accesses."""

    def __init__(self, scop: Scop, sizes: tuple[int, ...]) -> None:
        self.scop, self.sizes = scop, sizes
        self.operations = self.bytes = 0.0
        self.accesses: list[AccessFact] = []

    def nodes(
        self, nodes: Iterable[Node], times: float, held: _Held, items: tuple[For, ...]
    ) -> None:
        """Count some nodes that run so many times, in some item loops."""
        for node in nodes:
            match node:
                case Instance():
                    self._instance(node, times, held, items)
                case For(body=body):
                    trips = trip_bound(node)
                    inside = times * (TYPICAL_SIZE if trips is None else trips)
                    first = chain(node, "item") if is_item(node) and not items else ()
                    self.nodes(body, inside, held, items or first)
                case If(_, then, otherwise):
                    self.nodes((*then, *otherwise), times, held, items)
                case Promote():
                    self._block(node, times, held, items)

    def _block(self, node: Promote, times: float, held: _Held, items: tuple[For, ...]) -> None:
        shared = has_items(node) and not items
        kind = kind_of(node, self.scop, self.sizes) if shared else "registers"
        size = prod(node.shape) * self.scop.dtype(node.array).bits // 8
        moves = 1 if kind == "tree" else node.load + node.store
        self.bytes += times * size * moves
        keys = [(s, node.array, subs) for s, subs in node.targets] or [("", node.array, ())]
        self.nodes(node.body, times, {**held, **dict.fromkeys(keys, kind)}, items)

    def _instance(self, node: Instance, times: float, held: _Held, items: tuple[For, ...]) -> None:
        statement = self.scop.statement(node.statement)
        self.operations += times * _operations(statement)
        values = dict(zip(statement.iterators, node.values, strict=True))
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
    variable = next((loop.variable for loop in items if loop.grid == "item0"), None)
    if variable is None:
        return ALONE
    subscripts = [s.substitute(values) for s in access.subscripts]
    moving = [d for d, s in enumerate(subscripts) if variable in s.names()]
    if not moving:
        return SAME
    last = subscripts[-1]
    factor = last.coefficient(variable)
    rest = last - Affine.name(variable) * factor if factor in (1, -1) else last
    straight = moving == [len(subscripts) - 1] and variable not in rest.names()
    return COALESCED if straight else STRIDED


def _operations(statement: Statement) -> int:
    """The operations of one instance."""
    return sum(isinstance(e, Binary | Call | Unary) for e in walk(statement.value))
