"""Loops in C: statement instances, loops, guards and promoted blocks, as cgen nodes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.declare import parameter, row_bounds
from polyopt.emit.effects import effects
from polyopt.emit.expr_c import assigned, element, expression, increment
from polyopt.emit.loops import Comment, For, If, Instance, Node, Promote
from polyopt.emit.place import Place, block_of
from polyopt.emit.scope import Scope
from polyopt.emit.target import CTarget
from polyopt.emit.text import Level
from polyopt.model.affine import Affine, Extreme
from polyopt.model.expr import Binary, Expr, Load, substitute
from polyopt.model.scop import Scop, Statement
from polyopt.source import Location

_COMPOUND = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/="}
_BITS = {"and": "&=", "or": "|=", "xor": "^="}
_REDUCTIONS = {"add": "+", "mul": "*", "min": "min", "max": "max", "xor": "^"}


@dataclass
class BodyPrinter:
    """Prints the nodes of one program; outlined functions collect in `functions`."""

    scop: Scop
    symbol: str
    openmp: bool
    target: CTarget
    functions: list[cgen.Generable] = field(default_factory=list)

    def nodes(self, nodes: Iterable[Node], scope: Scope, state: State) -> list[cgen.Generable]:
        """The nodes in order."""
        return [part for node in nodes for part in self._node(node, scope, state)]

    def _node(self, node: Node, scope: Scope, state: State) -> list[cgen.Generable]:
        match node:
            case Instance():
                return self._instance(node, scope)
            case For():
                return self._loop(node, scope, state)
            case If(test, then, otherwise):
                rest = block(self.nodes(otherwise, scope, state)) if otherwise else None
                test_text = str(condition(test, scope))
                return [cgen.If(test_text, block(self.nodes(then, scope, state)), rest)]
            case Promote():
                return self._promoted(node, scope, state)
            case Comment(text, location):
                return [cgen.Comment(comment_text(text, location))]

    # ---- statements ----------------------------------------------------------------------

    def _instance(self, node: Instance, scope: Scope) -> list[cgen.Generable]:
        statement = self.scop.statement(node.statement)
        values = dict(zip(statement.iterators, node.values, strict=True))
        subscripts = tuple(s.substitute(values) for s in statement.subscripts)
        value = substitute(statement.value, values)
        target = element(statement.array, subscripts, scope, write=True)
        operator, operand = _compound(statement, subscripts, value)
        if operator == "=":
            right = assigned(operand, scope)
        else:
            right = increment(operand, scope)
        line: cgen.Generable = cgen.Statement(f"{target} {operator} {right}")
        if statement.guard is not None:
            guard = expression(substitute(statement.guard, values), scope)
            line = cgen.If(str(guard), block([line]))
        return [cgen.Comment(_statement_comment(statement)), line]

    # ---- loops ---------------------------------------------------------------------------

    def _loop(self, node: For, scope: Scope, state: State) -> list[cgen.Generable]:
        lower, upper = affine(node.lower, scope), affine(node.upper, scope)
        inner = replace(scope, vector=scope.vector or node.vector)
        if node.parallel and not state.parallel:
            body = [self._outlined(node, inner, state)]
        else:
            within = replace(state, outer=(*state.outer, node.variable), reductions=())
            if not node.vector:
                within = replace(within, reductions=state.reductions)
            body = self.nodes(node.body, inner, within)
        name = scope.value(node.variable)
        scope.used.values.discard(node.variable)
        step = f"{name}++" if node.step == 1 else f"{name} += {node.step}"
        head = f"int64_t {name} = {lower}", f"{name} < {upper.at(Level.SHIFT)}", step
        loop = cgen.For(*head, block(body))
        return [*self._pragmas(node, scope, state), loop]

    def _pragmas(self, node: For, scope: Scope, state: State) -> list[cgen.Generable]:
        if node.parallel and not state.parallel:
            if not self.openmp:
                return []
            test = work_test(node, scope, self.target.parallel_threshold)
            return [cgen.Pragma(f"omp parallel for schedule(static){test}")]
        if node.vector:
            clauses = "".join(f" {c}" for c in state.reductions)
            return [cgen.Pragma(f"omp simd{clauses}")]
        if node.unroll:
            factor = node.unroll if node.unroll > 0 else trip_count(node) or 8
            return [cgen.Pragma(f"GCC unroll {factor}")] if factor > 1 else []
        return []

    def _outlined(self, node: For, scope: Scope, state: State) -> cgen.Generable:
        """The loop's body as a function of its own; gives the call."""
        uses = effects(node.body, self.scop)
        places: dict[str, Place] = {}
        for array, place in scope.places.items():
            shared = place.rank == 0 and array in uses.writes
            places[array] = place.behind_pointer() if shared else place
        inner = scope.inside_function(places)
        within = State((*state.outer, node.variable), parallel=True)
        body = self.nodes(node.body, inner, within)
        used = inner.used
        for array in used.arrays:
            used.values.update(row_bounds(places[array]))
        values = self._value_order(used.values, within.outer)
        arrays = [a for a in scope.places if a in used.arrays]
        name = scope.names.fresh(f"{self.symbol}_{node.variable}")
        declared = [self._value_parameter(v, inner) for v in values]
        declared += [parameter(places[a], inner, constant=a not in used.written) for a in arrays]
        head = cgen.FunctionDeclaration(cgen.Value("static void", name), declared)
        self.functions.append(cgen.FunctionBody(head, cgen.Block(body)))
        passed = [scope.value(v) for v in values]
        passed += [_passed(scope, a, places[a], a in used.written) for a in arrays]
        return cgen.Statement(f"{name}({', '.join(passed)})")

    def _value_order(self, used: set[str], outer: tuple[str, ...]) -> list[str]:
        scalars = [a.name for a in self.scop.arguments]
        known = dict.fromkeys([*reversed(outer), *self.scop.parameter_names, *scalars])
        return [name for name in known if name in used]

    def _value_parameter(self, name: str, scope: Scope) -> cgen.Declarator:
        types = {a.name: a.type for a in self.scop.arguments}
        ctype = "int64_t"
        if name in types and name not in self.scop.parameter_names:
            ctype = types[name].dtype.ctype
        return cgen.Value(ctype, scope.names.of("value", name))

    # ---- promoted blocks -----------------------------------------------------------------

    def _promoted(self, node: Promote, scope: Scope, state: State) -> list[cgen.Generable]:
        dtype = self.scop.dtype(node.array)
        place = block_of(node, dtype, scope.names.of("array", node.name))
        sizes = "".join(f"[{e}]" for e in place.extents)
        load = self._copy(node, place, scope, into_block=True) if node.load else []
        if node.load and place.rank == 0:
            source = element(node.array, node.origin, scope)
            declared: list[cgen.Generable] = [
                cgen.Statement(f"{dtype.ctype} {place.name} = {source}")
            ]
            load = []
        else:
            declared = [cgen.Statement(f"{dtype.ctype} {place.name}{sizes}")]
        clause = _reduction_clause(node, place.name, dtype.kind)
        within = replace(state, reductions=(*state.reductions, *clause))
        body = self.nodes(node.body, scope.with_place(node.array, place), within)
        store = self._copy(node, place, scope, into_block=False) if node.store else []
        return [cgen.Block([*declared, *load, *body, *store])]

    def _copy(
        self, node: Promote, place: Place, scope: Scope, into_block: bool
    ) -> list[cgen.Generable]:
        """The loops that fill a block from its array, or write it back."""
        counters = [scope.names.of("value", f"{place.name}_{d}") for d in place.kept]
        values = dict(zip(place.kept, counters, strict=True))
        subscripts = tuple(
            o + Affine.name(f"{place.name}_{d}") if d in values else o
            for d, o in enumerate(node.origin)
        )
        outside = element(node.array, subscripts, scope, write=not into_block)
        inside = place.name + "".join(f"[{c}]" for c in counters)
        text = f"{inside} = {outside}" if into_block else f"{outside} = {inside}"
        line: cgen.Generable = cgen.Statement(text)
        for counter, extent in reversed(list(zip(counters, place.extents, strict=True))):
            head = f"int64_t {counter} = 0", f"{counter} < {extent}", f"{counter}++"
            line = cgen.For(*head, block([line]))
        for d in place.kept:
            scope.used.values.discard(f"{place.name}_{d}")
        return [line]


