"""The kernels of the `kernels` folder, as the benchmark and the command line need them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol

import polyopt_kernels
from polyopt.errors import BadArgumentError
from polyopt_kernels import schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from polyopt.kernel import Kernel
    from polyopt.transform.schedule import Schedule

SUITES: Mapping[str, tuple[str, ...]] = polyopt_kernels.SUITES
NAMES: tuple[str, ...] = SUITES["polybench"]
EVERY: tuple[str, ...] = tuple(name for names in SUITES.values() for name in names)
SETS: tuple[str, ...] = tuple(polyopt_kernels.SETS)
DTYPES = {"f64": "float64", "f32": "float32", "i32": "int32", "i64": "int64"}
REAL_DTYPES = ("f64", "f32")


class Maker(Protocol):
    """Makes the arguments of a kernel."""

    def __call__(self, sizes: Mapping[str, int], dtype: str) -> tuple[Any, ...]:
        """Fresh arguments in call order."""


class Benchmark(Protocol):
    """A kernel with its data, sizes and peers: `polyopt_kernels.Benchmark`."""

    name: str
    kernel: Kernel
    parameters: Mapping[str, Any]
    sizes: Mapping[str, Mapping[str, int]]
    make: Maker
    outputs: tuple[str, ...]
    numpy: Callable[..., None] | None
    flops: Callable[[Mapping[str, int]], int] | None
    dtype: np.dtype[Any]
    indices: tuple[str, ...]
    numba: Callable[..., None] | None


def suite(name: str) -> tuple[str, ...]:
    """The names of a suite's kernels; "all" has those of every suite.

    Raises:
        BadArgumentError: No such suite; lists those there are.
    """
    if name == "all":
        return EVERY
    if name not in SUITES:
        known = ", ".join((*SUITES, "all"))
        raise BadArgumentError(f'there is no suite "{name}"; the suites are {known}')
    return SUITES[name]


def find(name: str) -> Benchmark:
    """The benchmark called `name`.

    Raises:
        BadArgumentError: No such benchmark; lists close names.
    """
    try:
        benchmark: Benchmark = polyopt_kernels.find(name)
    except LookupError as error:
        raise BadArgumentError(str(error.args[0])) from None
    return benchmark


def title(benchmark: Benchmark) -> str:
    """What the kernel computes: the first sentence of its module's docstring."""
    function = benchmark.kernel.py_func
    words = inspect.getdoc(function) or inspect.getdoc(inspect.getmodule(function)) or ""
    return words.partition("\n")[0].removeprefix(f"{benchmark.name}: ").rstrip(".")


def hand_schedule(benchmark: Benchmark) -> Callable[[Schedule], Schedule] | None:
    """The schedule that a person wrote for a kernel; None where there is none."""
    name = benchmark.kernel.py_func.__module__.rpartition(".")[2]
    if name not in {module.name for module in pkgutil.iter_modules(schedules.__path__)}:
        return None
    found: Callable[[Schedule], Schedule]
    found = importlib.import_module(f"{schedules.__name__}.{name}").schedule
    return found


def with_hand_schedules(names: tuple[str, ...] = NAMES) -> tuple[str, ...]:
    """Those of the kernels that have a schedule written by hand."""
    return tuple(name for name in names if hand_schedule(find(name)) is not None)


def sizes_of(benchmark: Benchmark, size: str) -> Mapping[str, int]:
    """The sizes of one data set, such as LARGE.

    Raises:
        BadArgumentError: No such data set; lists those there are.
    """
    try:
        return benchmark.sizes[size.upper()]
    except KeyError:
        raise BadArgumentError(
            f'there is no data set "{size}"; the data sets are {", ".join(SETS)}'
        ) from None


def dtype_of(benchmark: Benchmark, dtype: str) -> str:
    """The element type to run with, such as f64; "" asks for the benchmark's own.

    Integer kernels keep their type: they are not about rounding.

    Raises:
        BadArgumentError: Not a type the benchmarks run in.
    """
    own = next(short for short, name in DTYPES.items() if name == benchmark.dtype.name)
    if dtype and dtype not in REAL_DTYPES:
        raise BadArgumentError(
            f'there is no element type "{dtype}"; the types are {", ".join(REAL_DTYPES)}'
        )
    return dtype if dtype and own in REAL_DTYPES else own


def arguments(benchmark: Benchmark, sizes: Mapping[str, int], dtype: str) -> tuple[Any, ...]:
    """Fresh arguments; smooth data are roughened, so that a wrong kernel shows."""
    made: tuple[Any, ...] = polyopt_kernels.roughen(benchmark.make(sizes, DTYPES[dtype]), benchmark)
    return made


def difference(
    benchmark: Benchmark,
    expected: tuple[Any, ...],
    actual: tuple[Any, ...],
    sizes: Mapping[str, int],
) -> str:
    """What differs beyond rounding between two results, "" when nothing does."""
    found = polyopt_kernels.compare(expected, actual, benchmark, sizes)
    return "" if found is None else str(found)
