"""C helper functions for the operations whose meaning in Python and NumPy is not C's.

Each helper is `static inline`, printed only where it is used, and calls none of the others.
docs/numbers.md is the table of the meanings; tests/emit compares each with NumPy bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable

from polyopt.emit.complex_c import COMPLEX, NEEDS
from polyopt.emit.halves_c import HALVES
from polyopt.emit.spread import SPREADS
from polyopt.emit.waits import PIPELINE

_SIGNED = {
    "i8": ("int8_t", "uint32_t", "8"), "i16": ("int16_t", "uint32_t", "16"),
    "i32": ("int32_t", "uint32_t", "32"), "i64": ("int64_t", "uint64_t", "64"),
}  # fmt: skip
"""The type, the unsigned type it wraps in, the width; C computes narrow integers in `int`."""

_UNSIGNED = {
    "u8": ("uint8_t", "uint32_t", "8"), "u16": ("uint16_t", "uint32_t", "16"),
    "u32": ("uint32_t", "uint32_t", "32"), "u64": ("uint64_t", "uint64_t", "64"),
}  # fmt: skip
_FLOATS = {"f32": ("float", "f"), "f64": ("double", "")}

_INTEGER = {
    "abs": """
static inline {t} abs_{n}({t} a)
{{
    return a < 0 ? ({t})-({u})a : a;
}}""",
    "floordiv": """
/* Rounds down; 0 for a divisor of 0; wraps for the smallest number by -1. */
static inline {t} floordiv_{n}({t} a, {t} b)
{{
    if (b == 0)
        return 0;
    if (b == -1)
        return ({t})-({u})a;
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}}""",
    "mod": """
/* Has the divisor's sign; 0 for a divisor of 0. */
static inline {t} mod_{n}({t} a, {t} b)
{{
    if (b == 0 || b == -1)
        return 0;
    {t} r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}}""",
    "pow": """
/* Wraps; a negative exponent gives the power rounded towards 0, and 0 for base 0. */
static inline {t} pow_{n}({t} base, {t} exponent)
{{
    if (exponent < 0)
        return base == 1 || base == -1 ? (exponent % 2 != 0 ? base : 1) : 0;
    {u} square = ({u})base, result = 1;
    for (; exponent > 0; exponent /= 2) {{
        if (exponent % 2 != 0)
            result *= square;
        square *= square;
    }}
    return ({t})result;
}}""",
    "lshift": """
static inline {t} lshift_{n}({t} a, {t} b)
{{
    return b >= 0 && b < {w} ? ({t})(({u})a << b) : 0;
}}""",
    "rshift": """
static inline {t} rshift_{n}({t} a, {t} b)
{{
    return a >> (b >= 0 && b < {w} ? b : {w} - 1);
}}""",
}

_NATURAL = {
    "invert": """
static inline {t} invert_{n}({t} a)
{{
    return ({t})~({u})a;
}}""",
    "floordiv": """
static inline {t} floordiv_{n}({t} a, {t} b)
{{
    return b == 0 ? 0 : a / b;
}}""",
    "mod": """
static inline {t} mod_{n}({t} a, {t} b)
{{
    return b == 0 ? 0 : a % b;
}}""",
    "pow": """
static inline {t} pow_{n}({t} base, {t} exponent)
{{
    {u} square = base, result = 1;
    for (; exponent > 0; exponent /= 2) {{
        if (exponent % 2 != 0)
            result *= square;
        square *= square;
    }}
    return ({t})result;
}}""",
    "lshift": """
static inline {t} lshift_{n}({t} a, {t} b)
{{
    return b < {w} ? ({t})(({u})a << b) : 0;
}}""",
    "rshift": """
static inline {t} rshift_{n}({t} a, {t} b)
{{
    return b < {w} ? a >> b : 0;
}}""",
    "sign": """
static inline {t} sign_{n}({t} a)
{{
    return a > 0;
}}""",
}

_FLOAT = {
    "mod": """
/* Has the divisor's sign, a zero too; nan for a divisor of 0. */
static inline {t} mod_{n}({t} a, {t} b)
{{
    {t} r = fmod{s}(a, b);
    if (b == 0)
        return r;
    if (r == 0)
        return copysign{s}(0, b);
    return (r < 0) != (b < 0) ? r + b : r;
}}""",
    "floordiv": """
/* (a - a mod b) / b, an integer but for rounding, made one; a / b for a divisor of 0. */
static inline {t} floordiv_{n}({t} a, {t} b)
{{
    if (b == 0)
        return a / b;
    {t} r = fmod{s}(a, b);
    {t} quotient = (a - r) / b;
    if (r != 0 && (r < 0) != (b < 0))
        quotient -= 1;
    if (quotient == 0)
        return copysign{s}(0, a / b);
    {t} whole = floor{s}(quotient);
    return quotient - whole > ({t})0.5 ? whole + 1 : whole;
}}""",
}

_NUMPY_CHOICE = """
static inline {t} {op}_{n}({t} a, {t} b)
{{
    return a {sign} b || isnan({nan}) ? a : b;
}}"""

_NUMPY_CHOICES = {
    "maximum": (">", "a"), "minimum": ("<", "a"), "fmax": (">", "b"), "fmin": ("<", "b"),
    "clip_low": (">=", "a"), "clip_high": ("<=", "a"),
}  # fmt: skip
"""How NumPy's choices compare, and of which operand a nan decides."""

