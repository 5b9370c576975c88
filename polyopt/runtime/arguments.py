"""What a call's values are: their types for the model, and the words for those it cannot take.

`describe` is on the path of every call and does the least that tells two specialisations apart;
`types_of` runs once per specialisation and raises for everything that no kernel takes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from polyopt.errors import DtypeError, ShapeError
from polyopt.model.affine import Affine
from polyopt.model.types import (
    DTYPES,
    ArgumentType,
    ArrayType,
    DType,
    ScalarType,
    bool_,
    c128,
    f64,
    from_numpy,
    i64,
)
from polyopt.runtime.memory import unit_dimension

_Array = np.ndarray[tuple[int, ...], np.dtype[np.generic]]
_ndarray, _memmap = np.ndarray, np.memmap
_addressof, _from_buffer = ctypes.addressof, ctypes.c_char.from_buffer

TAKEN = "arrays of " + ", ".join(str(d) for d in DTYPES[:-1]) + f" and {DTYPES[-1]}"

Key = tuple[object, ...]
Layouts = tuple[tuple[str, int], ...]

_WRITTEN_BITS = 1000
_SEQUENCES = ("list", "tuple", "range", "bytearray", "memoryview", "array.array")
_PYTHON = ((bool, bool_), (int, i64), (float, f64), (complex, c128))


def describe(values: Sequence[object]) -> tuple[Key, list[int], bool]:
    """What distinguishes the values' types and layouts, and their addresses (0 for scalars).

    The last item says whether two arrays begin at one address.
    """
    parts: list[object] = []
    addresses: list[int] = []
    repeated = False
    for value in values:
        kind = type(value)
        if kind is _ndarray or kind is _memmap:
            array: _Array = value  # type: ignore[assignment]
            parts.append((array.dtype, array.ndim, unit_dimension(array)))
            start = address(array)
            repeated = repeated or start in addresses
            addresses.append(start)
        else:
            parts.append(kind)
            addresses.append(0)
    return tuple(parts), addresses, repeated


def layouts(names: Sequence[str], values: Sequence[object]) -> Layouts:
    """The arrays that are not in C's order, each with its dimension of stride 1 or -1."""
    units = (
        (name, unit_dimension(value))
        for name, value in zip(names, values, strict=True)
        if isinstance(value, np.ndarray)
    )
    return tuple((name, unit) for name, unit in units if unit is not None)


def address(array: _Array) -> int:
    """Where an array's first element is."""
    try:
        # Four times as fast as `array.ctypes.data`; refuses what is read-only, empty or strided.
        return _addressof(_from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError, BufferError):
        return array.ctypes.data


def twins(values: Sequence[object], addresses: Sequence[int]) -> tuple[int, ...]:
    """For each value the position of the first one that is the very same array, else its own."""
    found: list[int] = []
    for position, value in enumerate(values):
        first = position
        if isinstance(value, np.ndarray):
            earlier = (
                p
                for p in range(position)
                if addresses[p] == addresses[position] and _is_twin(values[p], value)
            )
            first = next(earlier, position)
        found.append(first)
    return tuple(found)


def _is_twin(first: object, second: _Array) -> bool:
    if first is second:
        return True
    return (
        isinstance(first, np.ndarray)
        and second.nbytes > 0
        and first.dtype == second.dtype
        and first.shape == second.shape
        and first.strides == second.strides
    )


def as_type(value: object) -> object:
    """A value that stands for a type, such as `po.f64`, `np.float32` or `int`, as that type."""
    if isinstance(value, DType):
        return ScalarType(value, weak=False)
    if isinstance(value, type):
        for python, dtype in _PYTHON:
            if value is python:
                return ScalarType(dtype, weak=True)
        if issubclass(value, np.generic):
            strong = from_numpy(np.dtype(value))
            return value if strong is None else ScalarType(strong, weak=False)
    return value


# ---- types, once per specialisation ----------------------------------------------------------


