"""Loops in C: loops, guards and promoted blocks, as cgen nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.array_parts import ArrayParts
from polyopt.emit.block_copies import block_end, block_start
from polyopt.emit.declare import parameter, row_names
from polyopt.emit.effects import effects
from polyopt.emit.exit_c import loop_exit
from polyopt.emit.expr_c import expression
from polyopt.emit.lanes import Accumulator, has_lanes, lane_loop
from polyopt.emit.layout import Branch
from polyopt.emit.loops import Comment, For, If, Instance, Node, Promote, below
from polyopt.emit.openmp import (
    has_parallel,
    in_chunks,
    parallel_pragma,
    reduction_clause,
    shared_pragma,
    trip_bound,
    work_test,
)
from polyopt.emit.packs import buffer, filled
from polyopt.emit.partials import Parts, has_parts, side_by_side
from polyopt.emit.pipeline_c import Pipeline, has_steps
from polyopt.emit.place import Place, block_of, strides
from polyopt.emit.prefetch import prefetches
from polyopt.emit.prepared import preparation
from polyopt.emit.recurrence_c import recurrence_loop, recurrence_of
from polyopt.emit.scope import Scope, block_key
from polyopt.emit.statement_c import comment_text, guard_of, instance
from polyopt.emit.target import CTarget
from polyopt.emit.text import Level
from polyopt.emit.unswitching import given_by, steady_guard, without
from polyopt.emit.vectors import lanes_of, vector_loop
from polyopt.model.affine import Compare
from polyopt.model.expr import Expr
from polyopt.model.scop import Scop

_LONG_BOUND = 60
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the loops the printer stands.

    `outer` are the variables of the loops around it, `parallel` says that one of them runs on
    threads, `reductions` are the clauses that the next vector loop needs, and `accumulators`
    the blocks that they are about.
    """

    outer: tuple[str, ...] = ()
    parallel: bool = False
    reductions: tuple[str, ...] = ()
    accumulators: tuple[Accumulator, ...] = ()

    def inside(self, node: For) -> Position:
        """The position in the body of a loop."""
        outer = (*self.outer, node.variable)
        if node.vector:
            return Position(outer, self.parallel)
        return replace(self, outer=outer)