@dataclass(frozen=True, slots=True)
class State:
    """Where in the loops the printer stands: loops around, inside a parallel one, and the
    reduction clauses that the next vector loop needs."""

    outer: tuple[str, ...] = ()
    parallel: bool = False
    reductions: tuple[str, ...] = ()


def block(contents: list[cgen.Generable]) -> cgen.Generable:
    """A body: bare where it is one line, else in braces."""
    if len(contents) == 1 and isinstance(contents[0], cgen.Block | cgen.Statement):
        return contents[0]
    return cgen.Block(contents)


def comment_text(text: str, location: Location | None) -> str:
    """The inside of a C comment, which nothing in it can end."""
    where = f"{location.short}   " if location is not None else ""
    return (where + text).replace("*/", "* /").replace("/*", "/ *")


def _statement_comment(statement: Statement) -> str:
    name = statement.name if statement.label is None else f"{statement.name} {statement.label}"
    source = statement.location.text.strip()
    return comment_text(f"{source}   {name}" if source else name, statement.location)


def _compound(
    statement: Statement, subscripts: tuple[Affine, ...], value: Expr
) -> tuple[str, Expr]:
    """`x = x + e` as `+=` and e, where that is the same to the last bit."""
    if isinstance(value, Binary) and isinstance(value.left, Load):
        same = value.left.array == statement.array and value.left.subscripts == subscripts
        table = _COMPOUND if value.dtype.is_float else _COMPOUND | _BITS
        if value.dtype.kind == "b":
            table = _BITS
        if same and value.op in table and (value.op != "div" or value.dtype.is_float):
            return table[value.op], value.right
    return "=", value


