"""The OpenCL printer: loops in, OpenCL C 1.2 out, and what the host launches in which order.

    for t:                               host: for t: launch jacobi_i over the rows
        parallel for i:          →       __kernel void jacobi_i(n, t, A, B)
            S(t, i)                      {   for the rows of this group: S(t, i)   }

The text of loops and statements is the C printer's. What stands between parallel loops runs in a
kernel of one work item; a sequential loop around parallel ones is the host's, or a kernel of one
work item where the parallel loops are too small for a launch each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cgen

from polyopt.emit.affine_c import affine
from polyopt.emit.body_c import BodyPrinter, Position, braces
from polyopt.emit.declare import row_names
from polyopt.emit.launches import (
    Case,
    Choice,
    HostNode,
    Launch,
    LaunchProgram,
    Limits,
    Range,
    Repeat,
    Work,
    launches,
    show_host,
)
from polyopt.emit.layout import tidy
from polyopt.emit.loops import Comment, For, If, Loops, Node, Promote, below
from polyopt.emit.names import Names
from polyopt.emit.numerics import helper_text
from polyopt.emit.opencl_dialect import SHARE, TAKEN, prelude
from polyopt.emit.opencl_grid import GridPrinter
from polyopt.emit.opencl_host import array_buffers, has_parallel, largest_work, program_arguments
from polyopt.emit.opencl_packs import (
    PIECE,
    filling,
    own_copies,
    pack_buffers,
    pack_places,
    panels_of,
    refuse_packs,
)
from polyopt.emit.opencl_shape import (
    group_ranges,
    group_sizes,
    is_group,
    is_item,
    is_shared_copy,
)
from polyopt.emit.packs import buffer, filled
from polyopt.emit.partials import in_order
from polyopt.emit.place import Place, whole_array
from polyopt.emit.prepared import preparation
from polyopt.emit.program import CArgument, Check
from polyopt.emit.scope import Scope, Used, block_key
from polyopt.emit.target import OPENCL, OPENCL_CPU
from polyopt.errors import IllegalScheduleError, TargetUnavailableError
from polyopt.model.affine import Affine
from polyopt.model.scop import Scop
from polyopt.model.types import FpMode


def print_opencl(
    scop: Scop,
    loops: Loops,
    checks: tuple[Check, ...],
    fp: FpMode,
    symbol: str,
    limits: Limits,
    wanted: frozenset[str],
) -> LaunchProgram:
    """Print the loops of a model as an OpenCL program for a kind of device; see `LaunchProgram`.

    `wanted` are the arrays whose values before a call matter.

    Raises IllegalScheduleError for private arrays, and where items have their own part for packed
    buffers, which this printer has no memory for.
    """
    refuse_packs(loops.body, limits.model)
    _refuse_private(scop)
    _refuse_complex(scop)
    loops = replace(loops, body=in_order(loops.body))
    _, host, text = _printed(scop, loops, fp, symbol, limits)
    used = frozenset(a.name for launch in launches(host) for a in launch.arguments)
    packs = pack_places(scop, loops, Scope(Names(TAKEN), {}, fp, Used(), target=OPENCL_CPU))
    buffers = (*array_buffers(scop, loops, used, wanted), *pack_buffers(packs, used))
    return LaunchProgram(
        text,
        symbol,
        program_arguments(scop),
        checks,
        False,
        fp,
        (),
        buffers=buffers,
        host=host,
        model=limits.model,
    )


def launched(
    scop: Scop, loops: Loops, fp: FpMode, limits: Limits
) -> tuple[tuple[HostNode, ...], Mapping[str, tuple[Node, ...]]]:
    """The host's part of what `print_opencl` makes, and the loops that each kernel runs."""
    loops = replace(loops, body=in_order(loops.body))
    printer, host, _ = _printed(scop, loops, fp, scop.name, limits)
    return host, printer.nodes


