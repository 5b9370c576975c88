"""`po.check`: the compiled kernel against the plain Python function, on copies of the arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from polyopt.errors import BadArgumentError
from polyopt.kernel import Kernel

if TYPE_CHECKING:
    from polyopt.options import ScheduleOption

AnyArray = np.ndarray[tuple[int, ...], np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first element of an array that differs, of `count` that do."""

    array: str
    index: tuple[int, ...]
    expected: object
    got: object
    count: int

    def __str__(self) -> str:
        place = f"{self.array}[{', '.join(map(str, self.index))}]"
        others = "" if self.count == 1 else f", and {self.count - 1} more elements of {self.array}"
        return f"{place}: expected {self.expected!r}, got {self.got!r}{others}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a comparison found: true where everything agrees.

    `rule` says when two numbers agree.
    """

    kernel: str
    rule: str
    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        if self:
            return f"{self.kernel}: equal to plain Python ({self.rule})"
        lines = "\n".join(f"  {difference}" for difference in self.differences)
        return f"{self.kernel}: differs from plain Python ({self.rule})\n{lines}"


def check(
    kernel: Kernel, *args: object, schedule: ScheduleOption | None = None, **kwargs: object
) -> CheckReport:
    """Run a kernel and its plain Python function on copies of the arguments, and compare.

    Under `fp="strict"` every bit must agree, but for the payload of a nan; otherwise
    |a - b| <= 8 eps L max|a| per array, where L is the sum of the sizes that the call states, nan
    and infinities in the same places (`fp="fast"`: where the expected value is finite).

    Args:
        kernel: The kernel.
        *args: Its arguments; none of them is changed.
        schedule: Run under this `schedule` option instead of the kernel's own.
        **kwargs: Its keyword arguments.

    Raises what the call raises, and what plain Python raises on these arguments.
    """
    if not isinstance(kernel, Kernel):
        raise BadArgumentError(f"po.check takes a kernel, not {kernel!r}: decorate the function")
    chosen = kernel if schedule is None else kernel.with_options(schedule=schedule)
    values = dict(chosen.bind(*args, **kwargs))
    names, given = list(values), list(values.values())
    got, expected = _copies(given), _copies(given)
    chosen(*got)
    with np.errstate(all="ignore"):
        kernel.py_func(*expected)
    fp = chosen.options.fp
    length = _length(given)
    found = [
        _difference(name, e, g, fp, length)
        for name, e, g in zip(names, expected, got, strict=True)
        if isinstance(e, np.ndarray) and isinstance(g, np.ndarray)
    ]
    rule = "bit for bit" if fp == "strict" else f"within 8 eps L max|a|, L = {length}"
    return CheckReport(chosen.py_func.__name__, rule, tuple(d for d in found if d is not None))


def _copies(values: Sequence[object]) -> list[object]:
    """Copies of the arrays; arrays that share memory do so in the copies too."""
    arrays = [v for v in values if isinstance(v, np.ndarray)]
    made: dict[int, AnyArray] = {}
    for group in _groups([a for a in arrays if a.nbytes]):
        low = min(start for start, _, _ in group)
        size = max(end for _, end, _ in group) - low
        # The same remainder modulo a page: copies are aligned as their originals are.
        room = np.empty(size + 4096, np.uint8)
        offset = (low - room.ctypes.data) % 4096
        for _, _, array in group:
            first = array.ctypes.data - low + offset
            copy: AnyArray = np.ndarray(array.shape, array.dtype, room.data, first, array.strides)
            copy[...] = array
            copy.flags.writeable = array.flags.writeable
            made[id(array)] = copy
    return [made.get(id(v), v.copy()) if isinstance(v, np.ndarray) else v for v in values]


def _groups(arrays: Sequence[AnyArray]) -> list[list[tuple[int, int, AnyArray]]]:
    """Arrays whose spans of memory touch, together."""
    spans = [(*np.lib.array_utils.byte_bounds(array), array) for array in arrays]
    groups: list[list[tuple[int, int, AnyArray]]] = []
    reach = -1
    for span in sorted(spans, key=lambda s: s[:2]):
        if span[0] < reach:
            groups[-1].append(span)
        else:
            groups.append([span])
        reach = max(reach, span[1])
    return groups


def _length(values: Sequence[object]) -> int:
    """An upper bound for the length of reductions: all the sizes that the arguments state."""
    extents = sum(sum(v.shape) for v in values if isinstance(v, np.ndarray))
    integers = sum(abs(int(v)) for v in values if isinstance(v, int | np.integer))
    return max(1, extents + integers)


def _difference(
    name: str, expected: AnyArray, got: AnyArray, fp: str, length: int
) -> Difference | None:
    wrong = ~_equal(expected, got, fp, length)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Difference(name, index, expected[index], got[index], int(np.count_nonzero(wrong)))


def _equal(expected: AnyArray, got: AnyArray, fp: str, length: int) -> AnyArray:
    """Elementwise: equal, as far as `fp` promises it."""
    if expected.dtype.kind != "f":
        return np.asarray(expected == got)
    both_nan = np.isnan(expected) & np.isnan(got)
    if fp == "strict":
        bits = f"u{expected.dtype.itemsize}"
        same = np.ascontiguousarray(expected).view(bits) == np.ascontiguousarray(got).view(bits)
        return np.asarray(same | both_nan)
    finite = np.isfinite(expected)
    scale = float(np.max(np.abs(expected[finite]), initial=0.0))
    bound = 8 * float(np.finfo(expected.dtype).eps) * length * scale
    with np.errstate(all="ignore"):
        near = np.abs(expected.astype(np.float64) - got.astype(np.float64)) <= bound
    other = ~finite if fp == "fast" else both_nan
    return np.asarray(np.where(finite, near, (expected == got) | other))
