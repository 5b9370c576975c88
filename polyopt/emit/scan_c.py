"""The checks of subscripts that data decides, in C: a function, called before anything is written.

Where the least and the greatest element of an index array prove what is to be checked, its
elements are not looked at one by one; the loops of the kernel, with the checks in them, run
only where they do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.declare import parameter, row_names
from polyopt.emit.expr_c import expression
from polyopt.emit.place import Place, strides
from polyopt.emit.program import Check
from polyopt.emit.scope import Scope
from polyopt.emit.spread import spread_name
from polyopt.emit.text import Level
from polyopt.model.affine import Affine, All
from polyopt.model.expr import Binary, Cast, Const, Datum, Expr, Load
from polyopt.model.nest import FactKind, IndexFact
from polyopt.model.scan import ScanBranch, ScanLoop, ScanNode, Verify, verifies, without
from polyopt.model.scop import Scop


def scan_checks(scop: Scop) -> tuple[Check, ...]:
    """The checks that the scan makes, and those that statements make themselves."""
    early = (_check(scop, v, "Nothing was written.") for v in dict.fromkeys(verifies(scop.scan)))
    facts = (_fact_check(scop, f) for f in dict.fromkeys(scop.index_facts))
    late = dict.fromkeys(v for s in scop.statements for v in s.late)
    partial = "Results are partial: the kernel writes what it reads the index from."
    return (*early, *facts, *(_check(scop, v, partial) for v in late))


def scan_size(scop: Scop) -> int:
    """How many checks are made before anything is written."""
    return len(set(verifies(scop.scan))) + len(set(scop.index_facts))


_WRONG: Mapping[FactKind, str] = {
    "injective": "two equal elements",
    "monotone": "an element below the one before",
    "within": "an element outside that range",
}


def _fact_check(scop: Scop, fact: IndexFact) -> Check:
    text = (
        f"{scop.name}: the assumption {fact.text} ({fact.location.short}) does not hold: "
        f"{fact.array} has {_WRONG[fact.kind]}. Nothing was written. "
        "Pass another array, or remove it."
    )
    return Check(All(), "assumption", text, fact.location)


def _check(scop: Scop, verify: Verify, outcome: str) -> Check:
    names = [p.name for p in scop.parameters if p.name in verify.extent.names()]
    values = f" (here {', '.join(f'{n} = {{{n}}}' for n in names)})" if names else ""
    text = (
        f"{verify.location.short}: {verify.text} would leave {verify.array}: the index "
        f"{verify.index} is negative, or not below the extent {verify.extent} in dimension "
        f"{verify.dimension}{values}. {outcome} Correct the indices, or pass a larger array."
    )
    return Check(All(), "bounds", text, verify.location)


@dataclass(frozen=True, slots=True)
class Scan:
    """The function that scans, and the call of it; None where there is nothing to scan."""

    function: cgen.Generable
    call: str


def print_scan(scop: Scop, scope: Scope, symbol: str, first: int) -> Scan | None:
    """The scan of a model; check number i of it returns `first + i`."""
    found = tuple(dict.fromkeys(verifies(scop.scan)))
    stated = tuple(dict.fromkeys(scop.index_facts))
    if not found and not stated:
        return None
    inner = scope.inside_function(scope.places)
    printer = _Printer(inner, {v: first + i for i, v in enumerate(found)})
    body: list[cgen.Generable] = []
    for number, fact in enumerate(stated, first + len(found)):
        body += printer.fact(fact, number)
    sure = frozenset(v for v in found if any(_states(fact, v) for fact in stated))
    body += printer.whole(replace(scop, scan=without(scop.scan, sure)))
    used = inner.used
    keys = [key for key in scope.places if key in used.arrays]
    for key in keys:
        used.values.update(row_names(scope.places[key]))
    values = [n for n in _names(scop) if n in used.values]
    name = scope.names.fresh(f"{symbol}_scan")
    types = {a.name: a.type.dtype.passed for a in scop.arguments}
    own = {p.name for p in scop.parameters}
    declared: list[cgen.Declarator] = [
        cgen.Value("int64_t" if v in own else types.get(v, "int64_t"), scope.names.of("value", v))
        for v in values
    ]
    declared += [parameter(scope.places[key], inner, constant=True) for key in keys]
    passed = [scope.value(v) for v in values] + [scope.place(key).name for key in keys]
    head = cgen.FunctionDeclaration(cgen.Value("static int64_t", name), declared)
    function = cgen.FunctionBody(head, cgen.Block([*body, cgen.Statement("return 0")]))
    return Scan(function, f"{name}({', '.join(passed)})")


def _names(scop: Scop) -> list[str]:
    """Every value that the scan may need, in the order of the entry function's arguments."""
    steps = (s for a in scop.arrays for s in strides(a))
    scalars = (a.name for a in scop.arguments)
    return list(dict.fromkeys([*(p.name for p in scop.parameters), *steps, *scalars]))


