"""Values that are not arrays of NumPy but can be seen as such, in place.

An array of rank 0 counts as the scalar in it. Objects of other libraries that offer their memory
(`__array_interface__`, or DLPack on the CPU) count as an array of that memory: what the kernel
writes, they hold. Subclasses of `np.ndarray` are none of these: see `type_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from polyopt.errors import DtypeError
from polyopt.model.types import from_numpy
from polyopt.runtime.opencl_data import is_device_array, stand_in

_OFFERS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("__array_interface__", np.asarray),
    ("__dlpack__", np.from_dlpack),
)
_KNOWN = (int, float, bool, np.memmap)


def in_place(kernel: str, names: Sequence[str], values: Sequence[object]) -> Sequence[object]:
    """The values, those of other libraries as arrays of the same memory; those that are on an
    OpenCL device as what stands for them.

    Raises DtypeError where such an object does not give its memory away.
    """
    if all(_is_plain(value) for value in values):
        return values
    return [_seen(kernel, n, v) for n, v in zip(names, values, strict=True)]


def _is_plain(value: object) -> bool:
    kind = type(value)
    if kind is np.ndarray:
        return value.ndim > 0  # type: ignore[attr-defined, no-any-return]
    return kind in _KNOWN


def _seen(kernel: str, name: str, value: object) -> object:
    if is_device_array(value):
        return stand_in(kernel, name, value)
    if isinstance(value, np.ndarray):
        exact = type(value) is np.ndarray and value.ndim == 0 and from_numpy(value.dtype)
        return value[()] if exact else value
    if isinstance(value, np.generic | type):
        return value
    try:
        view = next((seen for offer, seen in _OFFERS if hasattr(value, offer)), None)
        array = None if view is None else view(value)
    except Exception as error:  # the object's own code runs here
        kind = type(value)
        raise DtypeError(
            f"{kernel}: argument {name} is a {kind.__module__}.{kind.__qualname__} whose memory "
            f"NumPy cannot see ({error}): pass an array on the CPU"
        ) from error
    return value if array is None else _seen(kernel, name, array)
