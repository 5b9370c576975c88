"""The C printer: loops in, C99 with OpenMP out, and how to call it.

    int64_t gemm(int64_t ni, …, double alpha, double (*restrict C)[max(nj, 1)], …)

The entry function tests the checks, gets memory for local arrays, and runs the loops. The body
of each parallel loop is a `static` function of its own with `restrict` parameters: gcc loses
`restrict` in the functions that it makes of OpenMP regions, and with it the vector code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import cgen

from polyopt.emit.affine_c import affine, condition
from polyopt.emit.body_c import BodyPrinter, Position, block
from polyopt.emit.conditions import negated
from polyopt.emit.declare import parameter, pointer
from polyopt.emit.effects import FAILED, effects
from polyopt.emit.layout import tidy
from polyopt.emit.libm import declarations
from polyopt.emit.loops import Loops
from polyopt.emit.names import Names
from polyopt.emit.numerics import helper_text
from polyopt.emit.openmp import declared_reductions
from polyopt.emit.packs import buffers
from polyopt.emit.place import Place, private_copy, whole_array
from polyopt.emit.program import CArgument, Check, Program, component, stride
from polyopt.emit.scan_c import Scan, print_scan, scan_checks, scan_size
from polyopt.emit.scope import Scope, Used
from polyopt.emit.target import DEFAULT, CTarget
from polyopt.model.nest import Argument, Array
from polyopt.model.scan import Verify
from polyopt.model.scop import Scop
from polyopt.model.types import FpMode, i64

_HEADERS = ("math.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h")


def print_c(  # noqa: PLR0913, PLR0917 what a program consists of
    scop: Scop,
    loops: Loops,
    checks: tuple[Check, ...],
    fp: FpMode,
    openmp: bool,
    symbol: str,
    target: CTarget = DEFAULT,
    layouts: tuple[tuple[str, int], ...] = (),
) -> Program:
    """Print the loops of a model as a C program; see `Program` for the entry and `layouts`."""
    names = Names()
    entry = names.fresh(symbol)
    apart = frozenset(loops.apart) if openmp else frozenset()
    scope = Scope(names, _places(scop, names, dict(layouts), apart), fp, Used())
    packed = buffers(loops.body, scop, scope, openmp)
    scope = replace(scope, places={**scope.places, **packed})
    late = dict.fromkeys(v for s in scop.statements for v in s.late)
    if late:
        scope = _with_failures(scope, late, 1 + len(checks) + scan_size(scop))
    printer = BodyPrinter(scop, entry, openmp, target)
    body = printer.nodes(loops.body, scope, Position())
    uses = effects(loops.body, scop)
    head, arguments = _head(scop, scope, entry, uses.writes)
    local = [a for a in scop.arrays if a.kind == "local" and a.name not in loops.unused]
    memory = [*(scope.places[a.name] for a in local if a.shape), *packed.values()]
    scan = print_scan(scop, scope, entry, 1 + len(checks))
    scanned = [] if scan is None else _scanned(scan, scope)
    start = [
        *_checks(checks, scope),
        *scanned,
        *_scalars(local, scope, uses.reads),
        *_memory(memory, scope),
    ]
    if late:
        start.append(cgen.Statement(f"int64_t {scope.places[FAILED].name} = 0"))
    result = scope.places[FAILED].name if late else "0"
    end = [*_frees(memory), cgen.Statement(f"return {result}")]
    made = _made(scop, scope)
    unused = _unused(arguments, scope)
    function = cgen.FunctionBody(head, cgen.Block([*unused, *made, *start, *body, *end]))
    functions = [*([] if scan is None else [scan.function]), *printer.functions, function]
    source = _assemble(scop, scope, functions)
    libraries = _libraries(scope)
    every = (*checks, *scan_checks(scop))
    choices = scope.used.choices
    choosy = "" not in choices and any(count > 1 for count in choices.values())
    return Program(source, entry, arguments, every, openmp, fp, libraries, layouts, choosy)


def _scanned(scan: Scan, scope: Scope) -> list[cgen.Generable]:
    """The call of the scan, whose result is that of the entry where it is not 0."""
    bad = scope.names.fresh("bad")
    return [
        cgen.Statement(f"const int64_t {bad} = {scan.call}"),
        cgen.If(cgen.Line(f"{bad} != 0"), cgen.Statement(f"return {bad}")),
    ]


def _with_failures(scope: Scope, late: Iterable[Verify], first: int) -> Scope:
    """The scope with a place for what statements find of their own subscripts."""
    place = Place(scope.names.fresh("failed"), FAILED, i64, (), (), ())
    codes = {verify: first + number for number, verify in enumerate(late)}
    return replace(scope, places={**scope.places, FAILED: place}, codes=codes)


def _places(
    scop: Scop, names: Names, layouts: Mapping[str, int], apart: frozenset[str]
) -> dict[str, Place]:
    """The places of all arrays; each thread has its own of those `apart`."""
    for argument in scop.arguments:
        if argument.name in scop.parameter_names:
            names.of("value", argument.name)
    for array in scop.arrays:
        for dim in range(len(array.shape) if array.name in layouts else 0):
            names.given["value", stride(array.name, dim)] = names.fresh(f"{array.name}_stride{dim}")
    places = {
        a.name: whole_array(a, names.of("array", a.name), layouts.get(a.name)) for a in scop.arrays
    }
    for name, copies in scop.private:
        array = scop.array(name)
        if array.shape:
            place = places[name]
            places[name] = private_copy(array, place.name, copies, name in apart)
    return places


def _head(
    scop: Scop, scope: Scope, entry: str, written: frozenset[str]
) -> tuple[cgen.FunctionDeclaration, tuple[CArgument, ...]]:
    """The entry function's head, and its arguments for the caller."""
    declared: list[cgen.Declarator] = []
    arguments: list[CArgument] = []
    for name in (p.name for p in scop.parameters):
        declared.append(cgen.Value("int64_t", scope.names.of("value", name)))
        arguments.append(CArgument("parameter", name, "int64_t"))
    for step in (s for p in scope.places.values() for s in p.strides or () if s is not None):
        declared.append(cgen.Value("int64_t", scope.names.of("value", step)))
        arguments.append(CArgument("stride", step, "int64_t"))
    arrays = {a.name: a for a in scop.arrays}
    for argument in scop.arguments:
        known = argument.name in arrays or argument.name in scop.parameter_names
        if not known and argument.same_as is None:
            for name in components(argument, scope):
                ctype = argument.type.dtype.component.passed
                declared.append(cgen.Value(ctype, scope.names.of("value", name)))
                arguments.append(CArgument("scalar", name, ctype))
    for argument in scop.arguments:
        if argument.name in arrays and argument.same_as is None:
            place = scope.places[argument.name]
            constant = argument.name not in written
            declared.append(parameter(place, scope, constant))
            arguments.append(CArgument("array", argument.name, f"{place.dtype.ctype} *"))
    head = cgen.FunctionDeclaration(cgen.Value("int64_t", entry), declared)
    return head, tuple(arguments)