class _Printer:
    def __init__(self, scope: Scope, numbers: dict[Verify, int]) -> None:
        self.scope = scope
        self.wide = replace(scope, wide=True)
        self.numbers = numbers
        self.given: dict[str, tuple[str, str]] = {}

    def whole(self, scop: Scop) -> list[cgen.Generable]:
        """The quick proof where there is one, and the loops."""
        facts = _facts(scop, self.scope)
        every = self.nodes(scop.scan)
        if not facts:
            return every
        rest = self.nodes(without(scop.scan, frozenset(f.verify for f in facts)))
        arrays = dict.fromkeys(a for f in facts for a in (f.lower, f.upper))
        lines: list[cgen.Generable] = []
        for array in arrays:
            lines += self.spread(array)
        tests = list(dict.fromkeys(t for f in facts for t in self.tests(f)))
        proof = cgen.If(cgen.Line(" || ".join(tests)), cgen.Block(every))
        if rest:
            proof = cgen.If(cgen.Line(" || ".join(tests)), cgen.Block(every), cgen.Block(rest))
        return [*lines, proof]

    def spread(self, array: str) -> list[cgen.Generable]:
        place = self.scope.place(array)
        size = " * ".join(affine(e, self.scope).at(Level.PRODUCT) for e in place.extents)
        low, high = self.ends(array)
        call = f"{self.scope.helper(spread_name(place.dtype))}"
        first = place.name if place.rank == 1 else f"&{place.name}{'[0]' * place.rank}"
        return [
            cgen.Statement(f"int64_t {low}, {high}"),
            cgen.Statement(f"{call}({first}, {size}, &{low}, &{high})"),
        ]

    def fact(self, fact: IndexFact, number: int) -> list[cgen.Generable]:
        """The test of a fact about an index array."""
        place = self.scope.place(fact.array)
        size = str(affine(place.extents[0], self.scope))
        step = "1" if place.strides is None else self._stride(place)
        name = f"{fact.kind}_{place.dtype}"
        limits = "".join(f", {affine(limit, self.wide)}" for limit in fact.limits or ())
        test = f"{self.scope.helper(name)}({place.name}, {size}, {step}{limits})"
        if fact.kind != "injective":
            return [cgen.If(cgen.Line(f"!{test}"), cgen.Statement(f"return {number}"))]
        found = self.scope.names.fresh(f"{place.name}_injective")
        return [
            cgen.Statement(f"const int {found} = {test}"),
            cgen.If(cgen.Line(f"{found} <= 0"), cgen.Statement(f"return {found} ? -1 : {number}")),
        ]

    def _stride(self, place: Place) -> str:
        (step,) = place.strides or (None,)
        return "1" if step is None else self.scope.value(step)

    def ends(self, array: str) -> tuple[str, str]:
        """The names of an array's least and greatest element."""
        if array not in self.given:
            fresh, name = self.scope.names.fresh, self.scope.places[array].name
            self.given[array] = fresh(f"{name}_least"), fresh(f"{name}_most")
        return self.given[array]

    def tests(self, fact: _Fact) -> list[str]:
        """What holds where a fact may not; an array without elements has none to doubt."""
        low, _ = self.ends(fact.lower)
        _, high = self.ends(fact.upper)
        extent = affine(fact.verify.extent - fact.above, self.wide).at(Level.SHIFT)
        return [f"{low} < {-fact.below}", f"{high} >= {extent}"]

    def nodes(self, nodes: Iterable[ScanNode]) -> list[cgen.Generable]:
        return [line for node in nodes for line in self.node(node)]

    def node(self, node: ScanNode) -> list[cgen.Generable]:
        match node:
            case ScanLoop():
                return self.loop(node)
            case ScanBranch(test, then, otherwise):
                text = cgen.Line(str(condition(test, self.wide)))
                sides = [cgen.Block(self.nodes(side)) for side in (then, otherwise)]
                return [cgen.If(text, sides[0], sides[1] if otherwise else None)]
            case Verify():
                return [self.check(node)]

    def loop(self, node: ScanLoop) -> list[cgen.Generable]:
        name = self.scope.names.of("value", node.variable)
        body = cgen.Block(self.nodes(node.body))
        lower, upper = affine(node.lower, self.scope), affine(node.upper, self.scope)
        end = self.scope.names.fresh(f"{node.variable}_end")
        self.scope.used.values.discard(node.variable)
        relation, step = ("<", f"+= {node.step}") if node.step > 0 else (">", f"-= {-node.step}")
        loop = cgen.For(
            cgen.Line(f"int64_t {name} = {lower}"),
            cgen.Line(f"{name} {relation} {end}"),
            cgen.Line(f"{name} {step}"),
            body,
        )
        return [cgen.Statement(f"const int64_t {end} = {upper}"), loop]

    def check(self, verify: Verify) -> cgen.Generable:
        test = outside(verify, self.scope)
        return cgen.If(cgen.Line(test), cgen.Statement(f"return {self.numbers[verify]}"))


