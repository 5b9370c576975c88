"""Arrays that live on an OpenCL device, seen as arrays of NumPy by what checks a call.

A `pyopencl.array.Array` is stood in for by an array of the same type, shape and strides over
memory that is reserved and never touched; its address tells the buffer. Arrays over one buffer
stand in one piece of memory, so that overlap is found as between any arrays.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyopt.errors import DtypeError, ShapeError

AnyArray = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

_LOCK = threading.RLock()  # memory may go, and be forgotten, while it is held


@dataclass(frozen=True, slots=True)
class Held:
    """A device buffer and the bytes in it at which an array begins; `array` is one over it."""

    buffer: Any
    offset: int
    array: Any


@dataclass(frozen=True, slots=True)
class _Reserved:
    start: int
    size: int
    array: Any
    memory: weakref.ref[AnyArray]


_RESERVED: dict[int, _Reserved] = {}
"""By the handle of a buffer, what stands in for it."""


def is_device_array(value: object) -> bool:
    """Whether a value is an array of pyopencl."""
    return type(value).__module__ == "pyopencl.array" and hasattr(value, "base_data")


def stand_in(kernel: str, name: str, value: Any) -> AnyArray:  # noqa: ANN401 pyopencl has no types
    """The array of NumPy that stands for a device array.

    Raises ShapeError where it is not in C's order, or has no elements and so no buffer.
    """
    if not value.flags.c_contiguous:
        raise ShapeError(
            f"{kernel}: argument {name} is a strided array on a device, and kernels take whole "
            f"ones there: pass {name}.copy(), and copy it back"
        )
    shape, dtype = value.shape, value.dtype
    if value.base_data is None:
        return np.empty(shape, dtype)
    memory = _memory(value)
    return np.ndarray(shape, dtype, buffer=memory, offset=value.offset)


def refuse_device_array(kernel: str, name: str) -> DtypeError:
    """The error for a device array where a kernel runs elsewhere."""
    return DtypeError(
        f"{kernel}: argument {name} is an array on an OpenCL device, and the kernel runs on the "
        f"host: pass {name}.get(), or give the kernel target=po.OpenCL(queue={name}.queue)"
    )


def _memory(value: Any) -> AnyArray:  # noqa: ANN401
    """The memory that stands for a buffer, as long as some array over it does."""
    handle = int(value.base_data.int_ptr)
    with _LOCK:
        known = _RESERVED.get(handle)
        memory = known.memory() if known is not None else None
        if memory is None:
            memory = np.empty(value.base_data.size, np.uint8)
            start = int(memory.ctypes.data)
            gone = weakref.ref(memory, lambda _: _forget(handle, start))
            _RESERVED[handle] = _Reserved(start, value.base_data.size, value, gone)
        return memory


def _forget(handle: int, start: int) -> None:
    with _LOCK:
        known = _RESERVED.get(handle)
        if known is not None and known.start == start:
            del _RESERVED[handle]


def held(address: int) -> Held | None:
    """The buffer that an address stands for; None for memory of the host."""
    if not _RESERVED:
        return None
    with _LOCK:
        for known in _RESERVED.values():
            if known.start <= address < known.start + known.size:
                return Held(known.array.base_data, address - known.start, known.array)
    return None
