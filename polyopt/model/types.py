"""Element types and the types of a kernel's arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from polyopt.model.affine import Affine, as_affine

Kind = Literal["f", "c", "i", "u", "b"]

FpMode = Literal["strict", "reassociate", "fast"]
"""How much floating-point arithmetic may be reordered; see the table of number semantics."""


@dataclass(frozen=True, slots=True)
class DType:
    """An element type: `f64`, `f32`, `f16`, `c128`, `c64`, `i64` to `i8`, `u64` to `u8`, or `bool`.

    An `f16` is stored as its bits, and computed with as a `float`.

    Subscripting with extents makes an array type for annotations: `po.f64[N, M]`.
    """

    name: str
    kind: Kind
    bits: int
    ctype: str

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The NumPy dtype of the same name."""
        return np.dtype("?" if self.kind == "b" else f"{self.kind}{self.bits // 8}")

    @property
    def is_float(self) -> bool:
        """Whether elements are floating-point numbers."""
        return self.kind == "f"

    @property
    def is_complex(self) -> bool:
        """Whether elements are complex numbers: pairs of floats."""
        return self.kind == "c"

    @property
    def is_inexact(self) -> bool:
        """Whether elements are floats or pairs of them, which arithmetic rounds."""
        return self.kind in "fc"

    @property
    def component(self) -> DType:
        """The type of the real and of the imaginary part; of a real type, itself."""
        return {"c128": f64, "c64": f32}.get(self.name, self)

    @property
    def is_integer(self) -> bool:
        """Whether elements are integers, with a sign or without."""
        return self.kind in "iu"

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest integer of an integer type."""
        if self.kind == "u":
            return 0, 2**self.bits - 1
        return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1

    @property
    def passed(self) -> str:
        """The C type in which a scalar argument of this type is passed by value."""
        return "float" if self.name == "f16" else self.ctype

    @property
    def unsigned(self) -> str:
        """The C type in which integers of this type wrap: C computes narrow ones in `int`."""
        return f"uint{max(self.bits, 32)}_t"

    def __call__(self, value: object) -> np.generic:
        """`value` as NumPy's scalar of this type, as in a kernel: `po.f32(x)`."""
        return self.numpy.type(value)

    def __getitem__(self, extents: object) -> ArrayType:
        items = extents if isinstance(extents, tuple) else (extents,)
        return ArrayType(self, tuple(None if e is Ellipsis else as_affine(e) for e in items))

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        # Types are compared by identity: what a cache or a copy brings back is this very object.
        return "bool_" if self.name == "bool" else self.name


f64 = DType("f64", "f", 64, "double")
f32 = DType("f32", "f", 32, "float")
f16 = DType("f16", "f", 16, "uint16_t")
c128 = DType("c128", "c", 128, "double _Complex")
c64 = DType("c64", "c", 64, "float _Complex")
i64 = DType("i64", "i", 64, "int64_t")
i32 = DType("i32", "i", 32, "int32_t")
i16 = DType("i16", "i", 16, "int16_t")
i8 = DType("i8", "i", 8, "int8_t")
u64 = DType("u64", "u", 64, "uint64_t")
u32 = DType("u32", "u", 32, "uint32_t")
u16 = DType("u16", "u", 16, "uint16_t")
u8 = DType("u8", "u", 8, "uint8_t")
bool_ = DType("bool", "b", 8, "bool")

DTYPES: tuple[DType, ...] = (f64, f32, f16, c128, c64, i64, i32, i16, i8, u64, u32, u16, u8, bool_)


def from_numpy(dtype: np.dtype[np.generic]) -> DType | None:
    """The element type for a native-endian NumPy dtype, None where polyopt has none."""
    for candidate in DTYPES:
        if dtype == candidate.numpy and dtype.isnative:
            return candidate
    return None


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array argument's type. An extent of None is free: it becomes a parameter of its own."""

    dtype: DType
    extents: tuple[Affine | None, ...]

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.extents)

    def __str__(self) -> str:
        inner = ", ".join("..." if e is None else str(e) for e in self.extents)
        return f"{self.dtype}[{inner}]"


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A scalar argument's type. Python's own numbers are weak (NEP 50), NumPy's strong."""

    dtype: DType
    weak: bool

    def __str__(self) -> str:
        return f"{'weak ' if self.weak else ''}{self.dtype}"


ArgumentType = ArrayType | ScalarType