def types_of(
    kernel: str,
    names: Sequence[str],
    values: Sequence[object],
    declared: Mapping[str, ArgumentType] | None,
    *,
    may_be_types: bool = False,
) -> dict[str, ArgumentType]:
    """The type of each argument: as declared, or else as the value has it.

    With `may_be_types` a type may stand for a value.
    Raises DtypeError and ShapeError for values that are not taken.
    """
    found: dict[str, ArgumentType] = {}
    for name, value in zip(names, values, strict=True):
        where = f"{kernel}: argument {name}"
        is_type = may_be_types and isinstance(value, ArrayType | ScalarType)
        own = cast("ArgumentType", value) if is_type else type_of(where, name, value)
        if declared is None:
            found[name] = own
        else:
            _accept(where, name, value, own, declared[name])
            found[name] = declared[name]
    return found


def type_of(where: str, name: str, value: object) -> ArgumentType:
    """The type of one value.

    Raises DtypeError for what no kernel takes, ShapeError for an array of rank 0.
    """
    kind = type(value)  # an object's own word for its class, `__class__`, is not asked
    if issubclass(kind, np.ndarray):
        return _array_type(where, name, cast("_Array", value))
    if issubclass(kind, np.generic):
        scalar = cast("np.generic", value).dtype
        dtype = from_numpy(scalar)
        if dtype is None:
            raise DtypeError(
                f"{where} is a NumPy {scalar}; scalars are Python's int, float, complex and bool, "
                f"or NumPy's of type {_listed()}: {_scalar_instead(name, scalar.kind)}"
            )
        return ScalarType(dtype, weak=False)
    for python, dtype in _PYTHON:
        if issubclass(kind, python):
            return ScalarType(dtype, weak=True)
    raise DtypeError(_other(where, name, value))


def _array_type(where: str, name: str, value: _Array) -> ArrayType:
    kind = type(value)
    if kind is not np.ndarray and kind is not np.memmap:
        fix = f"{name}.filled(…)" if issubclass(kind, np.ma.MaskedArray) else f"np.asarray({name})"
        raise DtypeError(
            f"{where} is {a_class(value)}; of ndarray's subclasses only "
            f"np.memmap is taken, since others change what an index means: pass {fix}"
        )
    dtype = from_numpy(value.dtype)
    if dtype is None:
        raise DtypeError(f"{where} is an array of {_dtype_problem(name, value.dtype)}")
    if value.ndim == 0:
        raise ShapeError(
            f"{where} is an array of rank 0, which has no element A[i]: "
            f"pass a scalar, {name}.item(), or an array of one element, {name}.reshape(1)"
        )
    free: tuple[Affine | None, ...] = (None,) * value.ndim
    return ArrayType(dtype, free)


def _dtype_problem(name: str, dtype: np.dtype[np.generic]) -> str:
    if not dtype.isnative and from_numpy(dtype.newbyteorder("=")) is not None:
        return (
            f"{dtype.newbyteorder('=')} in the other byte order ({dtype.str}): "
            f'pass {name}.astype({name}.dtype.newbyteorder("="))'
        )
    wanted = f"{dtype}; kernels take {TAKEN}: "
    fix = {
        "f": f"pass {name}.astype(np.float64)",
        "i": f"pass {name}.astype(np.int64)",
        "u": f"pass {name}.astype(np.int64)",
        "c": f"pass {name}.astype(np.complex128)",
        "V": "pass each field as an array of its own",
        "O": f"pass {name}.astype(np.float64)",
    }.get(dtype.kind, "convert it to one of these")
    return wanted + fix


def _other(where: str, name: str, value: object) -> str:
    if value is None:
        return f"{where} is None; {_taken()}: pass a value for {name}"
    fix = _instead(name, value)
    return f"{where} is {a_class(value)}; {_taken()}: {fix}"


def _taken() -> str:
    return f"kernels take {TAKEN}, int, float, complex and bool"


def a_class(value: object) -> str:
    """The class of a value with an article, "a fractions.Fraction"; it is not asked itself."""
    name = _class_name(value)
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def _class_name(value: object) -> str:
    return type.__repr__(type(value)).partition("'")[2][:-2]


