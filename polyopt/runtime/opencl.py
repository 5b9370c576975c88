"""OpenCL programs at run time: built once for a device, then launched as their host part says."""

from __future__ import annotations

import ctypes
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyopt.emit.launches import (
    Buffer,
    Case,
    Choice,
    HostNode,
    Launch,
    LaunchProgram,
    Range,
    Repeat,
    Work,
    launches,
)
from polyopt.errors import (
    AliasError,
    BadArgumentError,
    BuildError,
    InternalError,
    TargetUnavailableError,
)
from polyopt.model.affine import evaluate_condition
from polyopt.runtime.bind import Entry
from polyopt.runtime.memory import overlap
from polyopt.runtime.opencl_data import Held, held
from polyopt.runtime.opencl_device import INSTALL, Device, driver, find
from polyopt.runtime.plan import ArrayPlan, Interface, Plan
from polyopt.targets import OpenCL, Target

if TYPE_CHECKING:
    from polyopt.machine import DeviceModel

LARGE_LAUNCH = 4e5
"""Operations from which on a loop is worth a launch of its own, some 30 microseconds."""

LARGE_PIECES = 1e5
"""Operations from which on a loop is worth more than one group."""

_PIECES_PER_UNIT = 8
_NUMBERS: dict[str, Callable[[Any], np.generic]] = {
    "int8_t": np.int8,
    "uint8_t": np.uint8,
    "int16_t": np.int16,
    "uint16_t": np.uint16,
    "uint32_t": np.uint32,
    "uint64_t": np.uint64,
    "int64_t": np.int64,
    "int32_t": np.int32,
    "double": np.float64,
    "float": np.float32,
    "uchar": np.uint8,
}


class OpenCLEntry(Entry):
    """An OpenCL program called with the kernel's own arguments: the checks of `Entry`, and
    launches where it calls C."""

    def __init__(
        self,
        interface: Interface,
        launcher: Launcher,
        *,
        overlapping: Callable[[], Entry] | None = None,
    ) -> None:
        program = launcher.program
        self.interface = interface
        self.program = replace(program, source="")
        self.path = Path()
        self.checks = program.checks
        self.plan = Plan.of(interface, program, takes_overlap=False)
        self.packed = 0
        self.setters = (0, 0, 0)
        self._overlapping = overlapping
        self._function = launcher

    def __call__(self, values: Sequence[object], addresses: Sequence[int]) -> None:
        """Check the values and run. Arrays that are not in C's order are copied, and copied back
        where the kernel writes them: a device takes whole arrays."""
        arrays = {p.position: p for p in self.plan.arrays}
        strided = [i for i in arrays if not values[i].flags.c_contiguous]  # type: ignore[attr-defined]
        on_device = any(held(addresses[i]) is not None for i in arrays)
        shared = (strided or on_device) and self._shared(values)
        if shared and on_device:
            raise AliasError(self._overlap_text(*shared))
        if shared or not strided:
            super().__call__(values, addresses)  # which has the words for what is shared
            return
        given, at = list(values), list(addresses)
        for position in strided:
            self._refuse_layout(arrays[position], values[position])  # type: ignore[arg-type]
            copy = np.ascontiguousarray(values[position])
            given[position], at[position] = copy, copy.ctypes.data
        super().__call__(given, at)
        for position in strided:
            if arrays[position].written:
                values[position][...] = given[position]  # type: ignore[index]

    def _refuse_device_arrays(self, addresses: Sequence[int]) -> None:
        """They are welcome."""

    def _shared(self, values: Sequence[object]) -> tuple[ArrayPlan, ArrayPlan] | None:
        """Two arrays that must not share memory and do, a written one first."""
        pairs = self.plan.pairs
        return next(
            (p for p in pairs if overlap(values[p[0].position], values[p[1].position])), None
        )


def open_program(program: LaunchProgram, target: Target) -> Launcher:
    """The program built for a target's device.

    Raises TargetUnavailableError where there is no such device or it cannot run the program, and
    BuildError where its compiler fails.
    """
    if not isinstance(target, OpenCL):
        raise InternalError(f"an OpenCL program for {target}")
    return Launcher(program, find(target))


