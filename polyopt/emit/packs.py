"""Packed buffers in C: their memory, their subscripts, and the loops that fill them.

    for p: for k: for q < 24:    B_pack[p][k][q] = B[k0 + k][j0 + 24 p + q]

Whole panels are copied by a loop of constant length; the last one, and what it has beyond the
array, by one with a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.expr_c import expression
from polyopt.emit.layout import Branch
from polyopt.emit.loops import For, If, Node, Promote
from polyopt.emit.place import Place
from polyopt.emit.prepared import filled_in, preparation
from polyopt.emit.scope import Scope, block_key
from polyopt.model.affine import Affine, extreme
from polyopt.model.expr import Expr, Load
from polyopt.model.layout import Layout
from polyopt.model.scop import Scop

_SHARED_COPY = 1 << 14
"""Elements below which one thread fills a buffer that all share."""


def buffers(nodes: Iterable[Node], scop: Scop, scope: Scope, openmp: bool) -> dict[str, Place]:
    """The places of all packed buffers, by their keys in a scope."""
    found: dict[str, Place] = {}
    for node, threads in _packs(nodes, False):
        place = buffer(node, scop, scope)
        key = block_key(node, place)
        shared = found.get(key)
        apart = (threads and openmp) or (shared is not None and shared.threads)
        found[key] = replace(place, threads=apart)
    return found


def _packs(nodes: Iterable[Node], parallel: bool) -> Iterator[tuple[Promote, bool]]:
    """Every pack, and whether it is inside a parallel loop."""
    for node in nodes:
        match node:
            case For():
                yield from _packs(node.body, parallel or node.parallel or node.pipeline)
            case If(_, then, otherwise):
                yield from _packs((*then, *otherwise), parallel)
            case Promote():
                if node.layout is not None:
                    yield node, parallel
                yield from _packs(node.body, parallel)


def buffer(node: Promote, scop: Scop, scope: Scope) -> Place:
    """The place of a pack's buffer, where its loop stands."""
    if node.layout is None:
        raise TypeError("a pack has a layout")
    extents = _extents(node, node.layout)
    name = scope.names.of("array", node.name)
    dtype = scop.dtype(node.array)
    kept = tuple(range(len(extents)))
    memory = scope.target.memory
    return Place(
        name, node.array, dtype, extents, node.origin, kept,
        layout=node.layout, flat=bool(memory), space=memory,
    )  # fmt: skip


def _extents(node: Promote, layout: Layout) -> tuple[Affine, ...]:
    """The extents of a buffer; along dimensions without constant ones, what sizes tell."""
    spans = dict(node.spans)
    numbers = map(Affine.integer, layout.extents(node.shape))
    dimensions = (*layout.order, *(None for _ in layout.inner))
    return tuple(
        n if d is None else spans.get(d, n) for d, n in zip(dimensions, numbers, strict=True)
    )


Share = Callable[[str, str], tuple[list[cgen.Generable], str, str]]
"""What comes before the outermost loop, and its bounds, of one that shares its work by these."""


def filled(
    node: Promote,
    place: Place,
    scop: Scop,
    scope: Scope,
    openmp: bool,
    share: Share | None = None,
) -> list[cgen.Generable]:
    """The loops that fill a pack's buffer; on threads where `openmp` and it is worth it, or shared
    out by `share`."""
    layout = node.layout
    if layout is None:
        raise TypeError("a pack has a layout")
    copy = _Copy(node, place, layout, scope, preparation(node, scop))
    loops = copy.loops(scop.array(node.array).shape, share)
    scope.used.values.difference_update(copy.names)
    if openmp and layout.size(node.shape) >= _SHARED_COPY:
        loops.insert(-1, cgen.Pragma("omp parallel for schedule(static)"))
    return [cgen.Comment(f"{node.array} packed"), cgen.Block(loops)]


