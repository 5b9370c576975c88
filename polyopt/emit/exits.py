"""Loops that end once their flag is false.

    for t in [0, n):                          for t in [0, n):
        go_now = go                               if !go: break
        if go_now: …                  →           go_now = go
                                                  if go_now: …

Iterations behind do nothing, so that leaving them out changes nothing. That holds for a loop that
runs one iteration after the other, along the iterator of the flagged source loop, and all of whose
statements are of that loop. Where lanes have a flag each, it ends once all are false:

    for t in [0, n):                          for t in [0, n):
        for i in [0, 16):                         if !(go[0] or … go[15]): break
            go_now = go[i]             →          for i in [0, 16):
            if go_now: …                              …
"""

from __future__ import annotations

from dataclasses import replace

from polyopt.emit.loops import Comment, For, If, Instance, Node, Promote, below
from polyopt.emit.work import instances
from polyopt.errors import IllegalScheduleError, UnsupportedSyntaxError
from polyopt.model.affine import Affine
from polyopt.model.nest import ENDLESS, Exit
from polyopt.model.scop import Scop


def with_exits(nodes: tuple[Node, ...], scop: Scop) -> tuple[Node, ...]:
    """The loops, those with a flag marked.

    Raises IllegalScheduleError where a while loop no longer is one loop in source order.
    """
    if not any(s.exits for s in scop.statements):
        return nodes
    blocks = (n for n in below(nodes) if isinstance(n, Promote))
    targeted = {b.array for b in blocks if b.targets or b.layout or _dimensions(b) > 1}
    return _Marking(scop, targeted).nodes(nodes, frozenset(), frozenset(), False)


def refuse_endless(scop: Scop, target: str) -> None:
    """Raise UnsupportedSyntaxError for a while loop, on a target that does not take one."""
    for statement in scop.statements:
        if any(e.endless for e in statement.exits):
            raise UnsupportedSyntaxError(
                f"{scop.name} has a while loop around this, and {target} launches loops whose "
                'length is known.\n  Call it with target="openmp".',
                statement.location,
            )


def _dimensions(block: Promote) -> int:
    return sum(extent > 1 for extent in block.shape)


class _Marking:
    def __init__(self, scop: Scop, targeted: set[str]) -> None:
        self.scop = scop
        self.targeted = targeted
        self.private = scop.private_scalars

    def nodes(
        self,
        nodes: tuple[Node, ...],
        ended: frozenset[str],
        blocks: frozenset[str],
        vector: bool,
    ) -> tuple[Node, ...]:
        """`ended`: the flags of loops around; `blocks`: what has a block around."""
        return tuple(self.node(n, ended, blocks, vector) for n in nodes)

    def node(self, node: Node, ended: frozenset[str], blocks: frozenset[str], vector: bool) -> Node:
        match node:
            case For(body=body):
                found = self.exit(node, blocks, vector)
                inner = ended | {found.flag} if found else ended
                body = self.nodes(body, inner, blocks, vector or node.vector)
                return replace(node, body=body, exit=found.flag if found else "")
            case If(then=then, otherwise=otherwise):
                sides = [self.nodes(side, ended, blocks, vector) for side in (then, otherwise)]
                return replace(node, then=sides[0], otherwise=sides[1])
            case Promote(array=array, body=body):
                return replace(node, body=self.nodes(body, ended, blocks | {array}, vector))
            case Instance():
                self.check(node, ended)
                return node
            case Comment():
                return node

    def check(self, node: Instance, ended: frozenset[str]) -> None:
        for each in self.scop.statement(node.statement).exits:
            if each.endless and each.flag not in ended:
                raise IllegalScheduleError(
                    f"{node.statement} is in a while loop, which stays one loop that runs one "
                    "iteration after the other: leave out the steps that change it"
                )

    def exit(self, loop: For, blocks: frozenset[str], vector: bool) -> Exit | None:
        """The flag that may end a loop."""
        plain = not (loop.parallel or loop.vector or loop.pipeline or loop.partials or vector)
        if not plain or loop.step != 1:
            return None
        inside = list(instances(loop.body))
        first = self.scop.statement(inside[0].statement).exits if inside else ()
        return next((e for e in first if self.holds(e, loop, inside, blocks)), None)

    def holds(
        self, wanted: Exit, loop: For, inside: list[Instance], blocks: frozenset[str]
    ) -> bool:
        flag = wanted.flag
        if flag in self.targeted or (flag in self.private and flag not in blocks):
            return False
        if any(isinstance(n, Promote) and n.array == flag for n in below(loop.body)):
            return False
        if wanted.endless and (loop.lower, loop.upper) != (Affine(), ENDLESS):
            return False
        values = set()
        for instance in inside:
            statement = self.scop.statement(instance.statement)
            if wanted not in statement.exits:
                return False
            values.add(instance.values[statement.iterators.index(wanted.iterator)])
        ways = (Affine.name(loop.variable), -Affine.name(loop.variable))
        return len(values) == 1 and any((values.copy().pop() - way).is_constant for way in ways)
