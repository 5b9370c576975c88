"""Names in C: the kernel's own, changed only where C, its library or a helper has taken them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from polyopt.emit.numerics import HELPERS

Space = Literal["value", "array"]

_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void
volatile while _Bool _Complex _Imaginary _Alignas _Alignof _Atomic _Generic _Noreturn _Static_assert
_Thread_local NULL errno signgam
"""

_MATH = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 exp10 expm1
fabs fdim floor fma fmax fmin fmod frexp gamma hypot ilogb ldexp lgamma llrint llround log log10
log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round
scalbln scalbn sin sincos sinh sqrt tan tanh tgamma trunc j0 j1 jn y0 y1 yn drem significand scalb
finite isnan isinf isfinite isnormal signbit
"""

_LIBRARY = """
NAN INFINITY HUGE_VAL HUGE_VALF INT32_MIN INT64_MIN SIZE_MAX PTRDIFF_MAX
abort abs aligned_alloc alloca atexit atof atoi atol atoll bsearch calloc div exit free getenv index
labs ldiv llabs lldiv malloc mblen memcpy memmove memset memcmp onexit putenv qsort rand random
realloc setenv srand srandom strtod strtof strtol strtoul system select unix linux
bool true false asm typeof and or not xor main size_t ptrdiff_t wchar_t max_align_t time_t
int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t
u_int ushort uint ulong fd_set div_t ldiv_t float_t double_t
"""

RESERVED = frozenset(
    [*_KEYWORDS.split(), *_LIBRARY.split(), *HELPERS]
    + [name + suffix for name in _MATH.split() for suffix in ("", "f", "l")]
)


@dataclass
class Names:
    """One C name per model name, given out in order of asking; no two alike.

    Loop variables, parameters and scalar arguments share the space "value"; arrays and the
    blocks that hold parts of them share "array". The same name in both gets two C names.
    """

    reserved: frozenset[str] = RESERVED
    taken: set[str] = field(default_factory=set)
    given: dict[tuple[Space, str], str] = field(default_factory=dict)

    def of(self, space: Space, name: str) -> str:
        """The C name of a model name."""
        key = (space, name)
        if key not in self.given:
            self.given[key] = self.fresh(name)
        return self.given[key]

    def fresh(self, wanted: str) -> str:
        """A C name that nothing else has: `wanted`, or `wanted_2` and so on where it is taken.

        What C has taken gets an underscore: `double_`.
        """
        base = wanted
        while base in self.reserved or base.startswith(("_", "libm_")):
            stem = base.lstrip("_")
            base = f"{stem if stem[:1].isalpha() else f'v{stem}'}_"
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base}_{number}", number + 1
        self.taken.add(name)
        return name
