"""The 30 kernels of PolyBench/C 4.2.1 as plain Python loops, with their data and sizes.

Each module holds one kernel and its `BENCHMARK`; modules are imported when they are asked for.
Loop order, imperfect nests and element types are PolyBench's (https://polybench.sourceforge.net,
Pouchet and Yuki); the texts are written afresh.
"""

from __future__ import annotations

import difflib
import importlib

from ._baseline import Baseline, BaselineError, load_baseline
from ._benchmark import COUNT, REAL, SETS, Benchmark, Difference, Kernel, compare, roughen

__all__ = [
    "COUNT",
    "NAMES",
    "REAL",
    "SETS",
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


def all_benchmarks() -> tuple[Benchmark, ...]:
    """All benchmarks, in the order of their names."""
    return tuple(find(name) for name in NAMES)


def find(name: str) -> Benchmark:
    """The benchmark called `name`: PolyBench's name or the module's ("2mm" or "k2mm").

    Raises:
        LookupError: No such benchmark; the message lists close names.
    """
    modules = {_module(known): known for known in NAMES}
    module = _module(name.lower())
    if module not in modules:
        close = difflib.get_close_matches(name.lower(), [*NAMES, *modules], n=3, cutoff=0.5)
        near = list(dict.fromkeys(modules.get(match, match) for match in close))
        words = f"close names: {', '.join(near)}" if near else f"the names: {', '.join(NAMES)}"
        raise LookupError(f'there is no benchmark "{name}"; {words}')
    benchmark: Benchmark = importlib.import_module(f".{module}", __package__).BENCHMARK
    return benchmark


def _module(name: str) -> str:
    module = name.replace("-", "_")
    return f"k{module}" if module[:1].isdigit() else module
