"""One kernel compiled, run and checked in this process: what `polyopt run` and the demo need."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from polyopt.bench import catalogue
from polyopt.bench.peers import polyopt_candidates
from polyopt.bench.plain_c import gcc_candidates
from polyopt.bench.report import duration, plural
from polyopt.bench.setting import PeerError, Setting
from polyopt.bench.timing import Workspace, first_run, time_in_turn
from polyopt.errors import PolyoptError

if TYPE_CHECKING:
    from collections.abc import Mapping

SMALL = "MINI"
"""The data set at which the plain Python function takes no time."""


class WrongResultError(PolyoptError):
    """A compiled kernel that does not compute what its Python function or plain C computes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `run` found; `checks` are sentences about the comparisons that held."""

    name: str
    size: str
    sizes: Mapping[str, int]
    dtype: str
    threads: int
    fp: str
    compile_seconds: float
    model_seconds: float
    seconds: float
    repetitions: int
    flops: int | None
    checks: tuple[str, ...]

    def lines(self) -> list[str]:
        """The outcome in words."""
        sizes = ", ".join(f"{name}={value}" for name, value in self.sizes.items())
        how = f'{self.dtype}, {plural(self.threads)}, fp="{self.fp}"'
        model = duration(self.model_seconds)
        rate = f", {self.flops / self.seconds / 1e9:.1f} GFLOP/s" if self.flops else ""
        return [
            f"{self.name} {self.size} ({sizes}), {how}",
            f"  compiled in {duration(self.compile_seconds)}, {model} of it before the C compiler",
            f"  run in {duration(self.seconds)} (median of {self.repetitions}){rate}",
            *(f"  {check}" for check in self.checks),
        ]


def run(name: str, *, size: str, dtype: str, threads: int, fp: str, check: bool) -> Outcome:
    """Compile the kernel `name`, run it at `size`, and compare its results when asked to.

    Raises:
        WrongResultError: A comparison that does not hold, with the first difference.
        BadArgumentError: An unknown kernel, size or element type.
    """
    benchmark = catalogue.find(name)
    sizes = catalogue.sizes_of(benchmark, size)
    element = catalogue.dtype_of(benchmark, dtype)
    setting = Setting(benchmark, sizes, threads, fp, element)
    workspace = Workspace(catalogue.arguments(benchmark, sizes, element))
    (candidate,) = polyopt_candidates(setting, workspace)
    first_run(candidate, workspace)
    checks = _checks(setting, workspace) if check else ()
    time_in_turn([candidate], workspace, 5)
    return Outcome(
        name=benchmark.name,
        size=size.upper(),
        sizes=sizes,
        dtype=element,
        threads=threads,
        fp=fp,
        compile_seconds=candidate.compile_seconds or 0.0,
        model_seconds=candidate.model_seconds or 0.0,
        seconds=candidate.seconds,
        repetitions=len(candidate.samples),
        flops=benchmark.flops(sizes) if benchmark.flops else None,
        checks=checks,
    )


def small_setting(name: str, threads: int, fp: str = "reassociate", dtype: str = "") -> Setting:
    """The kernel at the size that the plain Python function runs in no time."""
    benchmark = catalogue.find(name)
    element = catalogue.dtype_of(benchmark, dtype)
    return Setting(benchmark, catalogue.sizes_of(benchmark, SMALL), threads, fp, element)


def check_against_python(setting: Setting) -> None:
    """Run the compiled kernel and the plain Python function on the same data, and compare.

    Raises:
        WrongResultError: They differ; with the first difference.
    """
    benchmark = setting.benchmark
    arguments = catalogue.arguments(benchmark, setting.sizes, setting.dtype)
    expected = copy.deepcopy(arguments)
    benchmark.kernel.py_func(*expected)
    benchmark.kernel.with_options(threads=setting.threads, fp=setting.fp)(*arguments)
    _expect_same("the plain Python function", setting, expected, arguments)


def _checks(setting: Setting, workspace: Workspace) -> tuple[str, ...]:
    """Hold the values in `workspace` against plain C, and small ones against Python."""
    actual = copy.deepcopy(workspace.arguments)
    small = catalogue.sizes_of(setting.benchmark, SMALL)
    check_against_python(replace(setting, sizes=small))
    python = f"agrees with the plain Python function at {SMALL}"
    try:
        candidate = gcc_candidates(setting, workspace)[0]
    except PeerError as error:
        return python, f"not compared with plain C: {error}"
    first_run(candidate, workspace)
    _expect_same("plain C", setting, workspace.arguments, actual)
    return python, "agrees with plain C at this size"


def _expect_same(
    other: str, setting: Setting, expected: tuple[Any, ...], actual: tuple[Any, ...]
) -> None:
    text = catalogue.difference(setting.benchmark, expected, actual, setting.sizes)
    if text:
        raise WrongResultError(f"{setting.benchmark.name} differs from {other}: {text}")
