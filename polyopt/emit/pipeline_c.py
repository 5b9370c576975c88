"""Pipelined loops in C: iterations dealt to threads in turn, each a step behind the one before.

Every thread has a slot with the number of the iteration that it is at (its turn) and how far that
is. A thread at turn n waits for the slot of turn n - 1 only. No deadlock: turn 0 waits for
nothing, and turn n for turn n - 1, which the thread before has come to or will come to, since each
thread takes its turns in order; so the least turn that is not finished can always go on, with as
many threads as there are, one included. A turn ends after the one before it, however little it has
to do: the end of one tells of all before. Results are those of the order as written, for every
dependence goes forward in both loops. A slot is written by its thread alone and published by
release stores; a reader's acquire loads see all that ran before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.layout import Branch
from polyopt.emit.loops import Comment, For, If, Node
from polyopt.emit.scope import Scope
from polyopt.emit.text import Level
from polyopt.model.affine import Affine, extreme


def has_steps(nodes: Iterable[Node]) -> bool:
    """Whether there is a loop to wait at in the body of a pipelined one."""
    return any(_steps_in(node) for node in nodes)


def _steps_in(node: Node) -> bool:
    match node:
        case For(synced=synced):
            return synced
        case If(_, then, otherwise):
            return has_steps((*then, *otherwise))
        case _:
            return False


def _starts(nodes: Iterable[Node]) -> tuple[Affine, ...] | None:
    """The first steps of the loops over steps in some nodes; None where others stand there."""
    found: list[Affine] = []
    for node in nodes:
        match node:
            case For(synced=True):
                found.append(node.lower)
            case If(_, then, otherwise):
                inside = _starts((*then, *otherwise))
                if inside is None:
                    return None
                found += inside
            case Comment():
                pass
            case _:
                return None
    return tuple(found)


@dataclass(frozen=True)
class Pipeline:
    """A pipelined loop being printed: `nodes` prints what is inside and no step, `call` the body
    of a synced loop, `counted` a loop around a body."""

    loop: For
    scope: Scope
    nodes: Callable[[Node], list[cgen.Generable]]
    call: Callable[[For], cgen.Generable]
    counted: Callable[[For, cgen.Generable], list[cgen.Generable]]

    def in_order(self) -> list[cgen.Generable]:
        """The loop on one thread."""
        return self.counted(self.loop, cgen.Block(self._body(self.loop.body, None)))

    def on_threads(self) -> cgen.Generable:
        """The loop on as many threads as there are."""
        scope, loop = self.scope, self.loop
        slots, threads, own = (scope.names.fresh(n) for n in ("slots", "threads", "own"))
        turn = scope.names.fresh("turn")
        start, end = (scope.names.fresh(f"{loop.variable}_{n}") for n in ("start", "end"))
        scope.helper("pipeline")
        waits = _Waits(f"&{slots}[({turn} + {threads} - 1) % {threads}]", f"&{slots}[{own}]", turn)
        body = self._body(loop.body, waits)
        # A turn with nothing left to wait at ends no sooner: the one behind looks at it alone.
        body.append(waits.until("INT64_MAX"))
        body.append(_call("pipeline_turn", waits.own, f"{turn} + {threads}"))
        name = scope.names.of("value", loop.variable)
        lower, upper = affine(loop.lower, scope), affine(loop.upper, scope).at(Level.SHIFT)
        scope.used.values.discard(loop.variable)
        stride = "" if loop.step == 1 else f" * {loop.step}"
        dealt = cgen.For(
            cgen.Line(f"int64_t {turn} = {own}, {name} = {start} + {own}{stride}"),
            cgen.Line(f"{name} < {end}"),
            cgen.Line(f"{turn} += {threads}, {name} += {threads}{stride}"),
            cgen.Block(body),
        )
        region = cgen.Block(
            [
                cgen.Statement(
                    f"const int64_t {threads} = omp_get_num_threads(), {own} = omp_get_thread_num()"
                ),
                dealt,
            ]
        )
        return cgen.Block(
            [
                cgen.Statement(f"struct pipeline {slots}[PIPELINE_THREADS]"),
                cgen.Statement(f"const int64_t {start} = {lower}, {end} = {upper}"),
                cgen.Pragma(f"omp parallel num_threads(pipeline_threads({slots}))"),
                region,
            ]
        )

    def _body(self, nodes: Iterable[Node], waits: _Waits | None) -> list[cgen.Generable]:
        whole = tuple(nodes)
        parts = []
        for number, node in enumerate(whole, 1):
            parts += self._node(node, waits and waits.followed_by(whole[number:]))
        return parts

    def _node(self, node: Node, waits: _Waits | None) -> list[cgen.Generable]:
        if isinstance(node, For) and node.synced:
            call = self.call(node)
            if waits is None:
                return self.counted(node, call)
            value = Affine.name(node.variable)
            before = waits.until(str(affine(value + node.step, self.scope)))
            reached = waits.reached(value + 1)
            if reached is None:
                return self.counted(node, cgen.Block([before, call]))
            after = _call("pipeline_reach", waits.own, str(affine(reached, self.scope)))
            return self.counted(node, cgen.Block([before, call, after]))
        if isinstance(node, If) and _steps_in(node):
            test = cgen.Line(str(condition(node.condition, self.scope)))
            then = cgen.Block(self._body(node.then, waits))
            rest = cgen.Block(self._body(node.otherwise, waits)) if node.otherwise else None
            return [Branch(test, then, rest) if rest else Branch(test, then)]
        # What is at no step: after all of the turn before.
        return [*([waits.until("INT64_MAX")] if waits else []), *self.nodes(node)]


@dataclass(frozen=True)
class _Waits:
    """The slot of the turn before, the thread's own, and the variable that counts turns; `later`
    is what the turn still runs after the loop at hand."""

    before: str
    own: str
    turn: str
    later: tuple[Node, ...] = ()

    def followed_by(self, nodes: tuple[Node, ...]) -> _Waits:
        """The same before some nodes of the turn."""
        return replace(self, later=(*nodes, *self.later))

    def reached(self, value: Affine) -> Affine | None:
        """Below what all of the turn has finished; None where what follows has no such bound.

        Iterations of two residues (S1 at even, S2 at odd ones) are printed as one, with a loop
        over steps for each. The second starts anew, so the first may say no more than its start.
        """
        starts = _starts(self.later)
        return None if starts is None else extreme("min", (value, *starts))

    def until(self, value: str) -> cgen.Generable:
        """The wait for the turn before to have finished everything below a value."""
        return _call("pipeline_wait", self.before, f"{self.turn} - 1", value)


def _call(name: str, *arguments: str) -> cgen.Generable:
    return cgen.Statement(f"{name}({', '.join(arguments)})")
