"""A callable of each tool on the arguments of a workspace.

A maker returns the variants of its tool, compiled but not yet run; a tool that cannot do the
kernel raises `PeerError` with the reason, which is reported as a dash.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
import warnings
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING

from polyopt.bench.catalogue import DTYPES, hand_schedule
from polyopt.bench.pythran import PythranError, compiled_by_pythran
from polyopt.bench.rows import BASELINE, OPENCL, SCRIPT, SELF
from polyopt.bench.timing import Candidate
from polyopt.targets import OpenCL
from polyopt_kernels import BaselineError, load_baseline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from polyopt.bench.catalogue import Benchmark
    from polyopt.bench.timing import Workspace
    from polyopt.kernel import Kernel


class PeerError(Exception):
    """A tool cannot run this kernel; the message says why."""


@dataclass(frozen=True)
class Setting:
    """What is measured: a kernel at sizes, and how."""

    benchmark: Benchmark
    sizes: Mapping[str, int]
    threads: int
    fp: str
    dtype: str


def polyopt_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The kernel under the automatic schedule."""
    kernel = setting.benchmark.kernel.with_options(threads=setting.threads, fp=setting.fp)
    return [_compiled(SELF, kernel, setting, workspace)]


def script_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The kernel under the schedule that a person wrote for it."""
    schedule = hand_schedule(setting.benchmark)
    if schedule is None:
        raise PeerError("no schedule written by hand: kernels/schedules has none for it")
    options = {"threads": setting.threads, "fp": setting.fp, "schedule": schedule}
    kernel = setting.benchmark.kernel.with_options(**options)
    return [_compiled(SCRIPT, kernel, setting, workspace)]


def opencl_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The same kernel on the OpenCL device that polyopt takes by default."""
    kernel = setting.benchmark.kernel.with_options(target=OpenCL(), fp=setting.fp)
    return [_compiled(OPENCL, kernel, setting, workspace)]


def _compiled(tool: str, kernel: Kernel, setting: Setting, workspace: Workspace) -> Candidate:
    """A kernel compiled for the arguments, with what each part of compiling took."""
    start = time.perf_counter()
    spec = kernel.specialize(*workspace.arguments)
    spec.prepare()
    seconds = time.perf_counter() - start
    model = sum(value for stage, value in spec.timings.items() if stage not in ("compile", "bind"))
    return Candidate(
        tool,
        f"fp={setting.fp}",
        partial(kernel, *workspace.arguments),
        compile_seconds=seconds,
        model_seconds=model,
    )


def gcc_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """A person's C, with sizes as constants and as parameters."""
    found, dtype = [], DTYPES[setting.dtype]
    for variant, constants in (("constants", setting.sizes), ("parameters", None)):
        start = time.perf_counter()
        try:
            compiled = load_baseline(setting.benchmark, constants=constants, dtype=dtype)
        except BaselineError as error:
            raise PeerError(str(error)) from None
        seconds = time.perf_counter() - start
        run = compiled.bind(*workspace.arguments)
        found.append(Candidate(BASELINE, f"sizes as {variant}", run, compile_seconds=seconds))
    return found


def numpy_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The benchmark's implementation by NumPy's array operations."""
    function = setting.benchmark.numpy
    if function is None:
        raise PeerError("no NumPy form: the kernel is a recurrence that array operations lack")
    return [Candidate("numpy", "", partial(function, *workspace.arguments), compile_seconds=0.0)]


def scipy_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """Calls of BLAS and LAPACK through SciPy."""
    calls = importlib.import_module("polyopt_kernels.blas_calls").CALLS
    if setting.benchmark.name not in calls:
        raise PeerError("no library call: BLAS and LAPACK have none for this kernel")
    function = calls[setting.benchmark.name]
    return [Candidate("scipy", "", partial(function, *workspace.arguments), compile_seconds=0.0)]


def numba_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The plain Python function under `numba.njit(fastmath=True)`, with and without `parallel`."""
    numba = importlib.import_module("numba")
    function = _with_helpers(setting.benchmark.kernel.py_func, numba.njit(fastmath=True))
    found = []
    for parallel in (False, True)[: 1 + (setting.threads > 1)]:
        jitted = numba.njit(fastmath=True, parallel=parallel)(function)
        start = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                jitted.compile(tuple(numba.typeof(value) for value in workspace.arguments))
        except numba.core.errors.NumbaError as error:
            raise PeerError(f"numba: {str(error).strip().splitlines()[0]}") from None
        found.append(
            Candidate(
                "numba",
                f"parallel={parallel}",
                partial(jitted, *workspace.arguments),
                compile_seconds=time.perf_counter() - start,
            )
        )
    return found


def _with_helpers(
    function: Callable[..., object], jit: Callable[[object], object]
) -> Callable[..., object]:
    """The function over globals in which plain functions are compiled: Numba calls no others."""
    if not isinstance(function, FunctionType):
        return function
    used = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    helpers = {name: jit(value) for name, value in used.items() if isinstance(value, FunctionType)}
    return FunctionType(function.__code__, function.__globals__ | helpers, function.__name__)


def pythran_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The plain Python function compiled by Pythran through C++."""
    start = time.perf_counter()
    try:
        function = compiled_by_pythran(setting.benchmark.kernel.py_func, workspace.arguments)
    except PythranError as error:
        raise PeerError(str(error)) from None
    seconds = time.perf_counter() - start
    run = partial(function, *workspace.arguments)
    return [Candidate("pythran", "-O3 -march=native", run, compile_seconds=seconds)]


MAKERS: dict[str, Callable[[Setting, Workspace], list[Candidate]]] = {
    BASELINE: gcc_candidates,
    "numpy": numpy_candidates,
    "numba": numba_candidates,
    "scipy": scipy_candidates,
    "pythran": pythran_candidates,
    SCRIPT: script_candidates,
    OPENCL: opencl_candidates,
}

APART = ("numpy", "scipy")
"""Tools measured in a process of their own: after a call OpenBLAS's threads go on spinning, and
take the processors from whoever runs next."""

_PACKAGES = {"numba": "bench", "scipy": "bench", "pythran": "bench", OPENCL: "opencl"}
"""The extra of polyopt that brings each tool which is not always there."""


def absence(peer: str) -> str:
    """Why a tool is not here and how to get it; "" where it is here."""
    package = "pyopencl" if peer == OPENCL else peer
    if peer not in _PACKAGES or importlib.util.find_spec(package) is not None:
        return ""
    return f'{package} is not installed: pip install "polyopt[{_PACKAGES[peer]}]"'
