"""What a benchmark kernel is: its function, sizes, data, and how two results are compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[Any]
DType: TypeAlias = DTypeLike
Sizes: TypeAlias = Mapping[str, int]
Arguments: TypeAlias = tuple[Any, ...]
Parameter: TypeAlias = tuple[str, ...] | Literal["real", "count"]

FLOAT64: Final[np.dtype[Any]] = np.dtype(np.float64)
REAL: Final = "real"
COUNT: Final = "count"
SETS: Final = ("MINI", "SMALL", "MEDIUM", "LARGE", "EXTRALARGE")


class Kernel(Protocol):
    """What `@po.kernel` makes, as far as this package needs it."""

    @property
    def py_func(self) -> Callable[..., object]:
        """The plain Python function: the meaning of the kernel."""

    def __call__(self, *args: Any) -> object:  # noqa: ANN401
        """Compile for these arguments where that is not done yet, and run in place."""


class Maker(Protocol):
    """Makes the arguments of a kernel."""

    def __call__(self, sizes: Sizes, dtype: DType = ...) -> Arguments:
        """Arguments in call order: C-contiguous arrays of `dtype`, Python numbers as scalars."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A kernel with everything needed to run, check and time it.

    Attributes:
        name: PolyBench's name, such as "jacobi-2d", or one of `other`.
        kernel: The decorated function; it works in place and returns nothing.
        parameters: Its parameters in call order. An array has the tuple of its extents' size
            names, a floating-point scalar is `REAL`, and a number of steps is `COUNT`: the size
            named like the parameter in capitals (`tsteps` is TSTEPS).
        sizes: The five data sets: set name to size name to value.
        make: Makes the arguments for given sizes; PolyBench's by PolyBench's formulas.
        outputs: The array parameters that the kernel writes, in call order.
        reduction_length: The L of the comparison bound, see `compare`.
        bound: "elementwise", or "normwise" for factorisations and recurrences, where a rounding
            error in one element reaches many others.
        facts: What is compared instead of the outputs, computed from all arguments by name, where
            the outputs themselves are ill-conditioned.
        smooth: Whether PolyBench's data are nearly a fixed point of the kernel; see `roughen`.
        numpy: An independent implementation by NumPy's array operations; same signature, in place.
        flops: Floating-point operations of one call (integer ones for integer kernels).
        dtype: The element type of the arrays, PolyBench's for PolyBench.
        indices: The array parameters that are int32 whatever the element type: row pointers,
            columns, counts.
        numba: The kernel as a person writes it for Numba, over the name `prange`, where that is
            faster than the kernel's own text.
    """

    name: str
    kernel: Kernel
    parameters: Mapping[str, Parameter]
    sizes: Mapping[str, Sizes]
    make: Maker
    outputs: tuple[str, ...]
    reduction_length: Callable[[Sizes], int]
    bound: Literal["elementwise", "normwise"] = "elementwise"
    facts: Callable[[Mapping[str, Any]], Mapping[str, Array]] | None = None
    smooth: bool = False
    numpy: Callable[..., None] | None = None
    flops: Callable[[Sizes], int] | None = None
    dtype: np.dtype[Any] = FLOAT64
    indices: tuple[str, ...] = ()
    numba: Callable[..., None] | None = None

    def named(self, arguments: Arguments) -> dict[str, Any]:
        """The arguments by parameter name."""
        return dict(zip(self.parameters, arguments, strict=True))

    def observed(self, arguments: Arguments) -> Mapping[str, Array]:
        """What `compare` looks at: the outputs, or the facts about them."""
        values = self.named(arguments)
        if self.facts is not None:
            return self.facts(values)
        return {name: values[name] for name in self.outputs}

    def sizes_of(self, arguments: Arguments) -> dict[str, int]:
        """The sizes that arguments have, in the order of the data sets.

        Raises:
            ValueError: Where two arrays disagree about a size, or a rank is wrong.
        """
        found: dict[str, int] = {}
        for name, value in self.named(arguments).items():
            kind = self.parameters[name]
            if kind == REAL:
                continue
            extents = {name.upper(): value} if kind == COUNT else _extents(name, kind, value)
            for size, extent in extents.items():
                if found.setdefault(size, extent) != extent:
                    raise ValueError(
                        f"{self.name}: {name} has {size} = {extent}, an earlier argument has "
                        f"{size} = {found[size]}; {name} must be [{', '.join(kind)}]"
                    )
        return {size: found[size] for size in self.sizes["MINI"]}


@dataclass(frozen=True)
class Difference:
    """The first place where two results are further apart than rounding explains."""

    array: str
    index: tuple[int, ...]
    expected: float
    actual: float
    error: float
    bound: float

    def __str__(self) -> str:
        place = f"{self.array}[{', '.join(map(str, self.index))}]"
        return (
            f"{place} is {self.actual!r}, expected {self.expected!r} "
            f"(error {self.error:.3g}, allowed {self.bound:.3g})"
        )


def datasets(**values: tuple[int, int, int, int, int]) -> dict[str, dict[str, int]]:
    """The five data sets from each size's values, MINI to EXTRALARGE."""
    return {
        name: {size: column[position] for size, column in values.items()}
        for position, name in enumerate(SETS)
    }