def _reduction_clause(node: Promote, name: str, kind: str) -> tuple[str, ...]:
    if node.reduction is None:
        return ()
    logic = {"and": "&&", "or": "||"} if kind == "b" else {"and": "&", "or": "|"}
    return (f"reduction({(_REDUCTIONS | logic)[node.reduction]}:{name})",)


def _passed(scope: Scope, array: str, inside: Place, written: bool) -> str:
    """An array as an argument of an outlined function."""
    place = scope.place(array, write=written)
    if inside.pointer:
        return place.name if place.pointer else f"&{place.name}"
    return place.name


def work_test(node: For, scope: Scope, threshold: float) -> str:
    """The `if` clause: enough work to be worth waking threads."""
    scale = [] if node.work_scale == 1 else [f"{node.work_scale}"]
    factors = [affine(w, scope).at(Level.UNARY) for w in node.work]
    if not factors:
        return ""
    product = " * ".join([f"(double){factors[0]}", *factors[1:], *scale])
    return f" if({product} > {threshold:g})"


def trip_count(node: For) -> int | None:
    """The number of iterations where it is a constant."""
    difference = node.upper - node.lower
    if difference.is_constant:
        return max(-(-difference.constant // node.step), 0)
    if len(node.upper.terms) == 1 and isinstance(node.upper.terms[0][0], Extreme):
        extreme, factor = node.upper.terms[0]
        assert isinstance(extreme, Extreme)
        spans = [o + node.upper.constant - node.lower for o in extreme.operands]
        known = [s.constant for s in spans if s.is_constant]
        if factor == 1 and extreme.kind == "min" and known:
            return max(-(-min(known) // node.step), 0)
    return None