def components(argument: Argument, scope: Scope) -> list[str]:
    """The names of a scalar argument in the entry function: a complex one comes in two parts."""
    if not argument.type.dtype.is_complex:
        return [argument.name]
    parts = {part: component(argument.name, part) for part in ("real", "imag")}
    for part, name in parts.items():
        if ("value", name) not in scope.names.given:
            scope.names.given["value", name] = scope.names.fresh(f"{argument.name}_{part}")
    return list(parts.values())


def _made(scop: Scop, scope: Scope) -> list[cgen.Generable]:
    """Complex scalar arguments, of their parts, where they are used."""
    lines: list[cgen.Generable] = []
    for argument in scop.arguments:
        dtype = argument.type.dtype
        if not dtype.is_complex or argument.name not in scope.used.values:
            continue
        parts = components(argument, scope)
        scope.used.values.update(parts)
        name, (real, imag) = scope.names.of("value", argument.name), map(scope.value, parts)
        text = f"const {dtype.ctype} {name} = __builtin_complex({real}, {imag})"
        lines.append(cgen.Statement(text))
    return lines


def _unused(arguments: Sequence[CArgument], scope: Scope) -> list[cgen.Generable]:
    """A line that tells the compiler that some arguments are unused on purpose."""
    used = {"array": scope.used.arrays}
    names = [
        scope.names.of("array" if a.kind == "array" else "value", a.name)
        for a in arguments
        if a.name not in used.get(a.kind, scope.used.values)
    ]
    return [cgen.Statement(", ".join(f"(void){name}" for name in names))] if names else []


