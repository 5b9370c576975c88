"""The least and the greatest of an array of integers, as helper functions in C.

They tell at the speed of memory that every index is in bounds. Where one is not, that need not
mean anything: it may be an element that the kernel does not read, which only a scan tells.
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


SPREADS: Mapping[str, str] = {spread_name(d): _spread(d) for d in DTYPES if d.is_integer}
"""The helpers by name."""
