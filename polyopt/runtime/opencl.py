"""OpenCL programs at run time: built once for a device, then launched as their host part says."""

from __future__ import annotations

import ctypes
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyopt.emit.launches import Buffer, Launch, LaunchProgram, launches
from polyopt.emit.program import CArgument
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
from polyopt.runtime.opencl_steps import Step, most_pieces, own_values, steps
from polyopt.runtime.plan import ArrayPlan, Interface, Plan
from polyopt.targets import OpenCL, Target

if TYPE_CHECKING:
    from polyopt.machine import DeviceModel

_KEPT_STEPS = 1 << 14
"""Launches of a call that are kept for the next one with the same numbers."""

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


@dataclass(frozen=True, slots=True)
class _Decided:
    """What the numbers of a call decide: which check fails, counted from 1, the bytes of its
    buffers, and its launches; None where they are too many to keep."""

    numbers: Mapping[str, int]
    failed: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[Step, ...] | None = ()


class Launcher:
    """A built program. Called as the C entry function would be: parameters, scalars, addresses.

    Returns 0, `1 + i` where check i failed, or -1 where memory could not be had; then nothing was
    touched. Safe to use from several threads, which take turns.
    """

    def __init__(self, program: LaunchProgram, device: Device) -> None:
        self.program, self.device = program, device
        _refuse_beyond(program, device.model)
        built = _build(program, device)
        self._launches = {x.kernel: x for x in launches(program.host)}
        self._kernels = {name: _typed(built, launch) for name, launch in self._launches.items()}
        names = {kind: [a.name for a in program.arguments if a.kind == kind] for kind in _KINDS}
        self._numbers, self._scalars, self._arrays = (names[kind] for kind in _KINDS)
        self._argument_buffers = [b for b in program.buffers if b.kind == "argument"]
        self._local_buffers = [b for b in program.buffers if b.kind == "local"]
        self._own = {
            name: tuple(
                position
                for position, argument in enumerate(launch.arguments)
                if argument.name in own_values(launch, frozenset(self._numbers))
            )
            for name, launch in self._launches.items()
        }
        self._process = os.getpid()
        self._kept: dict[str, tuple[int, int, Any]] = {}
        self._last: _Decided | None = None
        self._taken: tuple[Any, ...] | None = None
        self._given: dict[str, list[Any]] = {}
        self._visitors = False

    def __call__(self, *values: float) -> int:
        """Run it once, to its end."""
        if os.getpid() != self._process:
            raise TargetUnavailableError(
                "OpenCL's threads do not follow a forked process: start workers with "
                'multiprocessing\'s "spawn", or use target="openmp" in them'
            )
        first, second = len(self._numbers), len(self._numbers) + len(self._scalars)
        numbers = dict(zip(self._numbers, map(int, values[:first]), strict=True))
        scalars = dict(zip(self._scalars, values[first:second], strict=True))
        addresses = dict(zip(self._arrays, map(int, values[second:]), strict=True))
        with self.device.lock:
            decided = self._decided(numbers)
            return decided.failed or self._run(decided, scalars, addresses)

    def _decided(self, numbers: Mapping[str, int]) -> _Decided:
        """What these numbers decide; a call with those of the call before need not find it again.

        Raises TargetUnavailableError where the device has no buffers so large.
        """
        if self._last is None or self._last.numbers != numbers:
            self._last = self._decide(numbers)
        return self._last

    def _decide(self, numbers: Mapping[str, int]) -> _Decided:
        for number, check in enumerate(self.program.checks):
            if not evaluate_condition(check.condition, numbers):
                return _Decided(numbers, failed=1 + number)
        sizes = {b.name: self._size(b, numbers) for b in self.program.buffers}
        found = tuple(islice(self._steps(numbers), _KEPT_STEPS + 1))
        return _Decided(numbers, 0, sizes, found if len(found) <= _KEPT_STEPS else None)

    def _steps(self, numbers: Mapping[str, int]) -> Iterator[Step]:
        return steps(self.program.host, numbers, self.device.model.compute_units)

    def _run(
        self, decided: _Decided, scalars: Mapping[str, float], addresses: Mapping[str, int]
    ) -> int:
        cl = driver()
        try:
            buffers, back = self._buffers(decided.sizes, addresses)
        except cl.MemoryError:
            return -1
        try:
            self._launch({**decided.numbers, **scalars, **buffers}, decided)
            for buffer, host in back:
                self._copy_back(buffer, host)
            self.device.queue.finish()
        except cl.Error as error:
            raise TargetUnavailableError(
                f"{self.program.symbol}: {self.device.model.name} failed ({error}); what it wrote "
                'may be partial. Choose another device, or use target="openmp"'
            ) from error
        return 0

    def _launch(self, values: Mapping[str, Any], decided: _Decided) -> None:
        """Launch all kernels; `values` are what they take but for the loops around."""
        enqueue, queue = driver().enqueue_nd_range_kernel, self.device.queue
        taken = tuple(values.values())
        repeated = taken == self._taken
        if not repeated:
            self._taken = None
            self._given = {
                name: [_number(a, values) for a in launch.arguments]
                for name, launch in self._launches.items()
            }
        known = decided.steps
        for step in self._steps(decided.numbers) if known is None else known:
            kernel, arguments = self._kernels[step.kernel], self._given[step.kernel]
            own = self._own[step.kernel]
            for position, value in zip(own, step.values, strict=True):
                arguments[position] = value
            if own or not repeated:  # a kernel keeps what it was given
                kernel.set_args(*arguments)
            enqueue(queue, kernel, step.size, step.items)
        # A buffer that is not kept is not to live longer for being compared with.
        self._taken = None if self._visitors else taken

    def _copy_back(self, buffer: Any, where: Any) -> None:  # noqa: ANN401
        """Copy a buffer to memory of the host, or to a part of another buffer."""
        copy, queue = driver().enqueue_copy, self.device.queue
        if isinstance(where, tuple):
            target, offset, size = where
            copy(queue, target, buffer, dst_offset=offset, byte_count=size)
        else:
            copy(queue, where, buffer, is_blocking=False)

    # -- memory ------------------------------------------------------------------------------

    def _buffers(
        self, sizes: Mapping[str, int], addresses: Mapping[str, int]
    ) -> tuple[dict[str, Any], list[tuple[Any, Any]]]:
        """Make the call's buffers; gives also those to be copied back, with where to."""
        cl, device = driver(), self.device
        flags = cl.mem_flags
        made: dict[str, Any] = {}
        back: list[tuple[Any, Any]] = []
        self._visitors = False
        for item in self._local_buffers:
            size = max(sizes[item.name], 1)
            make = partial(cl.Buffer, device.context, flags.READ_WRITE, size)
            made[item.name] = self._again(item, 0, size, make)
        for item in self._argument_buffers:
            size = sizes[item.name]
            if not size:
                self._visitors = True
                made[item.name] = cl.Buffer(device.context, flags.READ_WRITE, 8)
                continue
            there = held(addresses[item.name])
            if there is not None:
                self._visitors = True
                made[item.name], host = self._on_device(item, there, size)
                back += [] if host is None else [(made[item.name], host)]
                continue
            address = addresses[item.name]
            if device.shares_memory:
                make = partial(self._over, address, size)
                made[item.name] = self._again(item, address, size, make)
                continue
            memory = _memory(address, size)
            self._visitors = True
            buffer = made[item.name] = cl.Buffer(device.context, flags.READ_WRITE, size)
            if item.copied_in:
                cl.enqueue_copy(device.queue, buffer, memory, is_blocking=False)
            if item.written:
                back.append((buffer, memory))
        return made, back

    def _again(self, item: Buffer, address: int, size: int, make: Callable[[], Any]) -> Any:  # noqa: ANN401
        """The buffer of the call before, where it is over the same memory: making one costs as
        much as a launch."""
        kept = self._kept.get(item.name)
        if kept is None or kept[:2] != (address, size):
            kept = self._kept[item.name] = (address, size, make())
        return kept[2]

    def _over(self, address: int, size: int) -> Any:  # noqa: ANN401 pyopencl has no types
        """A buffer over memory of the host."""
        flags = driver().mem_flags
        mode = flags.READ_WRITE | flags.USE_HOST_PTR
        return driver().Buffer(self.device.context, mode, hostbuf=_memory(address, size))

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

    def _size(self, item: Buffer, numbers: Mapping[str, int]) -> int:
        """A buffer's bytes.

        Raises TargetUnavailableError where the device has none so large.
        """
        extents = [max(e.evaluate(numbers), 0) for e in item.shape]
        copies = most_pieces(self.device.model.compute_units) if item.apart else 1
        size = prod(extents) * (item.dtype.bits // 8) * copies
        most = self.device.model.buffer_bytes
        if size > most:
            raise TargetUnavailableError(
                f"{self.program.symbol}: the array {item.name} has {size} bytes, and "
                f"{self.device.model.name} takes arrays of up to {most} bytes: "
                'pass a smaller one, or use target="openmp"'
            )
        return size


_KINDS = ("parameter", "scalar", "array")


def _memory(address: int, size: int) -> ctypes.Array[ctypes.c_char]:
    """The bytes from an address on."""
    return (ctypes.c_char * size).from_address(address)


def _number(argument: CArgument, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """What a kernel takes; nothing yet for a loop around it."""
    value = values.get(argument.name)
    return _NUMBERS[argument.ctype](value) if argument.kind == "scalar" else value


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


def _typed(built: Any, launch: Launch) -> Any:  # noqa: ANN401 pyopencl has no types
    """A kernel that knows the types of its numbers: it takes them six times as fast then."""
    kernel = driver().Kernel(built, launch.kernel)
    types = {"parameter": np.int64, "array": None}
    kernel.set_scalar_arg_dtypes(
        [types[a.kind] if a.kind in types else _NUMBERS[a.ctype] for a in launch.arguments]
    )
    return kernel


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