@dataclass
class BodyPrinter:
    """Prints the nodes of one program; functions made of parallel bodies go to `functions`."""

    scop: Scop
    symbol: str
    openmp: bool
    target: CTarget
    functions: list[cgen.Generable] = field(default_factory=list)

    def nodes(
        self, nodes: Iterable[Node], scope: Scope, position: Position
    ) -> list[cgen.Generable]:
        """The nodes in order."""
        printed: list[cgen.Generable] = []
        for number, group in groupby(nodes, lambda n: n.region if isinstance(n, For) else 0):
            team = [n for n in group if isinstance(n, For)] if number else []
            if len(team) > 1 and self.openmp and not (position.parallel or scope.vector):
                printed.append(self._region(team, scope, position))
                continue
            for node in team or group:
                printed += self._node(node, scope, position)
        return printed

    def _region(self, team: list[For], scope: Scope, position: Position) -> cgen.Generable:
        """Parallel loops next to one another, under one team of threads."""
        alone: list[cgen.Generable] = []
        threaded: list[cgen.Generable] = []
        for node in map(in_chunks, team):
            call = self._outlined(node, scope, replace(position.inside(node), parallel=True))
            alone += _counted(node, call, [], scope)
            threaded += _counted(node, call, [cgen.Pragma(shared_pragma(node))], scope)
        region = cgen.Block([cgen.Pragma("omp parallel"), cgen.Block(threaded)])
        tests = [work_test(node, scope, self.target.parallel_threshold) for node in team]
        if not all(tests):
            return region
        return cgen.If(cgen.Line(" || ".join(tests)), region, cgen.Block(alone))

    def _node(self, node: Node, scope: Scope, position: Position) -> list[cgen.Generable]:
        match node:
            case Instance():
                return instance(node, self.scop, scope)
            case For(parallel=True) if not position.parallel and not scope.vector:
                if has_parts(node, position.accumulators):
                    return self._parts(node, scope, position)
                if node.sums:
                    return self._array_parts(node, scope, position)
                if node.partials:
                    return self._loop(node, scope, position)
                return self._parallel_loop(in_chunks(node), scope, position)
            case For(pipeline=True) if self.openmp and not (position.parallel or scope.vector):
                return self._pipeline(node, scope, position)
            case For():
                return self._loop(node, scope, position)
            case If():
                return [self._branch(node, scope, position)]
            case Promote():
                return self._promoted(node, scope, position)
            case Comment(text, location):
                return [cgen.Comment(comment_text(text, location))]

    def _branch(self, node: If, scope: Scope, position: Position) -> cgen.Generable:
        test = cgen.Line(str(condition(node.condition, scope)))
        then = braces(self.nodes(node.then, scope, position))
        if not node.otherwise:
            return Branch(test, then)
        rest = self.nodes(node.otherwise, scope, position)
        chained = len(rest) == 1 and isinstance(rest[0], Branch)
        return Branch(test, then, rest[0] if chained else braces(rest))

    # ---- loops ---------------------------------------------------------------------------

    def _loop(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        guard = self._steady_guard(node, scope)
        if guard is None:
            return self._plain_loop(node, scope, position)
        inside = replace(scope, given=given_by(scope.given, guard))
        runs = Compare("<", node.lower, node.upper)
        test = f"{condition(runs, scope).at(Level.AND)} && {expression(guard, scope).at(Level.AND)}"
        return [cgen.If(cgen.Line(test), braces(self._plain_loop(node, inside, position)))]

    def _steady_guard(self, node: For, scope: Scope) -> Expr | None:
        """What a loop's statements wait for and the loop does not change, if not known to hold."""
        found = [n for n in node.body if isinstance(n, Instance)]
        guards = {n: without(guard_of(n, self.scop, scope), scope.given) for n in found}
        return steady_guard(node, guards, self.scop, scope.places)

    def _plain_loop(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        sums = position.accumulators
        if node.vector and sums and has_lanes(node, sums):
            within = position.inside(node)
            keys = frozenset(a.key for a in sums)
            lanes = lanes_of(node, self.scop, scope, keys)
            return lane_loop(node, sums, scope, lambda n, s: self.nodes(n, s, within), lanes)
        if side_by_side(node) and sums and has_lanes(node, sums):
            within = replace(position.inside(node), reductions=(), accumulators=())
            return lane_loop(
                node, sums, scope, lambda n, s: self.nodes(n, s, within), count=node.partials
            )
        known = _within(node, scope)
        lanes = lanes_of(node, self.scop, known) if not position.reductions else None
        if lanes is not None:
            within = position.inside(node)
            return vector_loop(node, lanes, known, lambda n, s: self.nodes(n, s, within))
        found = recurrence_of(node, self.scop, scope)
        if found is not None:
            within = position.inside(node)
            held = _within(node, scope)
            return recurrence_loop(
                node, found, self.scop, held, lambda n, s: self.nodes(n, s, within)
            )
        inner = replace(_within(node, scope), vector=scope.vector or node.vector)
        ending = loop_exit(node, inner)
        asked = prefetches(node, self.scop, inner)
        body = block([*ending, *asked, *self.nodes(node.body, inner, position.inside(node))])
        return _counted(node, body, _pragmas(node, position, scope), scope)

    def _parallel_loop(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        within = replace(position.inside(node), parallel=True)
        call = self._outlined(node, scope, within)
        loop = _counted(node, call, [], scope)
        if not self.openmp:
            return loop
        pragma = cgen.Pragma(parallel_pragma(node))
        threaded = _counted(node, call, [pragma], scope)
        test = work_test(node, scope, self.target.parallel_threshold)
        if not test:
            return threaded
        # Not OpenMP's own `if`: a region of one thread still costs a call into its library,
        # which small loops inside a time loop feel (measured: 0.15 microseconds a region).
        return [cgen.If(cgen.Line(test), cgen.Block(threaded), cgen.Block(loop))]

    def _parts(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        """A parallel loop that accumulates, with a partial result for each part of its range."""
        parts = Parts(node, scope, position.accumulators)
        pointed = (replace(a, place=a.place.behind_pointer()) for a in position.accumulators)
        outer = (*position.outer, parts.start, parts.end)
        within = Position(outer, parallel=True, accumulators=tuple(pointed))
        return parts.printed(lambda n, held: self._outlined(n, scope, within, held), self.openmp)

    def _array_parts(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        """A parallel loop that sums into arrays, with copies of these for its parts."""
        parts = ArrayParts(node, scope)
        within = Position((*position.outer, parts.start, parts.end), parallel=True)
        return parts.printed(lambda n, held: self._outlined(n, scope, within, held), self.openmp)

    def _pipeline(self, node: For, scope: Scope, position: Position) -> list[cgen.Generable]:
        """A pipelined loop on threads; as it stands where there is nothing to wait at."""
        if not has_steps(node.body):
            return self._loop(node, scope, position)
        within = replace(position.inside(node), parallel=True)

        @cache
        def step(inner: For) -> cgen.Generable:
            return self._outlined(inner, scope, within.inside(inner))

        pipeline = Pipeline(
            node,
            scope,
            nodes=lambda n: self._node(n, scope, within),
            call=step,
            counted=lambda n, body: _counted(n, body, [], scope),
        )
        test = work_test(node, scope, self.target.parallel_threshold)
        if not test:
            return [pipeline.on_threads()]
        alone = cgen.Block(pipeline.in_order())
        return [cgen.If(cgen.Line(test), pipeline.on_threads(), alone)]

    def _outlined(
        self, node: For, scope: Scope, position: Position, held: Mapping[str, str] = _NONE
    ) -> cgen.Generable:
        """The body of a parallel loop as a function of its own; gives the call of it, with the
        arguments `held` for the single elements of these keys."""
        writes = effects(node.body, self.scop).writes
        places = {
            key: place.behind_pointer()
            if not place.rank and place.array in writes
            else replace(place, threads=False)
            for key, place in scope.places.items()
        }
        inner = _within(node, scope.inside_function(places))
        asked = prefetches(node, self.scop, inner)
        body = [*asked, *self.nodes(node.body, inner, position)]
        used = inner.used
        keys = [key for key in places if key in used.arrays]
        for key in keys:
            used.values.update(row_names(places[key]))
        values = self._in_order(used.values, position.outer)
        name = scope.names.fresh(f"{self.symbol}_{node.loop.replace('.', '_')}")
        declared = [self._value_parameter(v, scope) for v in values]
        declared += [parameter(places[k], inner, constant=k not in used.written) for k in keys]
        head = cgen.FunctionDeclaration(cgen.Value("static void", name), declared)
        self.functions.append(cgen.FunctionBody(head, braces(body)))
        passed = [scope.value(v) for v in values]
        passed += [
            held.get(k) or _passed(scope.place(k, k in used.written), places[k], scope)
            for k in keys
        ]
        return cgen.Statement(f"{name}({', '.join(passed)})")

    def _in_order(self, used: set[str], outer: tuple[str, ...]) -> list[str]:
        """Loop variables, innermost first, then parameters, then scalar arguments."""
        scalars = [a.name for a in self.scop.arguments]
        steps = [s for a in self.scop.arrays for s in strides(a)]
        known = dict.fromkeys([*reversed(outer), *self.scop.parameter_names, *steps, *scalars])
        return [name for name in known if name in used]

    def _value_parameter(self, name: str, scope: Scope) -> cgen.Declarator:
        types = {a.name: a.type.dtype.passed for a in self.scop.arguments}
        integer = name in self.scop.parameter_names or name not in types
        return cgen.Value("int64_t" if integer else types[name], scope.names.of("value", name))

    # ---- promoted blocks -----------------------------------------------------------------

    def _packed(self, node: Promote, scope: Scope, position: Position) -> list[cgen.Generable]:
        """A packed buffer, filled; its memory is the entry function's."""
        place = buffer(node, self.scop, scope)
        key = block_key(node, place)
        threads = self.openmp and not position.parallel and has_parallel(node.body)
        filling = filled(node, place, self.scop, scope, threads)
        inner = scope.with_block(node, place)
        held = preparation(node, self.scop)
        if held is not None:
            inner = replace(inner, prepared={**scope.prepared, key: held})
        body = self.nodes(node.body, inner, position)
        scope.leave_block(node, place, inner)
        scope.place(key, write=True)
        return [*filling, *body]

    def _promoted(self, node: Promote, scope: Scope, position: Position) -> list[cgen.Generable]:
        if node.layout is not None:
            return self._packed(node, scope, position)
        dtype = self.scop.dtype(node.array)
        place = block_of(node, dtype, scope.names.of("array", node.name))
        if node.reduction is not None:
            clause = reduction_clause(node.reduction, place.name, dtype, scope)
            key = block_key(node, place) if node.targets else node.array
            position = replace(
                position,
                reductions=(*position.reductions, clause),
                accumulators=(*position.accumulators, Accumulator(key, place, node.reduction)),
            )
        inner = scope.with_block(node, place)
        body = self.nodes(node.body, inner, position)
        scope.leave_block(node, place, inner)
        contents = _declared_at_first_write(place, body) if not node.load else None
        if contents is None:
            contents = [*block_start(node, place, scope), *body]
        if not node.store and node.array not in effects(node.body, self.scop).reads:
            contents.append(cgen.Statement(f"(void){place.name}"))
        if node.store:
            contents.append(block_end(node, place, scope))
        return [cgen.Block(contents)]


def block(contents: list[cgen.Generable]) -> cgen.Generable:
    """A body: bare where it is one line, else in braces."""
    if len(contents) == 1 and isinstance(contents[0], cgen.Statement):
        return contents[0]
    return braces(contents)


def braces(contents: list[cgen.Generable]) -> cgen.Block:
    """A body in one pair of braces."""
    only = contents[0] if len(contents) == 1 else None
    return only if isinstance(only, cgen.Block) else cgen.Block(contents)


def _counted(
    node: For, body: cgen.Generable, pragmas: list[cgen.Generable], scope: Scope
) -> list[cgen.Generable]:
    """A loop in OpenMP's canonical form; a long bound is computed before it, and one
    that is read from data."""
    before: list[cgen.Generable] = []

    def short(bound: str, suffix: str) -> str:
        is_data = (node.lower if suffix == "start" else node.upper).is_data
        if len(bound) <= _LONG_BOUND and not is_data:
            return bound
        named = scope.names.fresh(f"{node.variable}_{suffix}")
        before.append(cgen.Statement(f"const int64_t {named} = {bound}"))
        return named

    lower = short(str(affine(node.lower, scope)), "start")
    upper = short(affine(node.upper, scope).at(Level.SHIFT), "end")
    name = scope.names.of("value", node.variable)
    scope.used.values.discard(node.variable)
    step = f"{name}++" if node.step == 1 else f"{name} += {node.step}"
    loop = _for(f"int64_t {name} = {lower}", f"{name} < {upper}", step, body)
    return [*before, *pragmas, loop]


def _for(start: str, test: str, step: str, body: cgen.Generable) -> cgen.Generable:
    return cgen.For(cgen.Line(start), cgen.Line(test), cgen.Line(step), body)


def _pragmas(node: For, position: Position, scope: Scope) -> list[cgen.Generable]:
    target = scope.target
    if node.vector and target.clauses:
        return [cgen.Pragma(" ".join([target.simd, *position.reductions]))]
    if node.vector:
        return [] if position.reductions or _has_blocks(node) else [cgen.Pragma(target.simd)]
    factor = node.unroll if node.unroll >= 0 else trip_bound(node) or 0
    return [cgen.Pragma(f"{target.unroll} {factor}")] if factor > 1 else []


def _has_blocks(node: For) -> bool:
    """Whether iterations have arrays of their own, which vectors without clauses would share."""
    return any(isinstance(n, Promote) and n.shape for n in below(node.body))


def _declared_at_first_write(
    place: Place, body: list[cgen.Generable]
) -> list[cgen.Generable] | None:
    """The body with a single element declared by its first statement, where that assigns it."""
    comment, first = (*body, None, None)[:2]
    if place.rank or not isinstance(first, cgen.Statement):
        return None
    name, _, value = first.text.partition(" = ")
    if name != place.name or not value or re.search(rf"\b{re.escape(name)}\b", value):
        return None
    declared = cgen.Statement(f"{place.dtype.ctype} {first.text}")
    return [comment, declared, *body[2:]] if comment is not None else None


def _passed(place: Place, inside: Place, scope: Scope) -> str:
    """An array or block as an argument of a function that sees it as `inside`."""
    if place.threads:
        rows = affine(place.extents[0], scope).at(Level.UNARY)
        return f"{place.name} + omp_get_thread_num() * {rows}"
    return f"&{place.name}" if inside.pointer and not place.pointer else place.name


def _within(node: For, scope: Scope) -> Scope:
    """The scope with what is known of a loop's range inside it."""
    trips = trip_bound(node)
    start, span = node.lower, None if trips is None else max(trips - 1, 0) * node.step
    if span is None and node.within is not None:
        start, span = node.within[0], node.within[1] - 1
    return replace(scope, loops={**scope.loops, node.variable: (start, span)})
