"""Values that are not arrays of NumPy but can be seen as such, in place.

An array of rank 0 counts as the scalar in it. Objects of other libraries that offer their memory
(`__array_interface__`, or DLPack on the CPU) count as an array of that memory: what the kernel
writes, they hold. Subclasses of `np.ndarray` are none of these: see `type_of`.

A number of a subclass, such as a member of an IntEnum, counts as the plain number that it holds:
`range` and array elements take it so too. Its own methods are not asked, nor is its `__class__`;
behind this module every value is of a class that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from polyopt.errors import DtypeError
from polyopt.model.types import DTYPES, ArrayType, DType, ScalarType, from_numpy
from polyopt.runtime.arguments import a_class, type_of
from polyopt.runtime.opencl_data import is_device_array, stand_in

_OFFERS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("__array_interface__", np.asarray),
    ("__dlpack__", np.from_dlpack),
)
_KNOWN = (int, float, complex, bool, np.memmap)
_SCALARS: tuple[type[Any], ...] = tuple(dtype.numpy.type for dtype in DTYPES)
_TYPES = (type, DType, ArrayType, ScalarType)


def in_place(kernel: str, names: Sequence[str], values: Sequence[object]) -> Sequence[object]:
    """The values, those of other libraries as arrays of the same memory; those that are on an
    OpenCL device as what stands for them; numbers as plain ones.

    Raises DtypeError for what is neither array, number nor type, and where an object does not give
    its memory away.
    """
    if all(_is_plain(value) for value in values):
        return values
    return [_seen(kernel, n, v) for n, v in zip(names, values, strict=True)]


def _is_plain(value: object) -> bool:
    kind = type(value)
    if kind is np.ndarray:
        return value.ndim > 0  # type: ignore[attr-defined, no-any-return]
    return any(kind is known for known in _KNOWN)


def _seen(kernel: str, name: str, value: object) -> object:
    kind = type(value)
    if kind is np.ndarray:
        array: np.ndarray[tuple[int, ...], np.dtype[np.generic]] = value  # type: ignore[assignment]
        return array[()] if array.ndim == 0 and from_numpy(array.dtype) else array
    if is_device_array(value):
        return stand_in(kernel, name, value)
    if issubclass(kind, np.ndarray) and kind is not np.memmap:
        type_of(f"{kernel}: argument {name}", name, value)  # has the words
    if issubclass(kind, (*_TYPES, np.memmap)):
        return value
    number = plain_number(value)
    return _offered(kernel, name, value) if number is None else number


def plain_number(value: object) -> object:
    """A number as one of Python's or NumPy's own classes; None for what is no number."""
    kind = type(value)
    if kind is bool or any(kind is known for known in _SCALARS):
        return value
    if issubclass(kind, np.generic):
        own = next((c for c in _SCALARS if issubclass(kind, c)), None)
        if own is None:
            return value
        if issubclass(own, np.complexfloating):
            return own(complex(cast("complex", value)))
        is_real = issubclass(own, np.floating)
        return own(own.__float__(value) if is_real else own.__int__(value))
    if issubclass(kind, int):
        return int.__int__(cast("int", value))
    if issubclass(kind, complex):
        return complex.__complex__(cast("complex", value))
    return float.__float__(cast("float", value)) if issubclass(kind, float) else None


def _offered(kernel: str, name: str, value: object) -> object:
    """The array that an object offers, in place."""
    where = f"{kernel}: argument {name}"
    try:
        view = next((seen for offer, seen in _OFFERS if hasattr(value, offer)), None)
        array = None if view is None else view(value)
    except Exception as error:  # the object's own code runs here
        raise DtypeError(
            f"{where} is {a_class(value)} whose memory "
            f"NumPy cannot see ({error}): pass an array on the CPU"
        ) from error
    if array is None:
        type_of(where, name, value)  # has the words
    return _seen(kernel, name, array)