_NUMPY_FLOAT = {
    "sign": """
/* 1, 0 or -1; nan for nan. */
static inline {t} sign_{n}({t} a)
{{
    return isnan(a) ? a : ({t})((a > 0) - (a < 0));
}}""",
    "heaviside": """
/* 0 below 0, 1 above, `at_zero` between; nan for nan. */
static inline {t} heaviside_{n}({t} a, {t} at_zero)
{{
    if (isnan(a))
        return a;
    return a == 0 ? at_zero : (a < 0 ? 0 : 1);
}}""",
}

_NUMPY_INTEGER = {
    "sign": """
static inline {t} sign_{n}({t} a)
{{
    return (a > 0) - (a < 0);
}}""",
    "gcd": """
static inline {t} gcd_{n}({t} a, {t} b)
{{
    {u} x = a < 0 ? ({u})-({u})a : ({u})a, y = b < 0 ? ({u})-({u})b : ({u})b;
    while (y != 0) {{
        {u} rest = x % y;
        x = y;
        y = rest;
    }}
    return ({t})x;
}}""",
    "lcm": """
/* Wraps. */
static inline {t} lcm_{n}({t} a, {t} b)
{{
    {u} x = a < 0 ? ({u})-({u})a : ({u})a, y = b < 0 ? ({u})-({u})b : ({u})b;
    {u} most = x, other = y;
    while (other != 0) {{
        {u} rest = most % other;
        most = other;
        other = rest;
    }}
    return most == 0 ? 0 : ({t})(x / most * y);
}}""",
}

_TO_INTEGER = """
/* Truncates; the smallest number for nan and what does not fit. */
static inline {t} {i}_from_{n}({f} a)
{{
    return a {low} && a < {high} ? ({t})a : {least};
}}"""

_TO_LOW_BITS = """
/* Truncates to {wide} bits and keeps the low ones; 0 for nan and what does not fit. */
static inline {t} {i}_from_{n}({f} a)
{{
    return ({t})(a {low} && a < {high} ? (int{wide}_t)a : INT{wide}_MIN);
}}"""

_TO_U64 = """
/* Truncates modulo 2**64 from -2**63 on; what does not fit has the top bit alone. */
static inline uint64_t u64_from_{n}({f} a)
{{
    {f} rest = a >= 0x1p63{s} ? a - 0x1p63{s} : a;
    uint64_t low = (uint64_t)(rest {low} && rest < 0x1p63{s} ? (int64_t)rest : INT64_MIN);
    return a >= 0x1p63{s} ? low ^ (uint64_t)INT64_MIN : low;
}}"""

_HYPOT = """
/* Python's own: the root of the squares' sum in twice the precision, corrected once. */
static inline double hypot_f64(double a, double b)
{
    a = fabs(a);
    b = fabs(b);
    double most = a > b ? a : b;
    if (isinf(a) || isinf(b) || isnan(a) || isnan(b) || most == 0)
        return isinf(a) || isinf(b) ? HUGE_VAL : a + b;
    int exponent;
    frexp(most, &exponent);
    double x = ldexp(most, -exponent), y = ldexp(a > b ? b : a, -exponent);
    double xx = x * x, yy = y * y, sum = xx + yy;
    double rest = fma(x, x, -xx) + fma(y, y, -yy) + (yy - (sum - xx));
    double root = sqrt(sum + rest);
    double square = root * root;
    double error = (sum - square) - fma(root, root, -square) + rest;
    return ldexp(root + error / (2 * root), exponent);
}"""

_EXTREME = """
static inline {t} {op}_{n}({t} a, {t} b)
{{
    return b {sign} a ? b : a;
}}"""

