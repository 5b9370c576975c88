"""Blocks of private scalars in one piece.

Where a loop runs once, isl takes the statements in it one after another, each with the marks
around it, and conditions around those. The pieces of one block that this makes stand side by
side with one origin; they become one block again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from polyopt.emit.loops import Comment, For, If, Instance, Node, Promote
from polyopt.emit.work import instances
from polyopt.errors import IllegalScheduleError
from polyopt.model.scop import Scop


def joined(nodes: tuple[Node, ...], scop: Scop) -> tuple[Node, ...]:
    """The nodes with the pieces of each private block joined.

    Raises IllegalScheduleError where a piece that reads what another wrote stays apart from it.
    """
    result: list[Node] = []
    for node in nodes:
        last = _block(result[-1]) if result else None
        block = _block(node)
        if last is not None and block is not None and _key(last) == _key(block):
            result[-1] = replace(last, body=(*_bare(result[-1]), *_bare(node)))
        else:
            result.append(node)
    # Blocks inside blocks come together only once those around them have.
    done = tuple(_inside(node, scop) for node in result)
    for node in done:
        _check(node, scop)
    return done


def _inside(node: Node, scop: Scop) -> Node:
    match node:
        case For() | Promote():
            return replace(node, body=joined(node.body, scop))
        case If():
            return replace(
                node, then=joined(node.then, scop), otherwise=joined(node.otherwise, scop)
            )
        case Instance() | Comment():
            return node


def _key(block: Promote) -> tuple[object, ...]:
    return (block.array, block.name, block.origin, block.shape)


def _block(node: Node) -> Promote | None:
    """The private block that a node is, under conditions or not."""
    match node:
        case Promote(load=False, store=False):
            return node
        case If(_, then, otherwise):
            found = [_block(n) for n in (*then, *otherwise)]
            blocks = [b for b in found if b is not None]
            same = len(blocks) == len(found) and len({_key(b) for b in blocks}) == 1
            return blocks[0] if same else None
        case _:
            return None


def _bare(node: Node) -> tuple[Node, ...]:
    """The node without its block."""
    match node:
        case Promote():
            return node.body
        case If():
            return (
                replace(
                    node,
                    then=tuple(b for n in node.then for b in _bare(n)),
                    otherwise=tuple(b for n in node.otherwise for b in _bare(n)),
                ),
            )
        case _:
            raise TypeError("a block, under conditions or not")


def _check(node: Node, scop: Scop) -> None:
    """A private block begins with a statement that writes the scalar and does not read it."""
    if not isinstance(node, Promote) or node.load or node.store:
        return
    first = next(_users(node, scop), None)
    if first is None:
        return
    statement = scop.statement(first.statement)
    reads = any(a.array == node.array and a.kind == "read" for a in statement.accesses)
    if reads:
        raise IllegalScheduleError(
            f'the private copies of "{node.array}" would be cut up between statements here. '
            f"Leave out the last step on the loops around them."
        )


def _users(block: Promote, scop: Scop) -> Iterator[Instance]:
    for instance in instances(block.body):
        if any(a.array == block.array for a in scop.statement(instance.statement).accesses):
            yield instance
