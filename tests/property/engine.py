"""Examines random kernels: every accepted schedule against the plain function, every refusal
against what it would have done. Counts what it did."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from forced import changes_result
from oracle import Case, HeavyError, PlainError, bounded
from random_program import Program, make_program
from random_script import Call, draw_step

from polyopt.emit.loops import Loops
from polyopt.emit.lower import lower
from polyopt.errors import (
    BadArgumentError,
    IllegalScheduleError,
    NoSuchLoopError,
    UnsupportedSyntaxError,
)
from polyopt.model.types import FpMode
from polyopt.pipeline import auto_schedule as auto
from polyopt.transform.schedule import Schedule

SIZES = ((0, 0), (1, 1), (0, 4), (2, 3), (3, 1), (4, 3), (5, 6), (3, 7))

Steps = tuple[Call, ...] | str
Sink = Callable[[Case, Schedule, Loops, FpMode, Steps, int], None]


@dataclass(frozen=True)
class Failure:
    """A case in which polyopt was wrong: `steps` is the script, or "auto"."""

    program: Program
    fp: FpMode
    steps: Steps
    seed: int
    stage: str
    message: str

    def __str__(self) -> str:
        script = (
            self.steps if isinstance(self.steps, str) else "".join(f"\n  .{c}" for c in self.steps)
        )
        return (
            f'{self.stage}, fp="{self.fp}": {self.message}\n{self.program.source}script: {script}'
        )


@dataclass
class Statistics:
    """Counts by name, and the ratios that say whether the test is worth anything."""

    counts: Counter[str] = field(default_factory=Counter)

    def share(self, part: str, *others: str) -> float:
        """`part` of the sum of itself and `others`."""
        whole = sum(self.counts[n] for n in (part, *others))
        return self.counts[part] / whole if whole else 0.0

    @property
    def carried(self) -> float:
        """Of programs, those with a dependence that a loop carries."""
        return self.share("programs with a carried dependence", "programs without")

    @property
    def accepted(self) -> float:
        """Of scripts, those of which every step was accepted."""
        return self.share("scripts accepted", "scripts refused")

    @property
    def needed(self) -> float:
        """Of refused steps that could be forced, those that change a result."""
        return self.share("refusals needed", "refusals needless")

    def __str__(self) -> str:
        ratios = (
            f"carried {self.carried:.0%}, scripts accepted {self.accepted:.0%}, "
            f"refusals needed {self.needed:.0%}"
        )
        return "\n".join([ratios, *(f"  {v:8} {k}" for k, v in sorted(self.counts.items()))])


class Examiner:
    """Runs cases and collects failures."""

    def __init__(self, *, scripts: int = 2, force: bool = True, sink: Sink | None = None) -> None:
        self.statistics = Statistics()
        self.failures: list[Failure] = []
        self.scripts = scripts
        self.force = force
        self.sink = sink

    def count(self, what: str) -> None:
        self.statistics.counts[what] += 1

    def fail(self, case: tuple[Program, FpMode, Steps, int], stage: str, error: Exception) -> None:
        program, fp, steps, seed = case
        where = traceback.extract_tb(error.__traceback__)[-1]
        name = where.filename.rsplit("/", 1)[-1]
        message = f"{type(error).__name__}: {error} ({name}:{where.lineno})"
        self.failures.append(Failure(program, fp, steps, seed, stage, message))
        self.count(f"FAILURES in {stage}")

    def examine(self, seed: int) -> None:
        """One program, with its scripts, in the modes that it allows."""
        program = make_program(seed)
        try:
            case = Case.of(program)
        except HeavyError:
            self.count("programs too heavy")
            return
        except UnsupportedSyntaxError:
            self.count("programs outside the language")
            return
        except Exception as error:  # noqa: BLE001 any other exception is what we look for
            self.fail((program, "strict", (), seed), "model", error)
            return
        if not case.scop.statements:
            self.count("programs that do nothing")
            return
        modes: tuple[FpMode, ...] = ("strict", "reassociate") if program.exact else ("strict",)
        carried = any(lv.carried or lv.reductions for lv in case.original("strict").verdict.levels)
        self.count("programs with a carried dependence" if carried else "programs without")
        rng = random.Random(seed)
        for fp in modes:
            self._finish(case, case.original(fp), fp, (), seed)
            self._auto(case, fp, seed)
            for _ in range(self.scripts):
                self._script(case, fp, seed, rng)

    def _auto(self, case: Case, fp: FpMode, seed: int) -> None:
        try:
            schedule = bounded(auto, case.original(fp))
        except HeavyError:
            self.count("automatic schedules too heavy")
            return
        except Exception as error:  # noqa: BLE001 any exception is what we look for
            self.fail((case.program, fp, "auto", seed), "auto", error)
            return
        self.count("automatic schedules")
        self._finish(case, schedule, fp, "auto", seed)

    def _script(self, case: Case, fp: FpMode, seed: int, rng: random.Random) -> None:
        """Three to eight steps; a cautious script looks before each whether it is legal."""
        schedule, taken, whole = case.original(fp), (), True
        tries = rng.choice((1, 4))
        for _ in range(rng.randint(3, 8)):
            calls = [draw_step(rng, schedule) for _ in range(tries)]
            for number, call in enumerate(calls):
                found = self._step(case, schedule, taken, call, fp, seed, number + 1 == tries)
                if found is not None:
                    break
            if found is None:
                whole = False
            elif isinstance(found, Schedule):
                schedule, taken = found, (*taken, call)
            else:
                return
        finished = self._finish(case, schedule, fp, taken, seed)
        self.count("scripts accepted" if whole and finished else "scripts refused")

    def _step(
        self, case: Case, schedule: Schedule, taken: tuple[Call, ...], call: Call, fp: FpMode,
        seed: int, last: bool,
    ) -> Schedule | str | None:  # fmt: skip
        """The schedule after a step, None where it is refused, text where the script ends."""
        try:
            new: Schedule = bounded(call.apply, schedule)
        except HeavyError:
            self.count("steps too heavy")
            return "heavy"
        except (BadArgumentError, NoSuchLoopError):
            self.count("steps that make no sense")
            return None
        except IllegalScheduleError:
            self.count("steps refused")
            if self.force and last:
                self._force(case, schedule, call, seed)
            return None
        except Exception as error:  # noqa: BLE001 any other exception is what we look for
            self.fail((case.program, fp, (*taken, call), seed), "step", error)
            return "crash"
        self.count("steps accepted")
        self.count(f"steps accepted: {call.name}")
        return new

    def _force(self, case: Case, schedule: Schedule, call: Call, seed: int) -> None:
        try:
            needed = changes_result(case, schedule, call, seed)
        except PlainError:
            needed = None
        name = {True: "refusals needed", False: "refusals needless", None: "refusals not forced"}
        self.count(name[needed])

    def _finish(self, case: Case, schedule: Schedule, fp: FpMode, steps: Steps, seed: int) -> bool:
        """Lower, run and compare; whether that was possible."""
        try:
            loops = bounded(lower, schedule)
            runner = case.runner(schedule, loops)
        except HeavyError:
            self.count("lowerings too heavy")
            return False
        except IllegalScheduleError as error:
            if steps == "auto":
                self.fail((case.program, fp, steps, seed), "lower", error)
            self.count("lowerings refused")
            return False
        except Exception as error:  # noqa: BLE001 any other exception is what we look for
            self.fail((case.program, fp, steps, seed), "lower", error)
            return False
        try:
            compared = case.check(runner, fp, SIZES, seed)
        except PlainError:
            self.count("runs in which plain Python raises")
            return False
        except Exception as error:  # noqa: BLE001 a difference, or an access out of bounds
            self.fail((case.program, fp, steps, seed), "run", error)
            return False
        self.statistics.counts["runs compared"] += compared
        if self.sink is not None:
            self.sink(case, schedule, loops, fp, steps, seed)
        return True


def examined(seeds: Iterator[int] | range, **options: Any) -> Examiner:
    """An examiner after some seeds."""
    examiner = Examiner(**options)
    for seed in seeds:
        examiner.examine(seed)
    return examiner
