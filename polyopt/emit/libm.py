"""Calls of the mathematical functions, and how the program declares them.

Under `fp="strict"` a function must be the very one that Python calls: gcc replaces the standard
names where it can (`pow(x, 2.0)` by a product, constants by their correctly rounded value), so
the program declares `libm_pow` with the assembler name `pow`, which the compiler does not know.
Functions whose result is exact by definition (`sqrt`, `floor`, …) are used under their own name;
`hypot` is Python's own. `gamma` and `lgamma` Python computes differently: libm's are close to them.
Otherwise, inside vector loops, those that glibc has vector variants of are declared with them:
within 4 ulp, and right on nan and infinities.
"""

from __future__ import annotations

from collections.abc import Iterable

from polyopt.emit.scope import Scope, Signature
from polyopt.emit.text import Level, Text, call, cast, infix, primary
from polyopt.errors import InternalError
from polyopt.model.expr import Binary, Call

EXACT = {
    "sqrt": 1, "fabs": 1, "floor": 1, "ceil": 1, "trunc": 1, "rint": 1, "copysign": 2,
    "fmod": 2, "remainder": 2, "fma": 3, "nextafter": 2,
}  # fmt: skip
"""Functions with one possible result; argument counts."""

ROUNDED = {
    "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1, "atan": 1, "atan2": 2, "sinh": 1,
    "cosh": 1, "tanh": 1, "asinh": 1, "acosh": 1, "atanh": 1, "exp": 1, "exp2": 1, "expm1": 1,
    "log": 1, "log2": 1, "log10": 1, "log1p": 1, "pow": 2, "cbrt": 1, "hypot": 2, "erf": 1,
    "erfc": 1, "tgamma": 1, "lgamma": 1,
}  # fmt: skip
"""Functions whose last bits are libm's own; argument counts."""

_VECTOR = frozenset({"sin", "cos", "exp", "log", "pow"})
_VECTOR_SINCE_2_35 = frozenset({
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cosh", "erf", "erfc",
    "exp2", "expm1", "hypot", "log10", "log1p", "log2", "sinh", "tan", "tanh",
})  # fmt: skip
_TESTS = {n: n for n in ("isnan", "isinf", "isfinite", "signbit")}
_OWN = frozenset({
    "np.maximum", "np.minimum", "np.fmax", "np.fmin", "np.clip_low", "np.clip_high", "np.sign",
    "np.heaviside", "np.gcd", "np.lcm",
})  # fmt: skip
"""NumPy's functions that are helpers of `numerics`; other names with `np.` are libm's."""

_DEGREE = {"radians": "0.017453292519943295", "degrees": "57.29577951308232"}
_RENAMED = {"gamma": "tgamma"}


def function_call(function: str, arguments: list[Text], node: Call | Binary, scope: Scope) -> Text:
    """A call of one of Python's `math` functions, of NumPy's, or libm's `pow` for `**`."""
    dtype = node.dtype
    if function in _OWN:
        return call(scope.helper(f"{function[3:]}_{dtype}"), *arguments)
    if function.startswith("np."):
        return _plain_call(function[3:], arguments, dtype.ctype, scope, numpy=True)
    name = _RENAMED.get(function, function)
    if name in _TESTS:
        return infix("!=", call(_TESTS[name], *arguments), primary("0"), Level.EQUALITY)
    if name in _DEGREE:
        return infix("*", arguments[0], primary(_DEGREE[name]), Level.PRODUCT)
    if name == "log" and len(arguments) == 2:
        top, bottom = (_plain_call("log", [a], "double", scope) for a in arguments)
        return infix("/", top, bottom, Level.PRODUCT)
    if dtype.kind == "i":
        value = _plain_call(name, arguments, "double", scope)
        return call(scope.helper(f"{dtype}_from_f64"), value)
    return _plain_call(name, arguments, dtype.ctype, scope)


def _plain_call(
    name: str, arguments: list[Text], ctype: str, scope: Scope, numpy: bool = False
) -> Text:
    suffix = "f" if ctype == "float" else ""
    arity = EXACT.get(name, ROUNDED.get(name))
    if arity != len(arguments):
        raise InternalError(f"no C for the function {name} of {len(arguments)} arguments")
    strict = scope.fp == "strict"
    if strict and name == "hypot" and not numpy:
        return call(scope.helper("hypot_f64"), *arguments)
    if scope.target.overloaded:
        return call(name, *(cast(ctype, a) for a in arguments))
    if name in EXACT:
        return call(name + suffix, *arguments)
    vector = scope.vector and not strict and name in _VECTOR | _VECTOR_SINCE_2_35
    known = scope.used.functions.get(name + suffix)
    vector = vector or (known is not None and known.vector)
    scope.used.functions[name + suffix] = Signature(name + suffix, ctype, arity, vector)
    return call(f"libm_{name}{suffix}" if strict else name + suffix, *arguments)


def declarations(functions: Iterable[Signature], strict: bool) -> tuple[str, ...]:
    """The program's own declarations of the functions it calls, as lines."""
    found = sorted(functions, key=lambda f: f.name)
    if strict:
        return _strict_declarations(found)
    complex_ = _strict_declarations([f for f in found if f.ctype.endswith("_Complex")])
    old = [f for f in found if f.vector and _base(f) in _VECTOR]
    new = [f for f in found if f.vector and _base(f) in _VECTOR_SINCE_2_35]
    lines = list(complex_)
    if old or new:
        lines.append("#if defined(__GLIBC__) && defined(__x86_64__) && !defined(__clang__)")
        lines.append("/* libm's vector variants of these functions may be used */")
        lines += [_vector_declaration(f) for f in old]
        if new:
            lines += ["#if __GLIBC_PREREQ(2, 35)", *map(_vector_declaration, new), "#endif"]
        lines.append("#endif")
    return tuple(lines)


def _strict_declarations(functions: list[Signature]) -> tuple[str, ...]:
    if not functions:
        return ()
    lines = ["/* libm's own functions, by names that the compiler does not compute itself */"]
    lines += [
        f'__attribute__((const)) {f.ctype} libm_{f.name}({_parameters(f)}) __asm__("{f.name}");'
        for f in functions
    ]
    return tuple(lines)


def _vector_declaration(function: Signature) -> str:
    simd = '__attribute__((simd("notinbranch")))'
    return f"{simd} {function.ctype} {function.name}({_parameters(function)});"


def _parameters(function: Signature) -> str:
    return ", ".join([function.ctype] * function.arity)


def _base(function: Signature) -> str:
    return function.name.removesuffix("f") if function.ctype == "float" else function.name
