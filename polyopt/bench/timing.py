"""Timing several callables in turn on the same arrays.

Each run starts from the pristine values: what a run wrote is copied back outside the timing, so
that values neither overflow nor turn denormal over the repetitions. All candidates share one set
of arrays, hence one alignment.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SHORT = 1e-3
"""Below this many seconds a sample is the mean of several calls."""
SLOW = 3.0
"""Above this many seconds the first run counts as a sample, and one or no other follows."""
PATIENCE = 8.0
"""About this many seconds go into the samples of one candidate."""


class Workspace:
    """The arguments of a kernel, and the pristine values to start each run from."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self._pristine = {
            position: value.copy()
            for position, value in enumerate(arguments)
            if isinstance(value, np.ndarray)
        }
        self._written: set[int] = set()

    def reset(self) -> None:
        """Bring the arguments back to their pristine values."""
        for position, values in self._pristine.items():
            np.copyto(self.arguments[position], values)

    def note_written(self) -> None:
        """Remember which arrays the last run changed."""
        self._written |= {
            position
            for position, values in self._pristine.items()
            if not np.array_equal(self.arguments[position], values)
        }

    def keep_written(self) -> None:
        """Reset only those arrays from now on: no run writes the others."""
        self.reset()
        self._pristine = {position: self._pristine[position] for position in self._written}


@dataclass
class Candidate:
    """One variant of one tool: `run()` computes the kernel on the workspace's arguments.

    `finish()`, outside the timing, brings results there that `run` left elsewhere. A `reference`
    is timed as often as the best variant of its tool: recorded ratios refer to it.
    """

    tool: str
    variant: str
    run: Callable[[], object]
    compile_seconds: float | None = None
    model_seconds: float | None = None
    finish: Callable[[], None] | None = None
    reference: bool = False
    first: float = 0.0
    samples: list[float] = field(default_factory=list)
    cpu_shares: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median of the samples."""
        return statistics.median(self.samples)

    @property
    def cpu_share(self) -> float:
        """The median of processor time over wall time."""
        return statistics.median(self.cpu_shares)


def time_once(candidate: Candidate, workspace: Workspace, calls: int = 1) -> float:
    """Seconds for one call, as the mean over `calls`; arrays are reset before each call."""
    total, cpu = 0.0, 0.0
    for _ in range(calls):
        workspace.reset()
        cpu_start, start = time.process_time(), time.perf_counter()
        candidate.run()
        total += time.perf_counter() - start
        cpu += time.process_time() - cpu_start
        if candidate.finish is not None:
            candidate.finish()
    candidate.cpu_shares.append(cpu / total if total else 1.0)
    return total / calls


def first_run(candidate: Candidate, workspace: Workspace) -> None:
    """Run once, for the values and for a first idea of the time; a slow run is a sample."""
    candidate.first = time_once(candidate, workspace)
    if candidate.first > SLOW:
        candidate.samples.append(candidate.first)


def calls_per_sample(seconds: float) -> int:
    """How many calls make a sample of some milliseconds."""
    return 1 if seconds >= SHORT else min(100, max(2, int(5 * SHORT / max(seconds, 1e-7))))


def repetitions(seconds: float, asked: int) -> int:
    """How many samples, after the first run, a run that takes `seconds` deserves."""
    if seconds > SLOW:
        return 1 if seconds <= PATIENCE else 0
    return min(asked, max(2, int(PATIENCE / max(seconds, 1e-7))))


def worth_repeating(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates without the variants that fell far behind their tool's best.

    A short first run says little, since it also touches memory and starts threads.
    """
    best: dict[str, float] = {}
    for each in candidates:
        best[each.tool] = min(best.get(each.tool, np.inf), each.first)
    return [
        each
        for each in candidates
        if each.reference or each.first <= best[each.tool] * (1.2 if best[each.tool] > 0.1 else 2.0)
    ]


def time_in_turn(candidates: Sequence[Candidate], workspace: Workspace, repeat: int) -> None:
    """Fill the `samples` of the candidates, going round them `repeat` times after `first_run`."""
    for turn in range(repeat):
        for each in worth_repeating(candidates):
            if turn < repetitions(each.first, repeat):
                calls = calls_per_sample(each.first)
                each.samples.append(time_once(each, workspace, calls))


def fastest(candidates: Sequence[Candidate], tool: str) -> Candidate | None:
    """The variant of `tool` with the smallest median, or None when none was timed."""
    timed = [each for each in candidates if each.tool == tool and each.samples]
    return min(timed, key=lambda each: each.seconds, default=None)
