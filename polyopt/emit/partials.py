"""Parallel loops that accumulate: a partial result for each part of the range.

    for k: acc += e(k)    →    parallel for part: parts[part] = 0
                                                  for k in part: parts[part] += e(k)
                               for part: acc += parts[part]

Parts have a length that depends on the range alone, and there are at most 1024 of them: results
are the same with every number of threads, and without threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.lanes import Accumulator, combined, has_lanes, identity
from polyopt.emit.loops import For, If, Node, Promote
from polyopt.emit.openmp import work_test
from polyopt.emit.scope import Scope
from polyopt.model.affine import Affine
from polyopt.transform.reducing import MOST_PARTIALS

_MOST_PARTS = 1024
_MOST_STEP = 1 << 30
"""Steps from which on a loop runs in order: the length of its parts could overflow."""

Call = Callable[[For, dict[str, str]], cgen.Generable]
"""Makes a function of a loop's body; gives the call of it with some arguments by their keys."""


def has_parts(node: For, accumulators: tuple[Accumulator, ...]) -> bool:
    """Whether a parallel loop is to be cut into parts with partial results."""
    return bool(node.partials and accumulators) and node.step < _MOST_STEP


def side_by_side(node: For) -> bool:
    """Whether a loop has accumulators side by side; strips of a loop that had parts have none."""
    return not node.parallel and 0 < node.partials <= MOST_PARTIALS


@dataclass(frozen=True)
class Cut:
    """A parallel loop cut into parts. `start` and `end` are the variables that hold the bounds of
    a part."""

    node: For
    scope: Scope

    @property
    def start(self) -> str:
        """The variable that holds where a part starts."""
        return f"{self.node.variable}_from"

    @property
    def end(self) -> str:
        """The variable that holds where a part ends."""
        return f"{self.node.variable}_to"

    def inner(self, *, vector: bool = False) -> For:
        """The loop over one part, as the body of a loop over parts."""
        piece = replace(
            self.node, lower=Affine.name(self.start), upper=Affine.name(self.end),
            parallel=False, vector=vector, partials=0, sums=(), work=(),
        )  # fmt: skip
        return replace(self.node, variable=self.start, body=(piece,), vector=False, unroll=0)

    def bounds(self, part: str, length: str, low: str, high: str) -> list[cgen.Generable]:
        """Where a part starts and ends, of parts of a length between two bounds."""
        start, end = (self.scope.names.of("value", n) for n in (self.start, self.end))
        return [
            integer(start, f"{low} + {part} * {length}"),
            integer(end, f"{high} - {start} > {length} ? {start} + {length} : {high}"),
        ]


@dataclass(frozen=True)
class Parts(Cut):
    """A parallel loop with accumulators, cut into parts."""

    accumulators: tuple[Accumulator, ...]

    def printed(self, call: Call, openmp: bool) -> list[cgen.Generable]:
        """The parts, on threads where that is worth it, and what combines them."""
        node, scope = self.node, self.scope
        variable = node.variable
        part, total, length, low, high = (
            scope.names.fresh(f"{variable}_{w}")
            for w in ("part", "parts", "length", "start", "end")
        )
        lanes = node.vector and has_lanes(node, self.accumulators)
        held = {a.key: scope.names.fresh(f"{a.place.name}_parts") for a in self.accumulators}
        unit = node.partials * node.step
        whole, last = unit * _MOST_PARTS, f"({high} - {low} - 1)"
        lines: list[cgen.Generable] = [
            integer(low, str(affine(node.lower, scope))),
            integer(high, str(affine(node.upper, scope))),
            integer(length, f"({high} > {low} ? {last} / {whole} + 1 : 1) * {unit}"),
            integer(total, f"{high} > {low} ? {last} / {length} + 1 : 0"),
        ]
        lines += [
            cgen.Statement(f"{a.place.dtype.ctype} {held[a.key]}[{_MOST_PARTS}]")
            for a in self.accumulators
        ]
        body = self.bounds(part, length, low, high)
        body += [
            cgen.Statement(f"{held[a.key]}[{part}] = {identity(a.op, a.place.dtype)}")
            for a in self.accumulators
        ]
        body.append(
            call(self.inner(vector=lanes), {k: f"&{name}[{part}]" for k, name in held.items()})
        )
        scope.used.values.difference_update({self.start, self.end})
        over = f"int64_t {part} = 0", f"{part} < {total}", f"{part}++"
        loop = _for(over, body)
        lines += self._threaded(loop) if openmp else [loop]
        sums: list[cgen.Generable] = [
            combined(a, f"{held[a.key]}[{part}]") for a in self.accumulators
        ]
        lines.append(_for(over, sums))
        return [cgen.Block(lines)]

    def _threaded(self, loop: cgen.Generable) -> list[cgen.Generable]:
        threaded = [cgen.Pragma("omp parallel for schedule(static)"), loop]
        test = work_test(self.node, self.scope, self.scope.target.parallel_threshold)
        if not test:
            return threaded
        return [cgen.If(cgen.Line(test), cgen.Block(threaded), cgen.Block([loop]))]


def integer(name: str, value: str) -> cgen.Generable:
    """The declaration of a constant integer."""
    return cgen.Statement(f"const int64_t {name} = {value}")


def _for(over: tuple[str, str, str], body: list[cgen.Generable]) -> cgen.Generable:
    return cgen.For(cgen.Line(over[0]), cgen.Line(over[1]), cgen.Line(over[2]), cgen.Block(body))


def in_order(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes with parallel reductions run in order, for a target that has no partial results
    but those of the items of a work group."""
    found: list[Node] = []
    for node in nodes:
        match node:
            case For():
                plain = node
                if node.partials and not node.grid.startswith("item"):
                    plain = replace(node, parallel=False, partials=0, sums=(), grid="")
                found.append(replace(plain, body=in_order(node.body)))
            case If():
                then, otherwise = in_order(node.then), in_order(node.otherwise)
                found.append(replace(node, then=then, otherwise=otherwise))
            case Promote():
                found.append(replace(node, body=in_order(node.body)))
            case _:
                found.append(node)
    return tuple(found)