def shown(value: object) -> str:
    """A number in words of bounded length: Python refuses to write ints of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > _WRITTEN_BITS:
        return f"an int of {value.bit_length()} bits"
    return repr(value)


def _instead(name: str, value: object) -> str:
    """What to pass in the place of a value that no kernel takes."""
    kind = type(value)
    if issubclass(kind, str | bytes):
        return "a kernel has no text"
    if issubclass(kind, type | DType | ArrayType | ScalarType):
        return "a type stands for a value in specialize() alone"
    if callable(value):
        return "a function is captured from the module, not passed"
    if any("__float__" in vars(each) for each in kind.__mro__):
        return f"pass float({name}), or int({name})"
    fix = f"pass np.asarray({name})"
    return fix if _class_name(value) in _SEQUENCES else "pass arrays and numbers"


def _listed() -> str:
    return ", ".join(str(d) for d in DTYPES)


def _scalar_instead(name: str, kind: str) -> str:
    """What to pass in the place of a scalar of NumPy that no kernel takes."""
    return {
        **dict.fromkeys("iu", f"pass int({name})"),
        "c": f"pass complex({name})",
        "m": f"pass {name}.astype(np.int64)",
        "M": f"pass {name}.astype(np.int64)",
        "f": f"pass float({name})",
        "V": "pass each field as an argument of its own",
    }.get(kind, "a kernel has no text")


def _scalar_cast(kind: str) -> str:
    return {"f": "float", "b": "bool", "c": "complex"}.get(kind, "int")


# ---- declared types ------------------------------------------------------------------------


def _accept(
    where: str, name: str, value: object, own: ArgumentType, declared: ArgumentType
) -> None:
    """Refuse a value that an annotated argument does not take."""
    if isinstance(declared, ArrayType):
        if not isinstance(own, ArrayType):
            raise DtypeError(
                f"{where} is {_article(own)}, and it is declared {declared}: pass an array"
            )
        _accept_array(where, name, own, declared)
    elif isinstance(own, ArrayType):
        raise DtypeError(
            f"{where} is an array, and it is declared {_scalar_name(declared)}: pass a scalar"
        )
    else:
        _accept_scalar(where, name, value, own, declared)


def _accept_array(where: str, name: str, own: ArrayType, declared: ArrayType) -> None:
    if own.dtype != declared.dtype:
        raise DtypeError(
            f"{where} is an array of {own.dtype}, and it is declared {declared}: "
            f"pass {name}.astype(np.{declared.dtype.numpy}), whose results come back only if "
            "you keep that array"
        )
    if own.rank != declared.rank:
        raise ShapeError(
            f"{where} has rank {own.rank}, and it is declared {declared}, of rank {declared.rank}: "
            "pass an array of that rank"
        )


def _accept_scalar(
    where: str, name: str, value: object, own: ScalarType, declared: ScalarType
) -> None:
    """Values pass where no bit is lost: ints as floats, NumPy's scalars to as many bits or more."""
    if not _fits(own, declared):
        cast = (
            _scalar_cast(declared.dtype.kind)
            if declared.weak or own.weak
            else (f"np.{declared.dtype.numpy}")
        )
        raise DtypeError(
            f"{where} is {_article(own)} ({shown(value)}), and it is declared "
            f"{_scalar_name(declared)}: pass {cast}({name})"
        )


def _fits(own: ScalarType, declared: ScalarType) -> bool:
    kinds = own.dtype.kind, declared.dtype.kind
    if kinds[0] == kinds[1]:
        return own.weak or own.dtype.bits <= declared.dtype.bits
    if kinds[1] == "c":
        return own.weak or _fits(own, ScalarType(declared.dtype.component, weak=False))
    if kinds in (("i", "f"), ("u", "f"), ("u", "i")):
        return own.weak or own.dtype.bits < declared.dtype.bits
    return kinds == ("i", "u") and own.weak


def _article(type_: ArgumentType) -> str:
    name = _scalar_name(type_) if isinstance(type_, ScalarType) else str(type_)
    return f"a {name}" if name.startswith(("float", "bool", "c")) else f"an {name}"


def _scalar_name(type_: ScalarType) -> str:
    if type_.weak:
        return {"f": "float", "i": "int", "b": "bool", "c": "complex"}[type_.dtype.kind]
    return str(type_.dtype)