def local_memory(scop: Scop, loops: Loops, fp: FpMode, limits: Limits) -> int:
    """The bytes of local memory that a group has at most, in any launch."""
    host, _ = launched(scop, loops, fp, limits)
    return max((sum(n for _, n in launch.local) for launch in launches(host)), default=0)


def _printed(
    scop: Scop, loops: Loops, fp: FpMode, symbol: str, limits: Limits
) -> tuple[KernelPrinter, tuple[HostNode, ...], str]:
    """What printed the kernels, the host's part, and the whole text."""
    names = Names(TAKEN)
    target = OPENCL_CPU if limits.model == "cpu" else OPENCL
    for argument in scop.arguments:
        if argument.name in scop.parameter_names:
            names.of("value", argument.name)
    places = {a.name: _buffer_place(a.name, scop, names) for a in scop.arrays}
    scope = Scope(names, places, fp, Used(), target=target)
    packs = pack_places(scop, loops, scope)
    scope = replace(scope, places={**places, **{key: pack.place for key, pack in packs.items()}})
    body = BodyPrinter(scop, symbol, False, target)
    apart = frozenset(key for key, pack in packs.items() if pack.apart)
    printer = KernelPrinter(scop, symbol, body, limits, apart)
    host = printer.host(loops.body, scope, ())
    return printer, host, _assemble(scop, scope, printer.kernels, host)


