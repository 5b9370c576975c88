"""Parallel loops that accumulate into whole arrays: each part of the range has a copy of them.

    for k: h[idx[k]] += e(k)    →    parallel for part: copies[part][…] = 0
                                                        for k in part: copies[part][idx[k]] += e(k)
                                     for all x: h[x] += copies[part][x], part after part

The number of parts follows from sizes alone, so that results are the same with every number of
threads, and without threads. It is a power of two, which threads share evenly, such that making
the copies and combining them is a fraction of the work; where not two would pay, or there is no
memory for the copies, the loop runs as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.lanes import Accumulator, combined, identity
from polyopt.emit.openmp import work_test
from polyopt.emit.partials import Call, Cut, integer
from polyopt.emit.place import Place
from polyopt.emit.scope import Scope
from polyopt.emit.text import Level

_MOST_PARTS = 64
_PER_ELEMENT = 16
"""Instances of statements that pay for one element of a copy: it is written and read once more,
in order, while those update anywhere (measured with 4 to 16: a histogram of 10^5 cells)."""
_PER_PART = 4096
_PIECE = 2048


@dataclass(frozen=True)
class ArrayParts(Cut):
    """A parallel loop that sums into arrays, cut into parts with copies of these."""

    def printed(self, call: Call, openmp: bool) -> list[cgen.Generable]:
        """The parts, on threads where that is worth it, and what combines them."""
        node, scope = self.node, self.scope
        words = ("part", "parts", "length", "start", "end", "apart")
        part, total, length, low, high, apart = (
            scope.names.fresh(f"{node.variable}_{word}") for word in words
        )
        copies = [_Copies.of(key, op, part, scope) for key, op in node.sums]
        unit = node.partials * node.step
        lines: list[cgen.Generable] = [
            integer(low, str(affine(node.lower, scope))),
            integer(high, str(affine(node.upper, scope))),
            *(line for c in copies for line in c.sizes(scope)),
            cgen.Statement(f"int64_t {total} = {self._parts([c.span for c in copies])}"),
            *(c.allocated(total) for c in copies),
            cgen.Statement(f"const bool {apart} = {' && '.join(c.memory for c in copies)}"),
            cgen.If(cgen.Line(f"!{apart}"), cgen.Block([cgen.Statement(f"{total} = 1")])),
            integer(length, f"(({high} - {low} - 1) / ({unit} * {total}) + 1) * {unit}"),
            cgen.Statement(f"{total} = {high} > {low} ? ({high} - {low} - 1) / {length} + 1 : 0"),
        ]
        body: list[cgen.Generable] = [
            *self.bounds(part, length, low, high),
            *(line for c in copies for line in c.started(apart)),
            call(self.inner(), {c.key: f"(void *){c.copy}" for c in copies}),
        ]
        scope.used.values.difference_update({self.start, self.end})
        loop = _for(part, "0", total, "++", body)
        lines += self._threaded(loop, total) if openmp else [loop]
        combining = [line for c in copies for line in c.combined(total, openmp, scope)]
        lines.append(cgen.If(cgen.Line(apart), cgen.Block(combining)))
        lines += [cgen.Statement(f"free({c.memory})") for c in copies]
        return [cgen.Block(lines)]

    def _parts(self, spans: list[str]) -> str:
        """The number of parts by the work and the elements of one copy."""
        node = self.node
        factors = node.work or (node.upper - node.lower,)
        work = " * ".join(str(affine(f, self.scope).at(Level.UNARY)) for f in factors)
        cost = f"({_PER_ELEMENT}.0 * ({' + '.join(spans)}) + {_PER_PART})"
        share = f"(double){work} / {cost}"
        self.scope.used.helpers.add("parts_of")
        return f"parts_of({share}, {_MOST_PARTS})"

    def _threaded(self, loop: cgen.Generable, total: str) -> list[cgen.Generable]:
        threaded = [cgen.Pragma("omp parallel for schedule(dynamic)"), loop]
        test = work_test(self.node, self.scope, self.scope.target.parallel_threshold)
        tests = f"{total} > 1{f' && {test}' if test else ''}"
        return [cgen.If(cgen.Line(tests), cgen.Block(threaded), cgen.Block([loop]))]


@dataclass(frozen=True)
class _Copies:
    """The copies of one array: `memory` holds those of all parts, each of `span` elements, of
    which the array's first is at `first`; `copy` is that of one part."""

    key: str
    place: Place
    op: str
    part: str
    span: str
    memory: str
    copy: str
    first: str

    @staticmethod
    def of(key: str, op: str, part: str, scope: Scope) -> _Copies:
        place = scope.place(key, write=True)
        span, memory, copy, first = (
            scope.names.fresh(f"{place.name}_{word}") for word in ("span", "parts", "copy", "first")
        )
        return _Copies(key, place, op, part, span, memory, copy, first)

    def sizes(self, scope: Scope) -> list[cgen.Generable]:
        """The number of elements from the first to the last in memory, and where the one with
        subscripts 0 is among them."""
        extents = [affine(e, scope).at(Level.UNARY) for e in self.place.extents]
        if self.place.strides is None:
            return [integer(self.span, " * ".join(extents))]
        steps = [self._step(d, scope) for d in range(len(extents))]
        reach = [f"({e} - 1) * {s}" for e, s in zip(extents, steps, strict=True)]
        ahead = [f"({r} < 0 ? -({r}) : 0)" for r in reach]
        sizes = [f"({r} < 0 ? -({r}) : {r})" for r in reach]
        return [
            integer(self.first, " + ".join(ahead)),
            integer(self.span, " + ".join([*sizes, "1"])),
        ]

    def _step(self, dimension: int, scope: Scope) -> str:
        step = self.place.strides[dimension] if self.place.strides is not None else None
        return "1" if step is None else scope.value(step)

    def allocated(self, total: str) -> cgen.Generable:
        """Memory for all copies, where there are to be two at least."""
        ctype = self.place.dtype.ctype
        size = f"(size_t)({total} * {self.span}) * sizeof({ctype})"
        return cgen.Statement(f"{ctype} *const {self.memory} = {total} > 1 ? malloc({size}) : NULL")

    def started(self, apart: str) -> list[cgen.Generable]:
        """The copy of a part, made; the array itself where there are none."""
        ctype, dtype = self.place.dtype.ctype, self.place.dtype
        first = "" if self.place.strides is None else f" + {self.first}"
        neutral = "-0.0" if dtype.is_float and self.op == "add" else identity(self.op, dtype)
        mine = f"{self.memory} + {self.part} * {self.span}"
        index = f"{self.copy}_i"
        fill = _for(index, "0", self.span, "++", [cgen.Statement(f"({mine})[{index}] = {neutral}")])
        held = f"{apart} ? {mine}{first} : ({ctype} *){self.place.name}"
        return [
            cgen.If(cgen.Line(apart), cgen.Block([fill])),
            cgen.Statement(f"{ctype} *const {self.copy} = {held}"),
        ]

    def combined(self, total: str, openmp: bool, scope: Scope) -> list[cgen.Generable]:
        """Every copy added to the array, in the order of the parts."""
        if self.place.strides is None:
            return self._in_pieces(total, openmp)
        indices = [f"{self.copy}_{d}" for d in range(self.place.rank)]
        terms = [f"{i} * {self._step(d, scope)}" for d, i in enumerate(indices)]
        offset = " + ".join(terms)
        lane = f"{self.memory}[{self.part} * {self.span} + {self.first} + {offset}]"
        body: cgen.Generable = cgen.Block([self._added(f"{self.place.name}[{offset}]", lane)])
        for i, extent in reversed(list(zip(indices, self.place.extents, strict=True))):
            body = cgen.Block([_for(i, "0", affine(extent, scope).at(Level.UNARY), "++", [body])])
        return [_for(self.part, "0", total, "++", [body])]

    def _in_pieces(self, total: str, openmp: bool) -> list[cgen.Generable]:
        start, end, index = (f"{self.copy}_{word}" for word in ("from", "to", "i"))
        lane = f"{self.memory}[{self.part} * {self.span} + {index}]"
        whole = f"(({self.place.dtype.ctype} *){self.place.name})[{index}]"
        adding = _for(index, start, end, "++", [self._added(whole, lane)])
        body: list[cgen.Generable] = [
            integer(end, f"{self.span} - {start} > {_PIECE} ? {start} + {_PIECE} : {self.span}"),
            _for(self.part, "0", total, "++", [adding]),
        ]
        loop = _for(start, "0", self.span, f" += {_PIECE}", body)
        if not openmp:
            return [loop]
        return [cgen.Pragma(f"omp parallel for if ({total} * {self.span} > 65536)"), loop]

    def _added(self, element: str, lane: str) -> cgen.Generable:
        place = replace(self.place, name=element, pointer=False)
        return combined(Accumulator(self.key, place, self.op), lane)


def _for(
    index: str, start: str, end: str, step: str, body: Iterable[cgen.Generable]
) -> cgen.Generable:
    first, test = cgen.Line(f"int64_t {index} = {start}"), cgen.Line(f"{index} < {end}")
    return cgen.For(first, test, cgen.Line(f"{index}{step}"), cgen.Block(list(body)))