def _libraries(scope: Scope) -> tuple[str, ...]:
    """What to link with: libm, before it its vector functions where they may be used."""
    vector = any(f.vector for f in scope.used.functions.values())
    return ("mvec", "m") if vector and scope.fp != "strict" else ("m",)


def _checks(checks: Sequence[Check], scope: Scope) -> list[cgen.Generable]:
    """Each check returns its number before anything is touched.

    The parameters may be any integers here, so sums of them are computed in 128 bits.
    """
    wide = replace(scope, wide=True)
    return [
        cgen.If(
            cgen.Line(str(condition(negated(c.condition), wide))), cgen.Statement(f"return {1 + i}")
        )
        for i, c in enumerate(checks)
    ]


def _scalars(local: Sequence[Array], scope: Scope, reads: frozenset[str]) -> list[cgen.Generable]:
    """Scalar locals; C requires the zero that Python would never let be read."""
    lines: list[cgen.Generable] = []
    for place in (scope.places[a.name] for a in local if not a.shape):
        lines.append(cgen.Statement(f"{place.dtype.ctype} {place.name} = 0"))
        if place.array not in reads:
            lines.append(cgen.Statement(f"(void){place.name}"))
    return lines


def _memory(places: Sequence[Place], scope: Scope) -> list[cgen.Generable]:
    """Memory for local arrays and buffers, all of it or a return of -1."""
    wide = replace(scope, wide=True)
    lines: list[cgen.Generable] = []
    for place in places:
        extents = [str(affine(e, wide)) for e in place.extents]
        extents += ["omp_get_max_threads()"] if place.threads else []
        size = f"sizeof({place.dtype.ctype}), {len(extents)}, (__int128[]){{{', '.join(extents)}}}"
        declared = f"{place.dtype.ctype} {pointer(place, scope)}"
        lines.append(cgen.Statement(f"{declared} = {scope.helper('scratch')}({size})"))
    if places:
        missing = " || ".join(f"{p.name} == NULL" for p in places)
        kept = _frees(places) if len(places) > 1 else []
        give_up = block([*kept, cgen.Statement("return -1")])
        lines.append(cgen.If(cgen.Line(missing), give_up))
    return lines


def _frees(places: Sequence[Place]) -> list[cgen.Generable]:
    return [cgen.Statement(f"free({p.name})") for p in reversed(places)]


def _headers(scope: Scope) -> tuple[str, ...]:
    """The headers; OpenMP's where threads have buffers."""
    return (*_HEADERS, "omp.h") if any(p.threads for p in scope.places.values()) else _HEADERS


def _assemble(scop: Scop, scope: Scope, functions: Sequence[cgen.Generable]) -> str:
    """The whole text: headers, declarations, helpers, functions."""
    strict = scope.fp == "strict"
    groups = [
        f"/* {scop.name}: {scop.location.short} */",
        "\n".join(f"#include <{header}>" for header in _headers(scope)),
        "\n".join(declarations(scope.used.functions.values(), strict)),
        *helper_text(scope.used.helpers),
        "\n".join(declared_reductions(scope.used.reductions)),
        *(tidy(str(function)) for function in functions),
    ]
    return "\n\n".join(g for g in groups if g) + "\n"