@dataclass
class KernelPrinter:
    """Prints kernels and notes their launches; `nodes` are the loops that each kernel runs, by its
    name. Of the packed buffers `apart` each group has one."""

    scop: Scop
    symbol: str
    body: BodyPrinter
    limits: Limits
    apart: frozenset[str] = frozenset()
    kernels: list[cgen.Generable] = field(default_factory=list)
    nodes: dict[str, tuple[Node, ...]] = field(default_factory=dict)

    def host(
        self,
        nodes: Iterable[Node],
        scope: Scope,
        outer: tuple[str, ...],
        large: Work | None = None,
    ) -> tuple[HostNode, ...]:
        """What the host does for some nodes inside its loops over `outer`, where `large` is known
        to be work enough."""
        made: list[HostNode] = []
        alone: list[Node] = []

        def flush() -> None:
            if any(not isinstance(n, Comment) for n in alone):
                made.append(self._single(tuple(alone), scope, outer))
            alone.clear()

        for node in nodes:
            if not has_parallel(node):
                alone.append(node)
                continue
            flush()
            if is_shared_copy(node):
                made += self.host(node.body, scope, outer, large)
            elif isinstance(node, Promote) and node.layout is not None:
                made += self._packed(node, scope, outer, large)
            else:
                made.append(self._parallel(node, scope, outer, large))
        flush()
        return tuple(made)

    def _parallel(
        self, node: Node, scope: Scope, outer: tuple[str, ...], large: Work | None
    ) -> HostNode:
        match node:
            case Promote():
                return self._mapped(node, scope, outer)
            case For(parallel=True) if is_group(node) or is_item(node):
                return self._mapped(node, scope, outer)
            case For(parallel=True):
                return self._shared(node, scope, outer)
            case For():
                inside = (*outer, node.variable)
                range_ = Range(node.lower, node.upper, node.step)
                work = largest_work(node)
                many = Repeat(node.variable, range_, self.host(node.body, scope, inside, work))
                if work == large:
                    return many
                return Choice(work, (many,), self._single((node,), scope, outer))
            case If(condition, then, otherwise):
                return Case(
                    condition,
                    self.host(then, scope, outer, large),
                    self.host(otherwise, scope, outer, large),
                )
        raise AssertionError("only loops and conditions hold parallel loops here")

    def _packed(
        self, node: Promote, scope: Scope, outer: tuple[str, ...], large: Work | None
    ) -> tuple[HostNode, ...]:
        """A kernel that fills a packed buffer, its groups a piece each, and what reads it."""
        inner = scope.inside_function(scope.places)
        place = buffer(node, self.scop, inner)
        panels, before = panels_of(node, self.scop), inner.helper("share")
        trips, first, last = (inner.names.fresh(f"{place.name}_{w}") for w in PIECE)

        def share(start: str, end: str) -> tuple[list[cgen.Generable], str, str]:
            given = [(trips, f"{end} - ({start})")]
            groups = "get_group_id(0)", "get_group_id(0) + 1"
            ends = zip((first, last), groups, strict=True)
            given += [(n, f"{start} + {before}({trips}, {g})") for n, g in ends]
            return [cgen.Statement(f"const int64_t {n} = {v}") for n, v in given], first, last

        lines = filled(node, place, self.scop, inner, False, share)
        inner.place(block_key(node, place), write=True)
        fill = self._kernel(f"{place.name}_fill", (), lines, inner, outer)
        fill = replace(fill, groups=(panels,), pieces=True, work=filling(node))
        within = scope.with_block(node, place)
        held = preparation(node, self.scop)
        if held is not None:
            key = block_key(node, place)
            within = replace(within, prepared={**scope.prepared, key: held})
        return fill, *self.host(node.body, within, outer, large)

    def _single(self, nodes: tuple[Node, ...], scope: Scope, outer: tuple[str, ...]) -> Launch:
        """A kernel of one work item."""
        first = next((n for n in nodes if isinstance(n, For)), None)
        inner = scope.inside_function(scope.places)
        body = self.body.nodes(nodes, inner, Position(outer, parallel=True))
        loop = first.loop if first is not None else "once"
        return self._kernel(loop, nodes, body, inner, outer)

    def _shared(self, node: For, scope: Scope, outer: tuple[str, ...]) -> Launch:
        """A kernel whose groups take a piece of a parallel loop each."""
        inner = scope.inside_function(scope.places)
        trips, first, last = (_own(inner, node.variable, w) for w in ("trips", "first", "last"))
        range_ = Range(node.lower, node.upper, node.step)
        before = [_constant(inner, trips, str(affine(range_.trips, inner)))]
        for name, number in ((first, "get_group_id(0)"), (last, "get_group_id(0) + 1")):
            offset = f"{inner.helper('share')}({inner.value(trips)}, {number})"
            offset = offset if node.step == 1 else f"{node.step} * {offset}"
            at_zero = node.lower == Affine()
            text = offset if at_zero else f"{affine(node.lower, inner)} + {offset}"
            before.append(_constant(inner, name, text))
        begin, end = Affine.name(first), Affine.name(last)
        piece = replace(node, lower=begin, upper=end, parallel=False, work=())
        body = self.body.nodes((piece,), inner, Position(outer, parallel=True))
        inner.used.values.difference_update({trips, first, last})
        launch = self._kernel(node.loop, (node,), [*before, *body], inner, outer)
        work = Work(node.work, node.work_scale)
        return replace(launch, groups=(range_,), pieces=True, work=work)

    def _mapped(self, node: For | Promote, scope: Scope, outer: tuple[str, ...]) -> Launch:
        """A kernel whose loops run across groups and items."""
        inner = scope.inside_function(scope.places)
        sizes = group_sizes(node, self.limits)
        printer = GridPrinter(self.body, sizes)
        body = printer.kernel(node, inner, Position(outer, parallel=True))
        loop = node if isinstance(node, For) else next(filter(is_item, below(node.body)))
        launch = self._kernel(loop.loop, (node,), body, inner, outer)
        facts = printer.facts
        return replace(
            launch,
            groups=group_ranges(node),
            items=sizes,
            local=tuple(facts.local),
            barriers=facts.barriers,
            registers=tuple(dict.fromkeys(facts.registers)),
        )

    def _kernel(
        self,
        loop: str,
        nodes: tuple[Node, ...],
        body: list[cgen.Generable],
        inner: Scope,
        outer: tuple[str, ...],
    ) -> Launch:
        """Note a kernel of this body, which runs these nodes; gives its launch by a single item."""
        used, places = inner.used, inner.places
        arrays = [key for key in places if key in used.arrays]
        body = [*own_copies([places[key] for key in arrays if key in self.apart]), *body]
        for key in arrays:
            used.values.update(row_names(places[key]))
        types = {a.name: a.type.dtype.passed for a in self.scop.arguments}
        parameters = self.scop.parameter_names
        known = dict.fromkeys([*reversed(outer), *parameters, *types])
        passed = [
            _passed_value(v, None if v in outer or v in parameters else types[v])
            for v in known
            if v in used.values
        ]
        passed += [CArgument("array", k, f"{_ctype(places[k])} *") for k in arrays]
        name = inner.names.fresh(f"{self.symbol}_{loop.replace('.', '_')}")
        declared = [
            _pointer(places[a.name], a.name not in used.written)
            if a.kind == "array"
            else cgen.Value(a.ctype, inner.names.of("value", a.name))
            for a in passed
        ]
        head = cgen.FunctionDeclaration(cgen.Value("__kernel void", name), declared)
        self.kernels.append(cgen.FunctionBody(head, braces(body)))
        self.nodes[name] = nodes
        return Launch(name, tuple(passed))


