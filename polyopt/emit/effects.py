"""Which arrays a piece of the loop form reads and writes, outside of its own promoted blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from polyopt.emit.loops import For, If, Instance, Node, Promote
from polyopt.model.scop import Scop

FAILED = "index out of bounds"
"""The place where statements that check subscripts themselves note one that fails."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Names of arrays read and written."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def __or__(self, other: Effects) -> Effects:
        return Effects(self.reads | other.reads, self.writes | other.writes)

    def without(self, array: str) -> Effects:
        """The same for all arrays but one."""
        return Effects(self.reads - {array}, self.writes - {array})


def effects(nodes: Iterable[Node], scop: Scop) -> Effects:
    """The effects of some nodes together."""
    result = Effects()
    for node in nodes:
        result = result | _of_node(node, scop)
    return result


def _of_node(node: Node, scop: Scop) -> Effects:
    match node:
        case Instance(name):
            statement = scop.statement(name)
            reads = frozenset(a.array for a in statement.accesses if a.kind == "read")
            writes = {a.array for a in statement.accesses if a.kind != "read"}
            return Effects(reads, frozenset(writes | ({FAILED} if statement.late else set())))
        case For(body=body):
            return effects(body, scop)
        case If(_, then, otherwise):
            return effects(then, scop) | effects(otherwise, scop)
        case Promote(array, body=body, load=load, store=store, targets=targets):
            block = frozenset({array})
            copies = Effects(block if load else frozenset(), block if store else frozenset())
            inside = effects(body, scop)
            return (inside if targets else inside.without(array)) | copies
        case _:
            return Effects()
