"""Many lowered schedules through gcc at once, and called with guarded memory."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from engine import SIZES, Steps
from oracle import Case, Difference, PlainError, compare, copied
from run_loops import parameters

from polyopt.emit.c import print_c
from polyopt.emit.loops import Loops
from polyopt.emit.program import Program as CProgram
from polyopt.emit.target import CTarget
from polyopt.model.types import FpMode
from polyopt.runtime.compiler import find_compiler, flags_for
from polyopt.transform.schedule import Schedule

_ALWAYS_THREADS = CTarget(parallel_threshold=-1.0)
_TYPES = {
    "int64_t": ctypes.c_int64, "int32_t": ctypes.c_int32, "double": ctypes.c_double,
    "float": ctypes.c_float, "bool": ctypes.c_bool,
}  # fmt: skip
_GUARD = 64


@dataclass(frozen=True)
class Entry:
    """A printed program that waits for its compilation."""

    case: Case
    program: CProgram
    fp: FpMode
    steps: Steps
    seed: int


@dataclass
class Batch:
    """Programs to be compiled in one go."""

    level: str = "-O1"
    threads: int = 2
    entries: list[Entry] = field(default_factory=list)
    serial: int = 0

    def add(
        self, case: Case, schedule: Schedule, loops: Loops, fp: FpMode, steps: Steps, seed: int
    ) -> None:
        """Print a schedule's C."""
        symbol = f"{case.program.name}_{len(self.entries)}_{self.serial}"
        printed = print_c(schedule.scop, loops, (), fp, True, symbol, _ALWAYS_THREADS)
        self.entries.append(Entry(case, printed, fp, steps, seed))

    def run(self) -> Iterator[tuple[Entry, Exception | None]]:
        """Compile all, run each at the usual sizes, and forget them."""
        entries, self.entries = self.entries, []
        self.serial += 1
        for fp in dict.fromkeys(e.fp for e in entries):
            group = [e for e in entries if e.fp == fp]
            with tempfile.TemporaryDirectory() as folder:
                library = self._compiled(fp, group, Path(folder))
            if hasattr(library, "omp_set_num_threads"):  # not where no loop is parallel
                library.omp_set_num_threads(self.threads)
            for entry in group:
                yield entry, _checked(entry, library)

    def _compiled(self, fp: FpMode, group: list[Entry], folder: Path) -> ctypes.CDLL:
        sources = []
        for number, entry in enumerate(group):
            source = folder / f"{fp}_{self.serial}_{number}.c"
            source.write_text(entry.program.source, encoding="utf-8")
            sources.append(str(source))
        library = folder / f"{fp}_{self.serial}.so"
        compiler = find_compiler()
        flags = flags_for(group[0].program, compiler)
        wanted = [self.level if f == "-O3" else f for f in flags.compile]
        libraries = dict.fromkeys(f for e in group for f in flags_for(e.program, compiler).link)
        command = [*compiler.command, *wanted, *sources, *libraries, "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return ctypes.CDLL(str(library))


def _checked(entry: Entry, library: ctypes.CDLL) -> Exception | None:
    """The first thing wrong with a compiled kernel."""
    function = library[entry.program.symbol]
    function.restype = ctypes.c_int64
    for n, m in SIZES:
        rough = entry.fp == "strict" and (entry.seed + n) % 2 == 0
        try:
            before, after, rounded = entry.case.expected(n, m, entry.seed, rough=rough)
        except PlainError:
            return None
        if entry.fp != "strict" and rounded:
            continue
        found = {
            k: _guarded(v) if isinstance(v, np.ndarray) else v for k, v in copied(before).items()
        }
        try:
            status = function(*_values(entry, found))
            assert status == 0, f"the entry function returned {status}"
            compare((n, m), after, found)
            for name, array in found.items():
                if isinstance(array, np.ndarray):
                    _check_guard(name, array)
        except (Difference, AssertionError) as error:
            return error
    return None


def _values(entry: Entry, arguments: dict[str, Any]) -> Iterator[Any]:
    sizes = parameters(entry.case.scop, arguments)
    for argument in entry.program.arguments:
        if argument.kind == "array":
            yield ctypes.c_void_p(arguments[argument.name].ctypes.data)
        else:
            value = (
                sizes[argument.name] if argument.kind == "parameter" else arguments[argument.name]
            )
            yield _TYPES[argument.ctype](value)


def _guarded(array: np.ndarray) -> np.ndarray:
    """The array in the middle of a larger one, whose ends nobody may write."""
    whole = np.full(array.size + 2 * _GUARD, 111, array.dtype)
    middle = whole[_GUARD : _GUARD + array.size].reshape(array.shape)
    middle[...] = array
    return middle


def _check_guard(name: str, array: np.ndarray) -> None:
    whole = array
    while whole.base is not None:
        whole = whole.base
    edges = np.concatenate([whole[:_GUARD], whole[-_GUARD:]])
    assert (edges == 111).all(), f"{name} is written outside its bounds"