# ---- parts of kernels ------------------------------------------------------------------------


def _own(scope: Scope, variable: str, word: str) -> str:
    """A name that no model has, for a constant of the kernel; in C, `i_first`."""
    key = f"{variable} {word}"
    given = scope.names.given
    if ("value", key) not in given:
        given["value", key] = scope.names.fresh(f"{variable}_{word}")
    return key


def _constant(scope: Scope, name: str, value: str) -> cgen.Generable:
    return cgen.Statement(f"const int64_t {scope.value(name)} = {value}")


def _passed_value(name: str, ctype: str | None) -> CArgument:
    if ctype is None:
        return CArgument("parameter", name, "int64_t")
    return CArgument("scalar", name, "uchar" if ctype == "bool" else ctype)


def _ctype(place: Place) -> str:
    """The type of an array's elements in a buffer, where OpenCL has no bool."""
    return "uchar" if place.dtype.kind == "b" else place.dtype.ctype


def _pointer(place: Place, constant: bool) -> cgen.Declarator:
    qualifier = "__global const" if constant else "__global"
    return cgen.Value(f"{qualifier} {_ctype(place)}", f"*restrict {place.name}")


def _buffer_place(name: str, scop: Scop, names: Names) -> Place:
    place = whole_array(scop.array(name), names.of("array", name))
    return replace(place, pointer=not place.rank, flat=place.rank > 1, space="__global ")


# ---- the host's part -------------------------------------------------------------------------


def _refuse_private(scop: Scop) -> None:
    if scop.private_arrays:
        raise IllegalScheduleError(
            f'"{scop.private_arrays[0]}" has private copies, and an OpenCL device has no memory '
            f'for arrays of one item alone. Leave privatize out, or run it by target="openmp".'
        )


def _refuse_complex(scop: Scop) -> None:
    names = [a.name for a in scop.arguments if a.type.dtype.is_complex]
    names += [a.name for a in scop.arrays if a.dtype.is_complex]
    if names:
        raise TargetUnavailableError(
            f'"{names[0]}" is complex, and OpenCL C has no complex numbers. Pass the real and the '
            'imaginary parts as arrays of their own, or run it by target="openmp".'
        )


def _assemble(
    scop: Scop, scope: Scope, kernels: Sequence[cgen.Generable], host: tuple[HostNode, ...]
) -> str:
    """The whole text: what the host does as a comment, the prelude, helpers, kernels."""
    helpers = scope.used.helpers
    body = [SHARE] if "share" in helpers else []
    body += helper_text(helpers - {"share"})
    body += [tidy(str(kernel)) for kernel in kernels]
    text = "\n\n".join(body)
    told = [f"/* {scop.name}: {scop.location.short}", "", *show_host(host, "   "), "*/"]
    groups = ["\n".join(told), "\n".join(prelude(text, scope.fp == "strict")), text]
    return "\n\n".join(g for g in groups if g) + "\n"
