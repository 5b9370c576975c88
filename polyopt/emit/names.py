"""Names in C: the kernel's own, changed only where C, its library or a helper has taken them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from polyopt.emit.numerics import HELPERS

Space = Literal["value", "array"]

_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void
volatile while _Bool _Complex _Imaginary _Alignas _Alignof _Atomic _Generic _Noreturn _Static_assert
_Thread_local asm typeof bool true false NULL main linux unix errno signgam and or not xor bitand
bitor
"""

_LIBRARY = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim
floor fma fmax fmin fmod frexp gamma hypot ilogb ldexp lgamma llrint llround log log10 log1p log2
logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalbln
scalbn sin sinh sqrt tan tanh tgamma trunc j0 j1 jn y0 y1 yn drem significand scalb finite exp10
pow10 isnan isinf isfinite isnormal signbit sincos NAN INFINITY HUGE_VAL HUGE_VALF
abort abs aligned_alloc atexit atof atoi atol atoll bsearch calloc div exit free getenv index labs
ldiv llabs lldiv malloc mblen memcpy memmove memset memcmp mkstemp onexit putenv qsort rand random
realloc rindex setenv size_t srand srandom strtod strtof strtol strtoul system select
INT32_MIN INT64_MIN SIZE_MAX
int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t time_t
"""

RESERVED = frozenset(
    [*_KEYWORDS.split(), *_LIBRARY.split(), *HELPERS]
    + [f"{name}{suffix}" for name in _LIBRARY.split()[:72] for suffix in "fl"]
)


@dataclass
class Names:
    """One C name per model name, given out in order of asking; no two alike.

    Loop variables, parameters and scalar arguments share the space "value"; arrays and the
    blocks that hold parts of them share "array". The same name in both gets two C names.
    """

    taken: set[str] = field(default_factory=set)
    given: dict[tuple[Space, str], str] = field(default_factory=dict)

    def of(self, space: Space, name: str) -> str:
        """The C name of a model name."""
        key = (space, name)
        if key not in self.given:
            self.given[key] = self.fresh(name)
        return self.given[key]

    def fresh(self, wanted: str) -> str:
        """A C name that nothing else has, `wanted` itself where it is free."""
        name = wanted
        while name in RESERVED or name in self.taken or name.startswith("__"):
            name = f"{name.lstrip('_') or 'v'}_"
        self.taken.add(name)
        return name

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names from being given out."""
        self.taken.update(names)
