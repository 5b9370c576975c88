"""The kernel as a JAX user writes it: arrays in, arrays out, compiled by XLA.

Arguments are put on the CPU device before the timing; timed is the compiled function until its
results are ready; copying them to the kernel's arguments, for the comparison, is not.
"""

from __future__ import annotations

import importlib
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from polyopt.bench.rows import JAX
from polyopt.bench.setting import PeerError
from polyopt.bench.timing import Candidate

if TYPE_CHECKING:
    from polyopt.bench.setting import Setting
    from polyopt.bench.timing import Workspace


def jax_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """The kernel's functional form under `jax.jit`, with 64 bits; numbers of steps are static."""
    benchmark = setting.benchmark
    forms = importlib.import_module("polyopt_kernels.jax_forms")
    if benchmark.name not in forms.FORMS:
        raise PeerError(forms.WITHOUT.get(benchmark.name, "no JAX form is written for this kernel"))
    jax = importlib.import_module("jax")
    workspace.reset()
    kinds = dict(enumerate(benchmark.parameters.values()))
    steps = tuple(position for position, kind in kinds.items() if kind == "count")
    start = time.perf_counter()
    jitted = jax.jit(forms.FORMS[benchmark.name], static_argnums=steps)
    compiled = jitted.lower(*workspace.arguments).compile()
    seconds = time.perf_counter() - start
    call = _Call(compiled, _outputs(setting, workspace))
    call.arguments = [
        jax.numpy.array(value) if isinstance(value, np.ndarray) else value
        for position, value in enumerate(workspace.arguments)
        if position not in steps
    ]
    variant = f"jit, {setting.threads} of the processors"
    return [Candidate(JAX, variant, call.run, compile_seconds=seconds, finish=call.copy_back)]


def _outputs(setting: Setting, workspace: Workspace) -> list[np.ndarray[Any, Any]]:
    """The kernel's arrays that a form returns, in its order."""
    values = dict(zip(setting.benchmark.parameters, workspace.arguments, strict=True))
    return [values[name] for name in setting.benchmark.outputs]


class _Call:
    """A compiled form on arguments that stand on the device."""

    def __init__(self, compiled: Any, outputs: list[np.ndarray[Any, Any]]) -> None:  # noqa: ANN401
        self.compiled = compiled
        self.outputs = outputs
        self.arguments: list[object] = []
        self.results: tuple[Any, ...] = ()

    def run(self) -> None:
        """Compute, and wait for the results."""
        self.results = self.compiled(*self.arguments)
        for result in self.results:
            result.block_until_ready()

    def copy_back(self) -> None:
        """Bring the results to the kernel's arguments."""
        for output, result in zip(self.outputs, self.results, strict=True):
            np.copyto(output, np.asarray(result))


def keep_to_processors(threads: int) -> None:
    """Let this process run on `threads` processors only, before JAX starts: XLA starts a thread
    for each processor that it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
