"""Fused multiply-adds that a compiler makes although it is told not to.

gcc from 12 on puts sums and differences of products into one instruction (`vfmaddsub`) where they
are neighbours in memory, also under `-ffp-contract=off`: c*x + s*y beside c*y - s*x, as rotations
and complex products have them. Then the object is compiled for a machine without such instructions.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable

FORBIDDEN = "-ffp-contract=off"
WITHOUT = ("-mno-fma", "-mno-fma4", "-mno-avx512f")
"""Flags under which x86 has no fused instruction; AVX-512 always has some."""


def is_x86() -> bool:
    """Whether this machine is a PC's."""
    return platform.machine().lower() in ("x86_64", "amd64", "i686")


def _any(values: Iterable[int]) -> bytes:
    return b"[" + b"".join(re.escape(bytes([v])) for v in values) + b"]"


# Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: the opcodes 96 to 9F, A6
# to AF and B6 to BF of the map 0F38 with the prefix 66, after the VEX or EVEX bytes that say so.
_OPCODE = _any(row + column for row in (0x90, 0xA0, 0xB0) for column in range(6, 16))
_VEX = (
    rb"\xc4"
    + _any(v for v in range(256) if v & 31 == 2)
    + _any(v for v in range(256) if v & 3 == 1)
)
_EVEX = (
    rb"\x62"
    + _any(v for v in range(256) if v & 15 == 2)
    + _any(v for v in range(256) if v & 7 == 5)
) + b"."
_FUSED = re.compile(b"(?:" + _VEX + b"|" + _EVEX + b")" + _OPCODE, re.DOTALL)


def may_be_fused(code: bytes) -> bool:
    """Whether bytes of an object look like a fused multiply-add of x86; few others do."""
    return is_x86() and _FUSED.search(code) is not None


def is_fused(assembly: str) -> bool:
    """Whether a program in x86's assembly language has a fused multiply-add."""
    return re.search(r"^\s*vfn?m(add|sub)", assembly, re.MULTILINE) is not None
