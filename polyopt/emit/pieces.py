"""Blocks of private scalars in one piece.

Where a loop runs once, isl takes the statements in it one after another, each with the marks
around it, and conditions around those. The pieces of one block that this makes stand side by
side with one origin; they become one block again. And where all of a statement comes before all
of the others in a loop, as in its first iteration, isl takes it out of the loop: the pieces then
are far apart, and the loop has to be held together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from polyopt.emit.isl_tree import Places
from polyopt.emit.loops import Comment, For, If, Instance, Node, Promote, below
from polyopt.emit.work import instances
from polyopt.model.dependences import Dependences
from polyopt.model.scop import Scop
from polyopt.transform.blocks import Promotion


def joined(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes with the pieces of each private block joined that stand side by side."""
    result: list[Node] = []
    for node in nodes:
        last = _block(result[-1]) if result else None
        block = _block(node)
        if last is not None and block is not None and _key(last) == _key(block):
            result[-1] = replace(last, body=(*_bare(result[-1]), *_bare(node)))
        else:
            result.append(node)
    # Blocks inside blocks come together only once those around them have.
    return tuple(map(_inside, result))


def _inside(node: Node) -> Node:
    match node:
        case For() | Promote():
            return replace(node, body=joined(node.body))
        case If():
            return replace(node, then=joined(node.then), otherwise=joined(node.otherwise))
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


# ---- pieces apart ----------------------------------------------------------------------------


def cut(nodes: tuple[Node, ...], dependences: Dependences) -> str | None:
    """An array with a private block in pieces, where one piece writes a value that another one
    reads; None where there is none."""
    pieces: dict[str, list[set[str]]] = {}
    for node in below(nodes):
        if isinstance(node, Promote) and not (node.load or node.store):
            inside = {i.statement for i in instances(node.body)}
            pieces.setdefault(node.array, []).append(inside)
    for dependence in dependences:
        found = pieces.get(dependence.array, [])
        if dependence.kind not in ("flow", "reduction") or len(found) < 2:
            continue
        source, sink = dependence.source, dependence.sink
        written = any(source in piece and sink not in piece for piece in found)
        if written and any(sink in piece and source not in piece for piece in found):
            return dependence.array
    return None


def spread(nodes: tuple[Node, ...], arrays: Iterable[str], scop: Scop) -> bool:
    """Whether one of these arrays is used in more than one loop on threads, or outside of any."""
    groups = [_users(group, scop) for group in _on_threads(nodes)]
    return any(sum(array in used for used in groups) > 1 for array in arrays)


def _users(nodes: tuple[Node, ...], scop: Scop) -> frozenset[str]:
    """The arrays that some nodes touch."""
    names = {i.statement for i in instances(nodes)}
    return frozenset(a.array for n in names for a in scop.statement(n).accesses)


def _on_threads(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """Each outermost loop on threads, and each single node outside of them."""
    for node in nodes:
        match node:
            case For(parallel=True) | For(pipeline=True) | Instance():
                yield (node,)
            case For() | Promote():
                yield from _on_threads(node.body)
            case If():
                yield from _on_threads((*node.then, *node.otherwise))


def private_places(promotions: tuple[Promotion, ...]) -> Places:
    """Where the blocks of private scalars stand."""
    return frozenset((p.path, p.position) for p in promotions if not (p.load or p.store))