def roughen(arguments: Arguments, benchmark: Benchmark, seed: int = 0) -> Arguments:
    """Copies of the arguments that show a wrong kernel: to check results, not to time.

    Where PolyBench's data are smooth, each element is multiplied by a random factor in [0.5, 1.5):
    heat-3d's data, for one, are a fixed point, so that a kernel that does nothing would pass.
    """
    random = np.random.default_rng(seed)

    def rough(value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, np.ndarray):
            return value
        if not benchmark.smooth:
            return value.copy()
        factors = random.random(value.shape, np.float32) + np.float32(0.5)
        return np.multiply(value, factors, dtype=value.dtype)

    return tuple(rough(value) for value in arguments)


def compare(
    expected: Arguments, actual: Arguments, benchmark: Benchmark, sizes: Sizes
) -> Difference | None:
    """The first difference between two results of a benchmark that rounding does not explain.

    Takes all arguments, in call order, after each of the two runs. Integers, and arrays that the
    kernel only reads, must be equal. For a kernel with reductions of length L in a type with
    precision eps, and s = max(1, size of the expected array), the bound on the rest is

        elementwise    max |expected - actual| <= 8 eps L s    with s by the maximum norm
        normwise       ‖expected - actual‖     <= 8 eps L s    in the Frobenius norm

    the usual bound of a reordered sum (Higham, Accuracy and Stability of Numerical Algorithms,
    section 4.2) with the sum of the terms' magnitudes replaced by the result's. NaN equals NaN and
    an infinity equals itself: a run that makes them where the other does not, differs.
    """
    before, after = benchmark.named(expected), benchmark.named(actual)
    for name, kind in benchmark.parameters.items():
        if isinstance(kind, tuple) and name not in benchmark.outputs:
            difference = _first_difference(name, before[name], after[name], 0.0, "elementwise")
            if difference is not None:
                return difference
    element = before[benchmark.outputs[0]].dtype
    eps = float(np.finfo(element).eps) if element.kind == "f" else 0.0
    relative = 8 * eps * benchmark.reduction_length(sizes)
    have = benchmark.observed(actual)
    for name, want in benchmark.observed(expected).items():
        difference = _first_difference(name, want, have[name], relative, benchmark.bound)
        if difference is not None:
            return difference
    return None


def _extents(name: str, kind: tuple[str, ...], value: Array) -> dict[str, int]:
    if value.ndim != len(kind):
        raise ValueError(f"{name} has {value.ndim} dimensions; it must be [{', '.join(kind)}]")
    if any(
        kind[a] == kind[b] and value.shape[a] != value.shape[b]
        for a in range(len(kind))
        for b in range(a)
    ):
        raise ValueError(f"{name} has shape {value.shape}; it must be [{', '.join(kind)}]")
    return dict(zip(kind, value.shape, strict=True))


def _first_difference(
    name: str, want: Array, have: Array, relative: float, kind: Literal["elementwise", "normwise"]
) -> Difference | None:
    if want.shape != have.shape:
        raise ValueError(f"{name}: shapes {want.shape} and {have.shape} cannot be compared")
    if want.size == 0:
        return None
    error = _error(want, have)
    finite = np.where(np.isfinite(want), np.abs(want, dtype=np.float64), 0.0)
    if kind == "elementwise":
        bound = relative * max(1.0, float(finite.max()))
        position = int(np.argmax(error > bound))
        found = bool(error.flat[position] > bound)
    else:
        bound = relative * max(1.0, math.sqrt(float(np.vdot(finite, finite))))
        position = int(np.argmax(error))
        found = math.sqrt(float(np.vdot(error, error))) > bound
    if not found:
        return None
    index = tuple(int(i) for i in np.unravel_index(position, want.shape))
    return Difference(
        name, index, want[index].item(), have[index].item(), float(error[index]), bound
    )


def _error(want: Array, have: Array) -> NDArray[np.float64]:
    """|want - have| per element; 0 where both are the same infinity or NaN, inf where one is."""
    same = (want == have) | (np.isnan(want) & np.isnan(have))
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(np.subtract(want, have, dtype=np.float64))
    return np.where(same, 0.0, np.where(np.isfinite(error), error, math.inf))
