"""A callable of each tool on the arguments of a workspace.

A maker returns the variants of its tool, compiled but not yet run; a tool that cannot do the
kernel raises `PeerError` with the reason, which is reported as a dash.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
import warnings
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING

from polyopt.bench.catalogue import hand_schedule
from polyopt.bench.jax_form import jax_candidates
from polyopt.bench.numba_form import parallel_loops, rewritten
from polyopt.bench.plain_c import (
    clang_absence,
    clang_candidates,
    gcc_candidates,
    polly_absence,
    polly_candidates,
)
from polyopt.bench.pythran import PythranError, compiled_by_pythran
from polyopt.bench.recorded import RECORDED
from polyopt.bench.rows import BASELINE, CLANG, JAX, OPENCL, POLLY, SCRIPT, SELF
from polyopt.bench.setting import PeerError
from polyopt.bench.timing import Candidate
from polyopt.targets import OpenCL

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from polyopt.bench.setting import Setting
    from polyopt.bench.timing import Workspace
    from polyopt.kernel import Kernel


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


def numpy_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The benchmark's implementation by NumPy's array operations."""
    function = setting.benchmark.numpy
    if function is None:
        raise PeerError("no NumPy form: the kernel is a recurrence that array operations lack")
    return [Candidate("numpy", "", partial(function, *workspace.arguments), compile_seconds=0.0)]


def scipy_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """Calls of BLAS and LAPACK through SciPy, or of scipy.sparse."""
    modules = (importlib.import_module(f"polyopt_kernels.{name}_calls") for name in CALLS_OF)
    calls = {name: call for module in modules for name, call in module.CALLS.items()}
    if setting.benchmark.name not in calls:
        raise PeerError("no library call: BLAS, LAPACK and scipy.sparse have none for this kernel")
    function = calls[setting.benchmark.name]
    return [Candidate("scipy", "", partial(function, *workspace.arguments), compile_seconds=0.0)]


def numba_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The kernel under `numba.njit(fastmath=True)`: its text and, where there is one, the form
    that a person wrote for Numba; on threads with and without `parallel`, loops over `prange`."""
    numba = importlib.import_module("numba")
    found, errors = [], []
    for variant, function in _numba_forms(setting, workspace, numba).items():
        jitted = numba.njit(fastmath=True, parallel="parallel" in variant)(function)
        start = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                jitted.compile(tuple(numba.typeof(value) for value in workspace.arguments))
        except numba.core.errors.NumbaError as error:
            errors.append(f"numba: {str(error).strip().splitlines()[0]}")
            continue
        run = partial(jitted, *workspace.arguments)
        seconds = time.perf_counter() - start
        found.append(Candidate("numba", variant, run, compile_seconds=seconds))
    if not found:
        raise PeerError(errors[0])
    return found


def _numba_forms(
    setting: Setting, workspace: Workspace, numba: ModuleType
) -> dict[str, Callable[..., object]]:
    """Functions for Numba, each by the name of the variant."""
    text, by_hand = setting.benchmark.kernel.py_func, setting.benchmark.numba
    assert isinstance(text, FunctionType)
    names = _helpers(text, numba.njit(fastmath=True)) | {"prange": numba.prange}
    forms = {"plain": rewritten(text, frozenset(), names)}
    if setting.threads > 1:
        loops = parallel_loops(setting.benchmark.kernel.specialize(*workspace.arguments).original)
        forms["parallel"] = rewritten(text, frozenset(), names)
        forms["parallel, prange"] = rewritten(text, loops, names)
    if isinstance(by_hand, FunctionType):
        ways = ("", "parallel, ")[: 1 + (setting.threads > 1)]
        forms |= {f"{way}by hand": rewritten(by_hand, frozenset(), names) for way in ways}
    return forms


def _helpers(function: FunctionType, jit: Callable[[object], object]) -> dict[str, object]:
    """The plain functions that a function calls, compiled: Numba calls no others."""
    used = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    return {name: jit(value) for name, value in used.items() if isinstance(value, FunctionType)}


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
    CLANG: clang_candidates,
    POLLY: polly_candidates,
    "numpy": numpy_candidates,
    "scipy": scipy_candidates,
    "numba": numba_candidates,
    "pythran": pythran_candidates,
    JAX: jax_candidates,
    SCRIPT: script_candidates,
    OPENCL: opencl_candidates,
}

PEERS = (*MAKERS, *RECORDED)
"""What a request may ask for."""
OTHERS = tuple(peer for peer in PEERS if peer not in (SCRIPT, OPENCL))
"""The peers that are not polyopt in another form."""

CALLS_OF = ("blas", "sparse")
"""The modules of library calls."""

APART = ("numpy", "scipy", POLLY, JAX)
"""Tools measured in a process of their own: after a call OpenBLAS's threads go on spinning, and
take the processors from whoever runs next; what Polly makes may crash; XLA has its own threads."""

_PACKAGES = {"numba": "bench", "scipy": "bench", "pythran": "bench", JAX: "bench", OPENCL: "opencl"}
"""The extra of polyopt that brings each tool which is not always there."""
_ABSENCES: dict[str, Callable[[], str]] = {CLANG: clang_absence, POLLY: polly_absence}


def absence(peer: str) -> str:
    """Why a tool is not here and how to get it; "" where it is here."""
    if peer in _ABSENCES:
        return _ABSENCES[peer]()
    package = "pyopencl" if peer == OPENCL else peer
    if peer not in _PACKAGES or importlib.util.find_spec(package) is not None:
        return ""
    return f'{package} is not installed: pip install "polyopt[{_PACKAGES[peer]}]"'
