"""What is to be known of an array of integers as a whole, as helper functions in C.

The least and the greatest tell at the speed of memory that every index is in bounds. Where one is
not, that need not mean anything: it may be an element that the kernel does not read, which only a
scan tells.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyopt.model.types import DTYPES, DType

_PART = 16384
_ALONE = 65536


def spread_name(dtype: DType) -> str:
    """The helper for arrays of a type."""
    return f"spread_{dtype}"


def _spread(dtype: DType) -> str:
    value = "(int64_t)a[i]" if dtype.name == "u64" else "a[i]"
    ctype = "int64_t" if dtype.bits == 64 else dtype.ctype
    return f"""\
static void {spread_name(dtype)}(const {dtype.ctype} *a, int64_t n, int64_t *least, int64_t *most)
{{
    int64_t lo = INT64_MAX, hi = INT64_MIN;
#ifdef _OPENMP
    #pragma omp parallel for schedule(static) reduction(min:lo) reduction(max:hi) if (n > {_ALONE})
#endif
    for (int64_t from = 0; from < n; from += {_PART}) {{
        const int64_t to = n - from < {_PART} ? n : from + {_PART};
        {ctype} low = {value.replace("[i]", "[from]")}, high = low;
        for (int64_t i = from; i < to; i++) {{
            const {ctype} v = {value};
            low = v < low ? v : low;
            high = v > high ? v : high;
        }}
        lo = low < lo ? low : lo;
        hi = high > hi ? high : hi;
    }}
    *least = lo;
    *most = hi;
}}"""


def _monotone(dtype: DType) -> str:
    return f"""\
static int monotone_{dtype}(const {dtype.ctype} *a, int64_t n, int64_t step)
{{
    for (int64_t i = 1; i < n; i++)
        if (a[i * step] < a[(i - 1) * step])
            return 0;
    return 1;
}}"""


def _within(dtype: DType) -> str:
    """Part after part without a branch, and so in vectors where the elements are neighbours.

    An element above all numbers of 64 bits with a sign is in no range; limits may be beyond.
    """
    above = "a[i] > INT64_MAX || " if dtype.name == "u64" else ""
    outside = f"bad |= {above}(int64_t)a[i] < least || (int64_t)a[i] > most;"
    return f"""\
static int within_{dtype}(
    const {dtype.ctype} *a, int64_t n, int64_t step, __int128 low, __int128 high)
{{
    if (low > INT64_MAX || high <= INT64_MIN)
        return n <= 0;
    const int64_t least = low < INT64_MIN ? INT64_MIN : low;
    const int64_t most = high > INT64_MAX ? INT64_MAX : high - 1;
    for (int64_t from = 0; from < n; from += {_PART}) {{
        const int64_t to = n - from < {_PART} ? n : from + {_PART};
        int bad = 0;
        if (step == 1)
            for (int64_t i = from; i < to; i++)
                {outside}
        else
            for (int64_t i = from * step, left = to - from; left > 0; i += step, left--)
                {outside}
        if (bad)
            return 0;
    }}
    return 1;
}}"""


def _injective(dtype: DType) -> str:
    """By a bit for each value between the least and the greatest, or in order where these are far
    apart; -1 where there is no memory."""
    return f"""\
static int injective_{dtype}_order(const void *a, const void *b)
{{
    const {dtype.ctype} one = *(const {dtype.ctype} *)a, other = *(const {dtype.ctype} *)b;
    return (one > other) - (one < other);
}}

static int injective_{dtype}_sorted(const {dtype.ctype} *a, int64_t n, int64_t step)
{{
    {dtype.ctype} *in_order = malloc(n * sizeof *in_order);
    if (in_order == NULL)
        return -1;
    for (int64_t i = 0; i < n; i++)
        in_order[i] = a[i * step];
    qsort(in_order, n, sizeof *in_order, injective_{dtype}_order);
    int found = 1;
    for (int64_t i = 1; i < n && found; i++)
        found = in_order[i - 1] != in_order[i];
    free(in_order);
    return found;
}}

static int injective_{dtype}(const {dtype.ctype} *a, int64_t n, int64_t step)
{{
    if (n < 2)
        return 1;
    {dtype.ctype} low = a[0], high = a[0];
    for (int64_t i = 1; i < n; i++) {{
        const {dtype.ctype} v = a[i * step];
        low = v < low ? v : low;
        high = v > high ? v : high;
    }}
    const uint64_t last = (uint64_t)high - (uint64_t)low;
    if (last / 64 > 4 * (uint64_t)n)
        return injective_{dtype}_sorted(a, n, step);
    uint64_t *seen = calloc(last / 64 + 1, 8);
    if (seen == NULL)
        return -1;
    int found = 1;
    for (int64_t i = 0; i < n && found; i++) {{
        const uint64_t bit = (uint64_t)a[i * step] - (uint64_t)low;
        found = !(seen[bit / 64] >> (bit % 64) & 1);
        seen[bit / 64] |= (uint64_t)1 << (bit % 64);
    }}
    free(seen);
    return found;
}}"""


_INTEGERS = tuple(d for d in DTYPES if d.is_integer)

SPREADS: Mapping[str, str] = {
    **{spread_name(d): _spread(d) for d in _INTEGERS},
    **{f"monotone_{d}": _monotone(d) for d in _INTEGERS},
    **{f"within_{d}": _within(d) for d in _INTEGERS},
    **{f"injective_{d}": _injective(d) for d in _INTEGERS},
}
"""The helpers by name."""
