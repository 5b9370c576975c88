"""Kernels as plain Python loops, with their data and sizes: PolyBench/C 4.2.1, and others.

Each module holds one kernel and its `BENCHMARK`; modules are imported when they are asked for.
The 30 of PolyBench stand here: loop order, imperfect nests and element types are PolyBench's
(https://polybench.sourceforge.net, Pouchet and Yuki); the texts are written afresh. Programs that
are not PolyBench's stand in `other`, those that index by data in `sparse`. `SUITES` names them all.
"""

from __future__ import annotations

import difflib
import importlib

from ._baseline import Baseline, BaselineError, load_baseline
from ._benchmark import COUNT, REAL, SETS, Benchmark, Difference, Kernel, compare, roughen

__all__ = [
    "COUNT",
    "NAMES",
    "OTHER",
    "REAL",
    "SETS",
    "SPARSE",
    "SUITES",
    "Baseline",
    "BaselineError",
    "Benchmark",
    "Difference",
    "Kernel",
    "all_benchmarks",
    "compare",
    "find",
    "load_baseline",
    "roughen",
]

NAMES = (
    "2mm", "3mm", "adi", "atax", "bicg", "cholesky", "correlation", "covariance", "deriche",
    "doitgen", "durbin", "fdtd-2d", "floyd-warshall", "gemm", "gemver", "gesummv", "gramschmidt",
    "heat-3d", "jacobi-1d", "jacobi-2d", "lu", "ludcmp", "mvt", "nussinov", "seidel-2d", "symm",
    "syr2k", "syrk", "trisolv", "trmm",
)  # fmt: skip

OTHER = (
    "bilateral", "harris", "hessenberg", "k-means", "kronecker", "lbm-d2q9", "lennard-jones",
    "life", "mandelbrot", "multigrid", "n-body", "smith-waterman", "stencil-27", "stencil-9",
    "tensor-4", "tensor-5", "unsharp-mask", "viterbi", "wave-2d",
)  # fmt: skip

SPARSE = ("coo", "histogram", "sddmm", "spmm", "spmv")

SUITES = {"polybench": NAMES, "other": OTHER, "sparse": SPARSE}


def all_benchmarks(suite: str = "polybench") -> tuple[Benchmark, ...]:
    """All benchmarks of a suite, in the order of their names."""
    return tuple(find(name) for name in SUITES[suite])


def find(name: str) -> Benchmark:
    """The benchmark called `name`, in any suite: its name or the module's ("2mm" or "k2mm").

    Raises:
        LookupError: No such benchmark; the message lists close names.
    """
    every = [*NAMES, *OTHER, *SPARSE]
    modules = {_module(known): known for known in every}
    module = _module(name.lower())
    if module not in modules:
        close = difflib.get_close_matches(name.lower(), [*every, *modules], n=3, cutoff=0.5)
        near = list(dict.fromkeys(modules.get(match, match) for match in close))
        words = f"close names: {', '.join(near)}" if near else f"the names: {', '.join(every)}"
        raise LookupError(f'there is no benchmark "{name}"; {words}')
    benchmark: Benchmark
    if modules[module] in SPARSE:
        suite = importlib.import_module(".sparse_suite", __package__)
        benchmark = suite.BENCHMARKS[modules[module]]
    else:
        folder = ".other" if modules[module] in OTHER else ""
        benchmark = importlib.import_module(f"{folder}.{module}", __package__).BENCHMARK
    return benchmark


def _module(name: str) -> str:
    module = name.replace("-", "_")
    return f"k{module}" if module[:1].isdigit() else module
