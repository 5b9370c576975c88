"""Runs the JAX forms and prints those that do not compute their kernel: in a process of its own,
since JAX's threads would stay in this one."""

import copy

from polyopt.bench import catalogue
from polyopt.bench.jax_form import jax_candidates
from polyopt.bench.setting import Setting
from polyopt.bench.timing import Workspace, first_run
from polyopt_kernels.jax_forms import FORMS

for name in FORMS:
    benchmark = catalogue.find(name)
    sizes, dtype = catalogue.sizes_of(benchmark, "MINI"), catalogue.dtype_of(benchmark, "")
    expected = catalogue.arguments(benchmark, sizes, dtype)
    workspace = Workspace(copy.deepcopy(expected))
    (candidate,) = jax_candidates(Setting(benchmark, sizes, 1, "strict", dtype), workspace)
    first_run(candidate, workspace)
    benchmark.kernel.py_func(*expected)
    difference = catalogue.difference(benchmark, expected, workspace.arguments, sizes)
    if difference:
        print(f"{name}: {difference}")
