"""A compiled library as a Python callable that checks every argument before it calls C.

The values' types are known to be right here: an entry is found by them. What is left to check at
every call is what a type does not say: extents, layout, writeability, overlap, the size of ints.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyopt.emit.binding import PACKED, is_packable
from polyopt.errors import (
    AliasError,
    AssumptionError,
    BadArgumentError,
    BoundsError,
    DtypeError,
    InternalError,
    ShapeError,
)
from polyopt.model.affine import evaluate_condition
from polyopt.runtime.memory import overlap, overlaps_itself
from polyopt.runtime.opencl_data import held, refuse_device_array
from polyopt.runtime.plan import Plan

if TYPE_CHECKING:
    import numpy as np

    from polyopt.emit.program import Check, Program
    from polyopt.model.arguments import Parameter
    from polyopt.runtime.plan import ArrayPlan, ExtentPlan, Interface, ScalarPlan

    AnyArray = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

_CTYPES: dict[str, Any] = {
    "double": ctypes.c_double,
    "float": ctypes.c_float,
    "bool": ctypes.c_bool,
    **{
        f"{sign}int{bits}_t": getattr(ctypes, f"c_{sign}int{bits}")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}
_SAFE_IN_C = 1 << 40
"""Affine forms of parameters below this cannot overflow 64 bits, whatever the coefficients."""


class Entry:
    """The entry function of a loaded library, called with the kernel's own arguments.

    `threads` of None leaves OpenMP's own rules alone. `overlapping` provides the entry that takes
    arrays which share memory, where the kernel allows them; without it they are an AliasError.
    For caller.c: `packed` is the address of the packed entry, `setters` those of OpenMP's
    functions around a call and the number to set, or zeros.
    """

    def __init__(
        self,
        interface: Interface,
        program: Program,
        library: ctypes.CDLL,
        *,
        threads: int | None = None,
        overlapping: Callable[[], Entry] | None = None,
        takes_overlap: bool = False,
    ) -> None:
        self.interface = interface
        self.program = replace(program, source="")
        self.path = Path(library._name)
        self.checks = program.checks
        self.plan = Plan.of(interface, program, takes_overlap)
        self.packed = address_of(library, PACKED) if is_packable(program) else 0
        self.setters = (0, 0, 0)
        self._overlapping = overlapping
        self._function = _function(library, program)
        if program.openmp and threads:
            self._function = _with_threads(self._function, library, threads)
            get, put = (address_of(library, name) for name in _THREADS)
            self.setters = (get, put, threads if put else 0)

    def __call__(self, values: Sequence[object], addresses: Sequence[int]) -> None:
        """Check the values and run; `addresses` are those that `describe` found.

        Raises ShapeError, DtypeError, BadArgumentError, AliasError, BoundsError, AssumptionError
        before any array is touched, and MemoryError where scratch memory cannot be had.
        """
        self._refuse_device_arrays(addresses)
        parameters = self.parameters(values)
        for extent in self.plan.extents:
            shape: tuple[int, ...] = values[extent.position].shape  # type: ignore[attr-defined]
            if shape[extent.dim] != extent.extent.evaluate(parameters):
                raise ShapeError(self._wrong_extent(extent, values, parameters))
        for plan in self.plan.arrays:
            array: AnyArray = values[plan.position]  # type: ignore[assignment]
            if not array.flags.carray:
                self._refuse_layout(plan, array)
        for one, other in self.plan.pairs:
            if overlap(values[one.position], values[other.position]):
                if self._overlapping is not None:
                    self._overlapping()(values, addresses)
                    return
                raise AliasError(self._overlap_text(one, other))
        strides = [_stride(values[position], dim) for position, dim in self.plan.strides]
        scalars = [*strides, *(self._scalar(plan, values) for plan in self.plan.scalars)]
        self._run(parameters, scalars, [addresses[plan.position] for plan in self.plan.arrays])

    # -- values ------------------------------------------------------------------------------

    def parameters(self, values: Sequence[object]) -> dict[str, int]:
        """The parameters' values."""
        found: dict[str, int] = {}
        for plan in self.plan.ints:
            value = int(values[plan.position])  # type: ignore[call-overload]
            if not plan.range.least <= value <= plan.range.most:
                raise plan.range.refusal(f"{self.interface.name}: argument {plan.argument}", value)
            found[plan.parameter] = value
        for name, position, dim in self.plan.shapes:
            found[name] = values[position].shape[dim]  # type: ignore[attr-defined]
        return found

    def _scalar(self, plan: ScalarPlan, values: Sequence[object]) -> float:
        where = f"{self.interface.name}: argument {plan.argument.name}"
        try:
            value = plan.number(values[plan.position])
        except OverflowError:
            raise DtypeError(f"{where} is an int beyond the range of a float") from None
        if isinstance(value, int) and not plan.range.least <= value <= plan.range.most:
            raise plan.range.refusal(where, value)
        return value

    # -- the call ----------------------------------------------------------------------------

    def _run(
        self, parameters: dict[str, int], scalars: Sequence[float], pointers: Sequence[int]
    ) -> None:
        numbers = [parameters[name] for name in self.plan.numbers]
        if numbers and (max(numbers) >= _SAFE_IN_C or min(numbers) <= -_SAFE_IN_C):
            self._check_exactly(parameters)
        code = self._function(*numbers, *scalars, *pointers)
        if code:
            self._raise(code, parameters)

    def failed(self, values: Sequence[object], code: int) -> None:
        """Raise what the entry function's result says of a call with these values."""
        self._raise(code, self.parameters(values))

    def _check_exactly(self, parameters: dict[str, int]) -> None:
        """The checks in Python's integers, for parameters with which C's might overflow."""
        for check in self.checks:
            if not evaluate_condition(check.condition, parameters):
                raise self._failed(check, parameters)

    def _raise(self, code: int, parameters: dict[str, int]) -> None:
        if code == -1:
            raise MemoryError(
                f"{self.interface.name}: no memory for its local arrays; no argument was touched"
            )
        if not 1 <= code <= len(self.checks):
            raise InternalError(f"the entry function of {self.interface.name} returned {code}")
        raise self._failed(self.checks[code - 1], parameters)

    def _failed(self, check: Check, parameters: dict[str, int]) -> Exception:
        text = check.message
        for name, value in parameters.items():
            text = text.replace(f"{{{name}}}", str(value))
        return BoundsError(text) if check.error == "bounds" else AssumptionError(text)

    # -- refusals ----------------------------------------------------------------------------

    def _refuse_device_arrays(self, addresses: Sequence[int]) -> None:
        """Raise DtypeError where an array is on an OpenCL device."""
        for plan in self.plan.arrays:
            if held(addresses[plan.position]) is not None:
                raise refuse_device_array(self.interface.name, plan.name)

    def _wrong_extent(
        self, plan: ExtentPlan, values: Sequence[object], parameters: dict[str, int]
    ) -> str:
        shape: tuple[int, ...] = values[plan.position].shape  # type: ignore[attr-defined]
        because = ""
        if not plan.extent.is_constant:
            origins = {p.name: _origin(p) for p in self.interface.parameters}
            known = [n for n in origins if n in plan.extent.names()]
            listed = " and ".join(f"{n} = {parameters[n]} from {origins[n]}" for n in known)
            because = f", where {plan.extent} is {plan.extent.evaluate(parameters)} ({listed})"
        return (
            f"{self.interface.name}: argument {plan.name} has extent {shape[plan.dim]} in "
            f"dimension {plan.dim}, and it is declared {plan.declared}{because}: "
            "pass arrays whose extents agree"
        )

    def _refuse_layout(self, plan: ArrayPlan, array: AnyArray) -> None:
        where = f"{self.interface.name}: argument {plan.name}"
        if not array.flags.aligned:
            raise ShapeError(f"{where} is not aligned to its elements: pass {plan.name}.copy()")
        if not plan.written:
            return
        if not array.flags.writeable:
            raise BadArgumentError(
                f"{where} is read-only, and the kernel writes it: pass a writeable array, "
                f"such as {plan.name}.copy()"
            )
        if overlaps_itself(array):
            raise AliasError(
                f"{where} has elements that share memory (strides {array.strides}), and the "
                f"kernel writes it: pass {plan.name}.copy(), and copy it back"
            )

    def _overlap_text(self, one: ArrayPlan, other: ArrayPlan) -> str:
        fact = (
            f"{self.interface.name}: arguments {one.name} and {other.name} overlap in memory, and "
            f"the kernel writes {one.name}"
        )
        checked = [a.name for a in (other, one) if a.name in self.interface.checked]
        if checked:
            return (
                f"{fact} and is indexed by {checked[0]}, which is checked before: pass "
                f"{checked[0]}.copy()"
            )
        return (
            f"{fact}: pass {other.name}.copy(), or decorate the kernel with "
            '@po.kernel(alias="safe") to run such calls in source order'
        )