_INDEX = {
    "min": """
static inline int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}""",
    "max": """
static inline int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}""",
    "floord": """
/* a / b rounded down, b > 0 */
static inline int64_t floord(int64_t a, int64_t b)
{
    return b & (b - 1) ? a / b - (a % b < 0) : (a - (a & (b - 1))) / b;
}""",
    "pmod": """
/* a - b * floord(a, b), b > 0 */
static inline int64_t pmod(int64_t a, int64_t b)
{
    int64_t r = a % b;
    return r < 0 ? r + b : r;
}""",
    "ask_row": """
/* Asks the memory for a row, or for its first kilobyte, of an array of rows of so many bytes. */
static inline void ask_row(const void *rows, uint64_t number, uint64_t bytes)
{
    const uintptr_t row = (uintptr_t)rows + number * bytes;
    for (uint64_t at = 0; at < bytes && at < 1024; at += 64)
        __builtin_prefetch((const void *)(row + at));
}""",
    "parts_of": """
/* The number of parts of a loop: as many as pay, from 1 to `most`. */
static inline int64_t parts_of(double pay, int64_t most)
{
    int64_t parts = 1;
    while (2 * parts <= pay && 2 * parts <= most)
        parts *= 2;
    return parts;
}""",
    "scratch": """
/* Memory for an array of this shape; NULL where there is not so much. */
static void *scratch(size_t bytes, int rank, const __int128 *shape)
{
    for (int d = 0; d < rank; d++)
        if (shape[d] <= 0)
            bytes = 0;
    for (int d = 0; d < rank && bytes > 0; d++) {
        if (shape[d] > PTRDIFF_MAX / 2 / (__int128)bytes)
            return NULL;
        bytes *= (size_t)shape[d];
    }
    return aligned_alloc(64, bytes / 64 * 64 + 64);
}""",
}


def _low_bound(bits: int, mantissa: int, suffix: str) -> str:
    """The test that a float lies above the range of integers that truncate into `bits` bits."""
    limit = 2 ** (bits - 1)
    if mantissa > bits - 1:
        return f"> -{limit + 1}.0{suffix}"
    return f">= -{float(limit).hex().replace('.0000000000000', '')}{suffix}"


def _conversions(n: str, f: str, s: str) -> dict[str, str]:
    """From one float type to the narrow and the unsigned integers."""
    found = {}
    mantissa = 53 if n == "f64" else 24
    for i, (t, _, w) in (_SIGNED | _UNSIGNED).items():
        if i in ("i32", "i64", "u64"):
            continue
        wide = 64 if i == "u32" else 32
        low = _low_bound(wide, mantissa, s)
        found[f"{i}_from_{n}"] = _TO_LOW_BITS.strip().format(
            t=t, i=i, n=n, f=f, low=low, high=f"0x1p{wide - 1}{s}", wide=wide, w=w
        )
    low = _low_bound(64, mantissa, s)
    found[f"u64_from_{n}"] = _TO_U64.strip().format(n=n, f=f, s=s, low=low)
    return found


def _all_helpers() -> dict[str, str]:
    found = {name: text.strip() for name, text in _INDEX.items()}
    found["hypot_f64"] = _HYPOT.strip()
    found["pipeline"] = PIPELINE
    found |= {name: text.strip() for name, text in (HALVES | COMPLEX).items()}
    for n, (t, u, w) in _SIGNED.items():
        for op, text in (_INTEGER | _NUMPY_INTEGER).items():
            found[f"{op}_{n}"] = text.strip().format(t=t, u=u, n=n, w=w)
    for n, (t, u, w) in _UNSIGNED.items():
        natural = {op: _NUMPY_INTEGER[op] for op in ("gcd", "lcm")}
        for op, text in (_NATURAL | natural).items():
            found[f"{op}_{n}"] = text.strip().format(t=t, u=u, n=n, w=w)
    for n, (t, s) in _FLOATS.items():
        for op, text in (_FLOAT | _NUMPY_FLOAT).items():
            found[f"{op}_{n}"] = text.strip().format(t=t, s=s, n=n)
        for op, (relation, nan) in _NUMPY_CHOICES.items():
            first = n == "f64" and op in ("fmax", "fmin")  # of two zeros, as NumPy's loops do
            sign = f"{relation}=" if first else relation
            found[f"{op}_{n}"] = _NUMPY_CHOICE.strip().format(t=t, op=op, n=n, sign=sign, nan=nan)
        found |= _conversions(n, t, s)
        for i, (integer, _, w) in _SIGNED.items():
            bits = int(w)
            if bits < 32:
                continue
            found[f"{i}_from_{n}"] = _TO_INTEGER.strip().format(
                t=integer,
                i=i,
                n=n,
                f=t,
                low=_low_bound(bits, 53 if n == "f64" else 24, s),
                high=f"0x1p{bits - 1}{s}",
                least=f"INT{w}_MIN",
            )
    types = {
        "bool": "bool",
        **{n: t for n, (t, *_) in (_SIGNED | _UNSIGNED | _FLOATS).items()},
    }
    for n, t in types.items():
        for op, sign in (("min", "<"), ("max", ">")):
            found[f"{op}_{n}"] = _EXTREME.strip().format(t=t, op=op, n=n, sign=sign)
    return found


HELPERS = {**_all_helpers(), **SPREADS}


def helper_text(names: Iterable[str]) -> tuple[str, ...]:
    """The text of the named helpers and of those they call, each once, in alphabetic order."""
    wanted = {needed for name in names for needed in (name, *NEEDS.get(name, ()))}
    return tuple(HELPERS[name] for name in sorted(wanted))