def outside(verify: Verify, scope: Scope) -> str:
    """That an index leaves its array where it is read, as a C condition."""
    is_one = verify.index.is_data or verify.index.single_name is not None
    index = affine(verify.index, scope if is_one else replace(scope, wide=True)).at(Level.SHIFT)
    extent = affine(verify.extent, scope).at(Level.SHIFT)
    leaves = f"{index} < 0 || {index} >= {extent}"
    when = [expression(w, scope).at(Level.EQUALITY) for w in verify.when]
    return " && ".join([*when, f"({leaves})"]) if when else leaves


# ---- what the ends of an array prove ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fact:
    """`verify` holds where the least of `lower` plus `below` is not negative, and the greatest of
    `upper` plus `above` is below the extent."""

    verify: Verify
    lower: str
    below: int
    upper: str
    above: int


def _facts(scop: Scop, scope: Scope) -> list[_Fact]:
    found: list[_Fact] = []

    def visit(nodes: Sequence[ScanNode], loops: dict[str, ScanLoop]) -> None:
        for node in nodes:
            match node:
                case Verify():
                    fact = _of_data(node) or _of_loop(node, loops)
                    if fact and all(_is_plain(a, scop, scope) for a in (fact.lower, fact.upper)):
                        found.append(fact)
                case ScanLoop(variable=variable, body=body):
                    visit(body, {**loops, variable: node})
                case ScanBranch(then=then, otherwise=otherwise):
                    visit((*then, *otherwise), loops)

    visit(scop.scan, {})
    return found


def _is_plain(array: str, scop: Scop, scope: Scope) -> bool:
    """Whether an array is an argument, one element after another."""
    return scop.array(array).kind == "argument" and scope.places[array].strides is None


def _of_data(verify: Verify) -> _Fact | None:
    found = _element(verify.index)
    return None if found is None else _Fact(verify, *found, *found)


def _states(fact: IndexFact, verify: Verify) -> bool:
    """Whether a range that is stated of an index array, and checked, leaves nothing to check."""
    found = _element(verify.index)
    if fact.limits is None or found is None or found[0] != fact.array:
        return False
    low, high = (limit + found[1] for limit in fact.limits)
    above = verify.extent - high
    return low.is_constant and low.constant >= 0 and above.is_constant and above.constant >= 0


def _of_loop(verify: Verify, loops: dict[str, ScanLoop]) -> _Fact | None:
    """The variable of a loop over data, and a constant."""
    if len(verify.index.terms) != 1 or verify.index.terms[0][1] != 1:
        return None
    loop = loops.get(str(verify.index.terms[0][0]))
    if loop is None or loop.step < 0 or verify.index.opaque():
        return None
    lower, upper = _element(loop.lower), _element(loop.upper)
    if lower is None or upper is None:
        return None
    shift = verify.index.constant
    return _Fact(verify, lower[0], lower[1] + shift, upper[0], upper[1] + shift - 1)


def _element(value: Affine) -> tuple[str, int] | None:
    """The array of which a value is an element, and what is added to it."""
    if len(value.terms) != 1 or value.constant or value.terms[0][1] != 1:
        return None
    atom = value.terms[0][0]
    return _array_of(atom.expr) if isinstance(atom, Datum) else None


def _array_of(expr: Expr) -> tuple[str, int] | None:
    match expr:
        case Cast(operand, dtype) if operand.dtype.is_integer and dtype.bits == 64:
            return _array_of(operand)
        case Load(array, subscripts, dtype) if subscripts and dtype.is_integer:
            return array, 0
        case Binary("add" | "sub" as op, left, Const() as other, dtype) if dtype.is_integer:
            found = _array_of(left)
            step = other.integer if op == "add" else -other.integer
            # Where the sum is not negative, a step down has not wrapped; one up may have.
            if found is None or found[1] or dtype.kind == "u" or not -(2**31) < step <= 0:
                return None
            return found[0], step
        case _:
            return None