class _Copy:
    """The parts of the loops that fill a buffer, as C text."""

    def __init__(
        self, node: Promote, place: Place, layout: Layout, scope: Scope, held: Expr | None
    ) -> None:
        self.node, self.place, self.layout, self.scope = node, place, layout, scope
        outer = {d: f"{place.name}_{d}" for d in layout.order}
        inner = {d: f"{place.name}_in{d}" for d in layout.inner}
        self.names = (*outer.values(), *inner.values())
        self.outer = {d: scope.names.of("value", n) for d, n in outer.items()}
        self.inner = {d: scope.names.of("value", n) for d, n in inner.items()}
        at = {d: Affine.name(outer[d]) * layout.width(d) for d in outer}
        at |= {d: at[d] + Affine.name(inner[d]) for d in inner}
        self.at = {d: str(affine(a, scope)) for d, a in at.items()}
        subscripts = tuple(o + at[d] for d, o in enumerate(node.origin))
        load = Load(node.array, subscripts, place.dtype)
        self.source = str(expression(load if held is None else filled_in(held, load), scope))
        cells = (*self.outer.values(), *self.inner.values())
        self.target = place.name + _cell(place, cells)

    def loops(self, shape: tuple[Affine, ...], share: Share | None) -> list[cgen.Generable]:
        """The loops, after the extents that they need; `shape` is the array's."""
        lines: list[cgen.Generable] = []
        ends: dict[int, str] = {}
        starts: dict[int, str] = {}

        def named(name: str, value: Affine) -> str:
            name = self.scope.names.fresh(f"{self.place.name}_{name}")
            lines.append(cgen.Statement(f"const int64_t {name} = {affine(value, self.scope)}"))
            return name

        spans = dict(self.node.spans)
        for d, origin in enumerate(self.node.origin):
            extent = spans.get(d, Affine.integer(self.node.shape[d]))
            ends[d] = named(f"end{d}", extreme("min", [extent, shape[d] - origin]))
            if not _is_natural(origin, self.scope):
                starts[d] = named(f"start{d}", extreme("max", [Affine(), -origin]))
        line = self._cells(starts, ends)
        for d in reversed(self.layout.order):
            width = self.layout.width(d)
            start, end = starts.get(d, "0"), ends[d]
            if width > 1:
                start = "0" if start == "0" else f"{start} / {width}"
                end = f"({end} + {width - 1}) / {width}"
            if share is not None and d == self.layout.order[0]:
                before, start, end = share(start, end)
                lines += before
            line = _loop(self.outer[d], start, end, line)
        return [*lines, line]

    def _cells(self, starts: dict[int, str], ends: dict[int, str]) -> cgen.Generable:
        """What is done in one place of the outer loops: all of a panel's row, or what there is."""
        whole = cgen.Statement(f"{self.target} = {self.source}")
        if not self.inner:
            return whole
        full: list[str] = []
        here: list[str] = []
        for d, name in self.outer.items():
            if d in self.inner:
                width = self.layout.width(d)
                full.append(f"{width} * {name} + {width} <= {ends[d]}")
                here.append(f"{self.at[d]} < {ends[d]}")
                if d in starts:
                    full.append(f"{width} * {name} >= {starts[d]}")
                    here.append(f"{self.at[d]} >= {starts[d]}")
        part: cgen.Generable = cgen.If(cgen.Line(" && ".join(here)), whole)
        if self.layout.pad:
            test = " && ".join(here)
            part = cgen.Statement(f"{self.target} = {test} ? {self.source} : 0")
        return Branch(cgen.Line(" && ".join(full)), self._panel(whole), self._panel(part))

    def _panel(self, line: cgen.Generable) -> cgen.Block:
        for d in reversed(self.layout.inner):
            line = _loop(self.inner[d], "0", str(self.layout.width(d)), line)
        return cgen.Block([line])


def _cell(place: Place, cells: tuple[str, ...]) -> str:
    """The subscripts of a cell of a buffer: one to each dimension, or one in all."""
    if not place.flat:
        return "".join(f"[{c}]" for c in cells)
    text, *rest = cells
    for cell, extent in zip(rest, place.extents[1:], strict=True):
        text = f"({text}) * {extent} + {cell}"
    return f"[{text}]"


def _loop(name: str, start: str, end: str, body: cgen.Generable) -> cgen.Generable:
    return cgen.For(
        cgen.Line(f"int64_t {name} = {start}"), cgen.Line(f"{name} < {end}"),
        cgen.Line(f"{name}++"), body,
    )  # fmt: skip


def _is_natural(value: Affine, scope: Scope) -> bool:
    """Whether an affine of loop variables is seen never to be negative."""
    return value.constant >= 0 and all(
        factor > 0 and isinstance(atom, str) and atom in scope.loops
        and _is_natural(scope.loops[atom][0], scope)
        for atom, factor in value.terms
    )  # fmt: skip