@dataclass
class _Call:
    """What one call's launches refer to: numbers by name, and buffers by array."""

    numbers: dict[str, int]
    scalars: dict[str, float]
    buffers: dict[str, Any]


class Launcher:
    """A built program. Called as the C entry function would be: parameters, scalars, addresses.

    Returns 0, `1 + i` where check i failed, or -1 where memory could not be had; then nothing was
    touched. Safe to use from several threads, which take turns.
    """

    def __init__(self, program: LaunchProgram, device: Device) -> None:
        self.program, self.device = program, device
        _refuse_beyond(program, device.model)
        built = _build(program, device)
        cl = driver()
        self._kernels = {x.kernel: cl.Kernel(built, x.kernel) for x in launches(program.host)}
        names = {kind: [a.name for a in program.arguments if a.kind == kind] for kind in _KINDS}
        self._numbers, self._scalars, self._arrays = (names[kind] for kind in _KINDS)
        self._argument_buffers = [b for b in program.buffers if b.kind == "argument"]
        self._local_buffers = [b for b in program.buffers if b.kind == "local"]
        self._process = os.getpid()
        self._kept: dict[str, tuple[int, int, Any]] = {}
        self._given: dict[tuple[str, int], object] = {}

    def __call__(self, *values: float) -> int:
        """Run it once, to its end."""
        if os.getpid() != self._process:
            raise TargetUnavailableError(
                "OpenCL's threads do not follow a forked process: start workers with "
                'multiprocessing\'s "spawn", or use target="openmp" in them'
            )
        first, second = len(self._numbers), len(self._numbers) + len(self._scalars)
        numbers = dict(zip(self._numbers, map(int, values[:first]), strict=True))
        for number, check in enumerate(self.program.checks):
            if not evaluate_condition(check.condition, numbers):
                return 1 + number
        scalars = dict(zip(self._scalars, values[first:second], strict=True))
        addresses = dict(zip(self._arrays, map(int, values[second:]), strict=True))
        with self.device.lock:
            return self._run(_Call(numbers, scalars, {}), addresses)

    def _run(self, call: _Call, addresses: Mapping[str, int]) -> int:
        cl = driver()
        try:
            back = self._buffers(call, addresses)
        except cl.MemoryError:
            return -1
        try:
            for launch in launches(self.program.host):
                self._set_fixed(launch, call)
            self._nodes(self.program.host, call)
            for buffer, host in back:
                self._copy_back(buffer, host)
            self.device.queue.finish()
        except cl.Error as error:
            raise TargetUnavailableError(
                f"{self.program.symbol}: {self.device.model.name} failed ({error}); what it wrote "
                'may be partial. Choose another device, or use target="openmp"'
            ) from error
        return 0

    def _copy_back(self, buffer: Any, where: Any) -> None:  # noqa: ANN401
        """Copy a buffer to memory of the host, or to a part of another buffer."""
        copy, queue = driver().enqueue_copy, self.device.queue
        if isinstance(where, tuple):
            target, offset, size = where
            copy(queue, target, buffer, dst_offset=offset, byte_count=size)
        else:
            copy(queue, where, buffer, is_blocking=False)

    # -- memory ------------------------------------------------------------------------------

    def _buffers(self, call: _Call, addresses: Mapping[str, int]) -> list[tuple[Any, Any]]:
        """Make the call's buffers; gives those to be copied back, with where to."""
        cl, device = driver(), self.device
        flags = cl.mem_flags
        back: list[tuple[Any, Any]] = []
        for item in self._local_buffers:
            size = max(self._size(item, call), 1)
            make = partial(cl.Buffer, device.context, flags.READ_WRITE, size)
            call.buffers[item.name] = self._again(item, 0, size, make)
        for item in self._argument_buffers:
            size = self._size(item, call)
            if not size:
                call.buffers[item.name] = cl.Buffer(device.context, flags.READ_WRITE, 8)
                continue
            there = held(addresses[item.name])
            if there is not None:
                buffer, host = self._on_device(item, there, size)
                call.buffers[item.name] = buffer
                back += [] if host is None else [(buffer, host)]
                continue
            memory = (ctypes.c_char * size).from_address(addresses[item.name])
            if device.shares_memory:
                mode = flags.READ_WRITE | flags.USE_HOST_PTR
                make = partial(cl.Buffer, device.context, mode, hostbuf=memory)
                call.buffers[item.name] = self._again(item, addresses[item.name], size, make)
                continue
            buffer = cl.Buffer(device.context, flags.READ_WRITE, size)
            call.buffers[item.name] = buffer
            if item.copied_in:
                cl.enqueue_copy(device.queue, buffer, memory, is_blocking=False)
            if item.written:
                back.append((buffer, memory))
        return back

    def _again(self, item: Buffer, address: int, size: int, make: Callable[[], Any]) -> Any:  # noqa: ANN401
        """The buffer of the call before, where it is over the same memory: making buffers and
        setting them as arguments is half of what a small call costs."""
        kept = self._kept.get(item.name)
        if kept is None or kept[:2] != (address, size):
            kept = self._kept[item.name] = (address, size, make())
        return kept[2]

    def _on_device(self, item: Buffer, there: Held, size: int) -> tuple[Any, Any]:
        """The buffer of an array that is on the device; with it the part of another buffer that
        it is to be copied back to, where it begins where no buffer may."""
        cl, device = driver(), self.device
        if there.buffer.context != device.context:
            raise BadArgumentError(
                f"{self.program.symbol}: argument {item.name} belongs to another OpenCL context "
                f"than the kernel's: give the kernel target=po.OpenCL(queue={item.name}.queue)"
            )
        there.array.finish()
        if there.array.queue is not None and there.array.queue != device.queue:
            there.array.queue.finish()
        if there.offset == 0:
            return there.buffer, None
        part = (there.offset, size)
        if there.offset % (device.handle.mem_base_addr_align // 8) == 0:
            return there.buffer.get_sub_region(*part), None
        copy = cl.Buffer(device.context, cl.mem_flags.READ_WRITE, size)
        cl.enqueue_copy(device.queue, copy, there.buffer, src_offset=part[0], byte_count=size)
        return copy, (there.buffer, *part) if item.written else None

    def _size(self, item: Buffer, call: _Call) -> int:
        """A buffer's bytes.

        Raises TargetUnavailableError where the device has none so large.
        """
        extents = [max(e.evaluate(call.numbers), 0) for e in item.shape]
        size = prod(extents) * (item.dtype.bits // 8)
        most = self.device.model.buffer_bytes
        if size > most:
            raise TargetUnavailableError(
                f"{self.program.symbol}: the array {item.name} has {size} bytes, and "
                f"{self.device.model.name} takes arrays of up to {most} bytes: "
                'pass a smaller one, or use target="openmp"'
            )
        return size

    # -- launches ----------------------------------------------------------------------------

    def _set_fixed(self, launch: Launch, call: _Call) -> None:
        """Set the arguments that are the same in every launch of a call, where they are others
        than in the call before."""
        kernel = self._kernels[launch.kernel]
        for position, argument in enumerate(launch.arguments):
            place = launch.kernel, position
            if argument.kind == "array":
                buffer = call.buffers[argument.name]
                if self._given.get(place) is not buffer:
                    kernel.set_arg(position, buffer)
                    kept = self._kept.get(argument.name)
                    self._given[place] = buffer if kept and kept[2] is buffer else None
            elif argument.kind == "scalar":
                kernel.set_arg(position, _NUMBERS[argument.ctype](call.scalars[argument.name]))
            elif argument.name in call.numbers:
                number = call.numbers[argument.name]
                if self._given.get(place) != number:
                    kernel.set_arg(position, np.int64(number))
                    self._given[place] = number

    def _nodes(self, nodes: Sequence[HostNode], call: _Call) -> None:
        for node in nodes:
            match node:
                case Launch():
                    self._launch(node, call.numbers)
                case Repeat(variable, range_, body):
                    lower, upper = _ends(range_, call.numbers)
                    for value in range(lower, upper, range_.step):
                        call.numbers[variable] = value
                        self._nodes(body, call)
                    call.numbers.pop(variable, None)
                case Case(condition, then, otherwise):
                    holds = evaluate_condition(condition, call.numbers)
                    self._nodes(then if holds else otherwise, call)
                case Choice(work, many, one):
                    large = _operations(work, call.numbers) > LARGE_LAUNCH
                    self._nodes(many if large else (one,), call)

    def _launch(self, launch: Launch, numbers: Mapping[str, int]) -> None:
        trips = [r.trips.evaluate(numbers) for r in launch.groups]
        if trips and min(trips) <= 0:
            return
        if launch.pieces:
            small = _operations(launch.work, numbers) <= LARGE_PIECES
            most = 1 if small else _PIECES_PER_UNIT * self.device.model.compute_units
            trips = [min(trips[0], most)]
        kernel = self._kernels[launch.kernel]
        for position, argument in enumerate(launch.arguments):
            if argument.kind == "parameter" and argument.name not in self._numbers:
                kernel.set_arg(position, np.int64(numbers[argument.name]))
        items = launch.items
        groups = [*trips, *[1] * (len(items) - len(trips))]
        size = tuple(g * i for g, i in zip(groups, items, strict=True))
        driver().enqueue_nd_range_kernel(self.device.queue, kernel, size, items)


_KINDS = ("parameter", "scalar", "array")


def _ends(range_: Range, numbers: Mapping[str, int]) -> tuple[int, int]:
    return range_.lower.evaluate(numbers), range_.upper.evaluate(numbers)


def _operations(work: Work, numbers: Mapping[str, int]) -> int:
    return prod(max(f.evaluate(numbers), 0) for f in work.factors) * work.scale


# ---- building ------------------------------------------------------------------------------


def _refuse_beyond(program: LaunchProgram, model: DeviceModel) -> None:
    """Raise TargetUnavailableError where the device cannot run the program."""
    if not model.doubles and "cl_khr_fp64" in program.source:
        raise TargetUnavailableError(
            f"{program.symbol} computes in f64, and {model.name} has no doubles "
            f"(cl_khr_fp64): pass f32 arrays and scalars, or choose another device. {INSTALL}"
        )
    for launch in launches(program.host):
        items, local = prod(launch.items), sum(size for _, size in launch.local)
        dimensions, along = max(len(launch.items), len(launch.groups)), model.item_sizes
        beyond = [
            (f"groups of {items} items", items, model.group_items),
            (f"{dimensions} dimensions of groups and items", dimensions, len(along)),
            *(
                (f"{size} items along dimension {number}", size, most)
                for number, (size, most) in enumerate(zip(launch.items, along, strict=False))
            ),
            (f"{local} bytes of local memory a group", local, model.local_memory),
        ]
        for what, needed, there in beyond:
            if needed > there:
                raise TargetUnavailableError(
                    f"{launch.kernel} has {what}, and {model.name} has {there}: take smaller "
                    'tiles, promote less to local memory, or use target="openmp"'
                )
        size = 8 * len(launch.arguments)
        if size > model.argument_bytes:
            raise TargetUnavailableError(
                f"{launch.kernel} has arguments of {size} bytes, and {model.name} takes "
                f'{model.argument_bytes}: make the kernel smaller, or use target="openmp"'
            )


def _build(program: LaunchProgram, device: Device) -> Any:  # noqa: ANN401 pyopencl has no types
    """The built program.

    Raises BuildError with the compiler's words.
    """
    cl = driver()
    options = ["-cl-std=CL1.2", "-w"]
    if program.fp == "strict" and device.handle.single_fp_config & _CORRECTLY_ROUNDED:
        options.append("-cl-fp32-correctly-rounded-divide-sqrt")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # compilers' remarks are no errors
            return cl.Program(device.context, program.source).build(options, cache_dir=False)
    except cl.Error as error:
        kept = Path(tempfile.mkdtemp(prefix="polyopt-failed-")) / f"{program.symbol}.cl"
        kept.write_text(program.source, encoding="utf-8")
        words = "\n".join(f"  | {line}" for line in str(error).strip().splitlines()[:40])
        raise BuildError(
            f"the OpenCL compiler of {device.model.name} failed.\n  source: {kept}\n{words}",
            command=f"clBuildProgram {' '.join(options)}",
            source_path=str(kept),
        ) from None


_CORRECTLY_ROUNDED = 1 << 7
"""CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT in a device's CL_DEVICE_SINGLE_FP_CONFIG."""
