"""A worker of the soak: examines seeds one after another and tells of each on standard output."""

from __future__ import annotations

import argparse
import json
import random
import sys
import traceback
import warnings
from pathlib import Path

import test_language
from compiled import Batch, Entry
from engine import Examiner, Failure
from reproduce import minimised, write

sys.path.append(str(Path(__file__).parents[1] / "indirection"))
import indirect_programs

BATCH = 24
SHARE = 0.15


def tell(**fields: object) -> None:
    """A line for the parent."""
    print(json.dumps(fields), flush=True)


class Worker:
    """Examines seeds; some of the schedules are compiled, many at a time."""

    def __init__(self, folder: Path, first: int) -> None:
        self.folder = folder
        self.random = random.Random(first)
        self.batch = Batch()
        self.examiner = Examiner(sink=self.sink)
        self.written = 0

    def sink(self, *case: object) -> None:
        if case[4] == "auto" or self.random.random() < SHARE:
            self.batch.add(*case)  # type: ignore[arg-type]

    def run(self, seed: int) -> None:
        tell(start=seed)
        before = dict(self.examiner.statistics.counts)
        self.examiner.examine(seed)
        if len(self.batch.entries) >= BATCH:
            self.compile()
        for failure in self.examiner.failures[self.written :]:
            path = write(minimised(failure), self.folder)
            tell(failure=f"{path}: {failure.message[:300]}")
        self.written = len(self.examiner.failures)
        after = self.examiner.statistics.counts
        tell(
            done=seed,
            counts={k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)},
        )

    def compile(self) -> None:
        self.batch.level = self.random.choice(("-O1", "-O1", "-O3"))
        self.batch.threads = self.random.choice((1, 2, 3))
        for entry, error in self.batch.run():
            self.examiner.count("compiled kernels compared")
            if error is not None:
                self.examiner.count("FAILURES in compiled kernels")
                self.examiner.failures.append(_failure(entry, error))


class Stream:
    """Runs the programs of another stream of the tests, seed after seed."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder

    def run(self, seed: int) -> None:
        tell(start=seed)
        counts = {f"programs of {self.name}": 1}
        try:
            counts |= getattr(self, self.name)(seed)
        except Exception:  # noqa: BLE001  whatever it is, it is a failure
            counts["FAILURES"] = 1
            self.folder.mkdir(exist_ok=True)
            path = self.folder / f"{self.name}_{seed}.txt"
            path.write_text(traceback.format_exc(), encoding="utf-8")
            tell(failure=str(path))
        tell(done=seed, counts=counts)

    def language(self, seed: int) -> dict[str, int]:
        """Newer constructs: the nest of every program, and one in eight compiled."""
        test_language.run_nest(seed)
        if seed % 8:
            return {}
        test_language.run_compiled(seed)
        return {"compiled kernels compared": 1}

    def indirection(self, seed: int) -> dict[str, int]:
        """Kernels over index arrays."""
        return {f"calls: {how}": n for how, n in indirect_programs.examine(seed).items()}


def _failure(entry: Entry, error: Exception) -> Failure:
    message = f"compiled: {error}"
    return Failure(entry.case.program, entry.fp, entry.steps, entry.seed, "compiled", message)


def main() -> None:
    """Examine the seeds from `--first` on, every `--stride`-th, until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--stride", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--stream", default="schedules")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    worker: Worker | Stream = Worker(options.folder, options.first)
    if options.stream != "schedules":
        worker = Stream(options.stream, options.folder)
    seed = options.first
    while True:
        worker.run(seed)
        seed += options.stride


if __name__ == "__main__":
    main()
