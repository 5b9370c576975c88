"""Complex numbers in C: `_Complex` as pairs, its products and quotients by NumPy's formulas.

C's own `*` and `/` first compute as these do, and then repair what has become nan.
"""

from __future__ import annotations

_TEXTS = {
    "mul": """
static inline {c} mul_{n}({c} a, {c} b)
{{
    const {t} ar = __real__ a, ai = __imag__ a, br = __real__ b, bi = __imag__ b;
    return __builtin_complex(ar * br - ai * bi, ar * bi + ai * br);
}}""",
    "div": """
/* By Smith's formula: the larger part of the divisor is divided by first. */
static inline {c} div_{n}({c} a, {c} b)
{{
    const {t} ar = __real__ a, ai = __imag__ a, br = __real__ b, bi = __imag__ b;
    if (fabs{s}(br) >= fabs{s}(bi)) {{
        if (br == 0 && bi == 0)
            return __builtin_complex(ar / fabs{s}(br), ai / fabs{s}(br));
        const {t} ratio = bi / br, scale = 1 / (br + bi * ratio);
        return __builtin_complex((ar + ai * ratio) * scale, (ai - ar * ratio) * scale);
    }}
    const {t} ratio = br / bi, scale = 1 / (bi + br * ratio);
    return __builtin_complex((ar * ratio + ai) * scale, (ai * ratio - ar) * scale);
}}""",
    "pow": """
{c} libm_cpow_{n}({c}, {c}) __asm__("cpow{s}");
/* Products for an integer between -100 and 100, the squares of squares; else libm's. */
static inline {c} pow_{n}({c} a, {c} b)
{{
    const {t} br = __real__ b, bi = __imag__ b;
    if (br == 0 && bi == 0)
        return 1;
    if (__real__ a == 0 && __imag__ a == 0)
        return br > 0 ? 0 : __builtin_complex(({t})NAN, ({t})NAN);
    if (bi != 0 || !(br > -100 && br < 100) || ({t})(int)br != br)
        return libm_cpow_{n}(a, b);
    int n = (int)br < 0 ? -(int)br : (int)br;
    if (br == 1)
        return a;
    if (br == 3)
        return mul_{n}(a, mul_{n}(a, a));
    {c} result = 1, power = a;
    for (;; n >>= 1) {{
        if (n & 1)
            result = br == 2 ? power : mul_{n}(result, power);
        if (n <= 1)
            break;
        power = mul_{n}(power, power);
    }}
    return br > 0 ? result : div_{n}(1, result);
}}""",
    "abs": """
static inline {t} abs_{n}({c} a)
{{
    return hypot{s}(__real__ a, __imag__ a);
}}""",
}

_TYPES = {"c128": ("double _Complex", "double", ""), "c64": ("float _Complex", "float", "f")}

_CONVERTED = """
{comment}{static} {to} _Complex {name}({source} _Complex a)
{{
    return __builtin_complex(({to})__real__ a, ({to})__imag__ a);
}}"""

_APART = "/* Apart: from two doubles made floats and doubles again gcc 12 leaves both steps out. */"
_CONVERSIONS = {
    "c64_from_c128": _CONVERTED.format(
        comment=f"{_APART}\n",
        static="static __attribute__((noinline))",
        name="c64_from_c128",
        to="float",
        source="double",
    ),
    "c128_from_c64": _CONVERTED.format(
        comment="", static="static inline", name="c128_from_c64", to="double", source="float"
    ),
}

COMPLEX = _CONVERSIONS | {
    f"{op}_{n}": text.format(c=c, t=t, s=s, n=n)
    for n, (c, t, s) in _TYPES.items()
    for op, text in _TEXTS.items()
}
"""The helpers by name."""

NEEDS = {f"pow_{n}": (f"div_{n}", f"mul_{n}") for n in _TYPES}
"""The helpers that one calls."""
