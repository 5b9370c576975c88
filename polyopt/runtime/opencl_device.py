"""OpenCL devices: what is here, which one is meant, and what it is able to do."""

from __future__ import annotations

import functools
import os
import threading
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from polyopt.emit.launches import MOST_ITEMS, Limits
from polyopt.errors import TargetUnavailableError
from polyopt.machine import DeviceModel

if TYPE_CHECKING:
    from polyopt.targets import OpenCL

INSTALL = 'pip install "polyopt[opencl]" brings pyopencl and PoCL, a device on every CPU'

_POCL = "Portable Computing Language"


@dataclass(frozen=True)
class Device:
    """An OpenCL device, its facts, and the one context and queue that polyopt uses it through.

    `shares_memory`: kernels run in the host's memory, and buffers made of it are never copied.
    """

    model: DeviceModel
    context: Any
    queue: Any
    handle: Any
    shares_memory: bool
    lock: threading.RLock

    def __str__(self) -> str:
        return str(self.model)


@functools.cache
def driver() -> ModuleType:
    """The module pyopencl.

    Raises TargetUnavailableError where it is not installed or does not load.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pyopencl  # noqa: PLC0415 an extra, and 0.2 s
    except ImportError as error:
        raise TargetUnavailableError(
            f"the OpenCL target needs pyopencl, and it does not load ({error}): {INSTALL}"
        ) from None
    return pyopencl


@functools.cache
def handles() -> tuple[Any, ...]:
    """Every device of every platform, in the order of the drivers."""
    cl = driver()
    try:
        platforms = cl.get_platforms()
    except cl.Error:  # no platform at all
        return ()
    found: list[Any] = []
    for platform in platforms:
        try:
            found += platform.get_devices()
        except cl.Error:  # a platform without devices
            continue
    return tuple(found)


def model_of(handle: Any) -> DeviceModel:  # noqa: ANN401 pyopencl has no types
    """A device's facts."""
    cl = driver()
    return DeviceModel(
        name=handle.name.strip(),
        platform=handle.platform.name.strip(),
        version=handle.platform.version.strip(),
        kind="cpu" if handle.type & cl.device_type.CPU else "gpu",
        compute_units=handle.max_compute_units,
        doubles="cl_khr_fp64" in handle.extensions.split(),
        vector_f64=handle.native_vector_width_double,
        vector_f32=handle.native_vector_width_float,
        local_memory=handle.local_mem_size,
        group_items=handle.max_work_group_size,
        item_sizes=tuple(handle.max_work_item_sizes),
        buffer_bytes=handle.max_mem_alloc_size,
        argument_bytes=handle.max_parameter_size,
    )


def devices() -> tuple[DeviceModel, ...]:
    """The facts of every device that is here.

    Raises TargetUnavailableError where pyopencl is not.
    """
    return tuple(map(model_of, handles()))


def device_kind(target: OpenCL) -> Literal["cpu", "gpu"]:
    """What code is written for: what the target says, else what its device is."""
    return target.model or find(target).model.kind


def device_limits(target: OpenCL) -> Limits:
    """What code is written for: its kind of device, and what its groups may have. Where the target
    says the kind, code is the same whatever device is here."""
    if target.model is not None:
        return Limits(target.model)
    model = find(target).model
    items = min(MOST_ITEMS, model.group_items)
    return Limits(model.kind, items, model.item_sizes, model.local_memory)


def find(target: OpenCL) -> Device:
    """The device that a target means, opened.

    Without `platform` and `device` the environment's PYOPENCL_CTX decides ("0", "0:1" or parts of
    names, as for pyopencl), then a GPU with doubles, then the first device.
    Raises TargetUnavailableError where there is none such.
    """
    if target.queue is not None:
        return of_queue(target.queue)
    platform, device = target.platform, target.device
    if platform is None and device is None and (wish := os.environ.get("PYOPENCL_CTX")):
        platform, _, device = wish.partition(":")
    return _find(platform, device if device != "" else None)


@functools.cache
def _find(platform: str | int | None, device: str | int | None) -> Device:
    found = handles()
    if not found:
        raise TargetUnavailableError(f"no OpenCL device is here: {INSTALL}")
    platforms = list(dict.fromkeys(h.platform for h in found))
    if platform is not None:
        platforms = _matching(platform, platforms)
    candidates = [h for p in platforms for h in _matching(device, _of(p, found))]
    if not candidates:
        wanted = " and ".join(
            f"{what} {value!r}"
            for what, value in (("platform", platform), ("device", device))
            if value is not None
        )
        listed = "\n".join(f"  {h.platform.name.strip()}: {h.name.strip()}" for h in found)
        raise TargetUnavailableError(
            f"no OpenCL device has {wanted}. These are here:\n{listed}\n"
            f"Give a part of such a name, or its number. {INSTALL}"
        )
    return opened(min(candidates, key=lambda h: model_of(h).kind != "gpu"))


def _of(platform: Any, found: tuple[Any, ...]) -> list[Any]:  # noqa: ANN401
    return [h for h in found if h.platform == platform]


def _matching(wish: str | int | None, items: list[Any]) -> list[Any]:
    """The items with a number, or with a part of a name; all of them without a wish."""
    if wish is None:
        return items
    text = str(wish).strip()
    if text.isdigit():
        return items[int(text) : int(text) + 1]
    return [item for item in items if text.lower() in item.name.lower()]


@functools.cache
def opened(handle: Any) -> Device:  # noqa: ANN401
    """A device with its context and queue, made once."""
    cl = driver()
    context = cl.Context([handle])
    return of_queue(cl.CommandQueue(context))


@functools.cache
def of_queue(queue: Any) -> Device:  # noqa: ANN401
    """The device behind a queue, such as a user's own."""
    handle, context = queue.device, queue.context
    model = model_of(handle)
    shares = model.kind == "cpu" and model.platform == _POCL
    return Device(model, context, queue, handle, shares, threading.RLock())
