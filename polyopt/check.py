"""`po.check`: the compiled kernel against the plain Python function, on copies of the arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from polyopt.errors import BadArgumentError
from polyopt.kernel import Kernel
from polyopt.model.affine import Affine
from polyopt.model.symbols import Symbol
from polyopt.model.types import ArrayType

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
        inner = ", ".join(map(str, self.index))
        place = f"{self.array}[{inner}]" if self.index else self.array
        more = self.count - 1
        others = (
            f", and {more} more element{'s' if more > 1 else ''} of {self.array}" if more else ""
        )
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

    Under `fp="strict"` every bit must agree, but for the payload of a nan; otherwise, per array,
    |a - b| <= 8 L (eps max|a| + d), with nan and infinities in the same places (`fp="fast"`: where
    the expected value is finite). L is the sum of the sizes that the call states; d, found only
    where it matters, is how far plain Python's result moves when the data change in their last
    bit: a problem that magnifies rounding may be computed no better by anyone.

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
    results = chosen(*got)
    plain = _returning(plain_python(kernel, given))
    with np.errstate(all="ignore"):
        plain(expected)
    got += _flat(results)
    names += [f"returned_{i}" for i in range(len(got) - len(names))]
    fp, length = chosen.options.fp, _length(given)
    found = _compare(names, expected, got, _Rule(fp, length))
    if found and fp != "strict":
        moved = _moved(plain, given, expected)
        found = _compare(names, expected, got, _Rule(fp, length, moved))
    rule = "bit for bit" if fp == "strict" else f"within 8 L (eps max|a| + d), L = {length}"
    return CheckReport(chosen.py_func.__name__, rule, found)


@dataclass(frozen=True, slots=True)
class _Rule:
    """When two arrays agree. `moved`: per argument, what the data's last bit changes."""

    fp: str
    length: int
    moved: tuple[float, ...] = ()

    def bound(self, position: int, expected: AnyArray) -> float:
        """The difference allowed between elements of one argument."""
        scale = float(np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0))
        moved = self.moved[position] if self.moved else 0.0
        return 8 * self.length * (float(np.finfo(expected.dtype).eps) * scale + moved)


def plain_python(kernel: Kernel, values: Sequence[object]) -> Callable[..., object]:
    """The plain function, with the size symbols that it names as these arguments fix them.

    `for i in range(N)` is no Python as it stands: N is a symbol, and the annotations say which
    extent it is.
    """
    function = kernel.py_func
    cells = function.__closure__ or ()
    captured = (*function.__globals__.values(), *(_content(cell) for cell in cells))
    if not any(isinstance(value, Symbol) for value in captured):
        return function
    sizes: dict[str | None, int] = {}
    for name, value in zip(kernel.bind(*values), values, strict=True):
        type_ = kernel.specialize(*values).types[name]
        if isinstance(type_, ArrayType) and isinstance(value, np.ndarray):
            sizes |= dict(zip((_name(e) for e in type_.extents), value.shape, strict=True))
        elif isinstance(value, int | np.integer):
            sizes[name] = int(value)

    def fixed(value: object) -> object:
        return sizes.get(value.name, value) if isinstance(value, Symbol) else value

    scope = {name: fixed(value) for name, value in function.__globals__.items()}
    closure = tuple(CellType(fixed(_content(cell))) for cell in cells)
    made = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def _name(extent: Affine | None) -> str | None:
    return extent.single_name if extent is not None else None


def _returning(plain: Callable[..., object]) -> Callable[[list[object]], None]:
    """The function with the values that it returns behind its arguments."""

    def run(values: list[object]) -> None:
        values += _flat(plain(*values))

    return run


def _flat(result: object) -> list[object]:
    """What a function returned as a flat list of arrays; scalars are arrays without dimensions."""
    if isinstance(result, tuple):
        return [array for item in result for array in _flat(item)]
    return [] if result is None else [np.asarray(result)]


def _moved(
    plain: Callable[[list[object]], None], given: Sequence[object], expected: Sequence[object]
) -> tuple[float, ...]:
    """How far plain Python's results move when the data change in their last bit."""
    changed = _copies(given)
    signs = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for value in changed:
            if isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.flags.writeable:
                step = np.finfo(value.dtype).eps * signs.choice((-1, 1), value.shape)
                np.multiply(value, 1 + step, out=value, casting="same_kind")
        plain(changed)
        return tuple(_distance(e, c) for e, c in zip(expected, changed, strict=True))


def _distance(one: object, other: object) -> float:
    """The largest finite difference between two arrays; 0 for anything else."""
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return 0.0
    if one.dtype.kind not in "fc":
        return 0.0
    difference = np.abs(one - other)
    return float(np.max(difference[np.isfinite(difference)], initial=0.0))


def _compare(
    names: Sequence[str], expected: Sequence[object], got: Sequence[object], rule: _Rule
) -> tuple[Difference, ...]:
    found = [
        _difference(position, name, e, g, rule)
        for position, (name, e, g) in enumerate(zip(names, expected, got, strict=True))
        if isinstance(e, np.ndarray) and isinstance(g, np.ndarray)
    ]
    return tuple(difference for difference in found if difference is not None)


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
    position: int, name: str, expected: AnyArray, got: AnyArray, rule: _Rule
) -> Difference | None:
    wrong = ~_equal(position, expected, got, rule)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Difference(name, index, expected[index], got[index], int(np.count_nonzero(wrong)))


def _equal(position: int, expected: AnyArray, got: AnyArray, rule: _Rule) -> AnyArray:
    """Elementwise: equal, as far as `fp` promises it."""
    if expected.dtype != got.dtype:  # a literal returned in one branch, another type in others
        if not np.array_equal(expected.astype(got.dtype), expected, equal_nan=True):
            return np.zeros(expected.shape, bool)
        expected = np.asarray(expected, got.dtype)
    if expected.dtype.kind == "c":
        parts = ((expected.real, got.real), (expected.imag, got.imag))
        return np.logical_and(*(_equal(position, one, other, rule) for one, other in parts))
    if expected.dtype.kind != "f":
        return np.asarray(expected == got)
    both_nan = np.isnan(expected) & np.isnan(got)
    if rule.fp == "strict":
        bits = f"u{expected.dtype.itemsize}"
        same = np.ascontiguousarray(expected).view(bits) == np.ascontiguousarray(got).view(bits)
        return np.asarray(same.reshape(expected.shape) | both_nan)
    finite = np.isfinite(expected)
    with np.errstate(all="ignore"):
        distance = np.abs(expected.astype(np.float64) - got.astype(np.float64))
        near = distance <= rule.bound(position, expected)
    other = ~finite if rule.fp == "fast" else both_nan
    return np.asarray(np.where(finite, near, (expected == got) | other))