def _origin(parameter: Parameter) -> str:
    kind, name, dim = parameter.origin
    return f"{name}.shape[{dim}]" if kind == "extent" else f"argument {name}"


def _stride(array: object, dim: int) -> int:
    strides, size = array.strides, array.itemsize  # type: ignore[attr-defined]
    elements: int = strides[dim] // size
    return elements


# ---- the library ---------------------------------------------------------------------------

_THREADS = ("omp_get_max_threads", "omp_set_num_threads")


def address_of(library: ctypes.CDLL, symbol: str) -> int:
    """Where a function of a library or of those it depends on is; 0 where there is none."""
    try:
        found = library[symbol]
    except AttributeError:
        return 0
    return ctypes.cast(found, ctypes.c_void_p).value or 0


def _function(library: ctypes.CDLL, program: Program) -> Callable[..., int]:
    function = library[program.symbol]
    function.restype = ctypes.c_int64
    function.argtypes = [
        ctypes.c_void_p if a.kind == "array" else _CTYPES[a.ctype] for a in program.arguments
    ]
    return function


def _with_threads(
    function: Callable[..., int], library: ctypes.CDLL, threads: int
) -> Callable[..., int]:
    """The function under a number of OpenMP threads, set for the calling thread only.

    The two setters are found through the library's own dependencies, so they belong to the
    OpenMP runtime that it uses.
    """
    try:
        get, put = (library[name] for name in _THREADS)
    except AttributeError:  # no loop is parallel, and the linker left OpenMP out
        return function
    put.argtypes, put.restype = [ctypes.c_int], None
    process = os.getpid()

    def call(*arguments: float) -> int:
        before: int = get()
        put(threads if os.getpid() == process else 1)  # a forked child has no workers
        try:
            return function(*arguments)
        finally:
            put(before)

    return call
