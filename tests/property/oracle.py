"""One kernel under the oracle: the plain Python function against what a schedule computes."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

import islpy as isl
import numpy as np
from random_program import Program
from run_loops import Runner

from polyopt._isl import limited
from polyopt.emit.loops import Loops
from polyopt.emit.lower import lower
from polyopt.frontend.parse import parse
from polyopt.frontend.source import FunctionSource
from polyopt.model.dependences import Dependences, analyse
from polyopt.model.extract import extract
from polyopt.model.scop import Scop
from polyopt.model.types import FpMode
from polyopt.transform.schedule import Schedule

OPERATIONS = 1_000_000
"""Of isl, per stage: what costs more is counted as heavy and left."""

_LIBM = ctypes.CDLL("libm.so.6")
_INEXACT = 0x20

Arguments = dict[str, Any]


class PlainError(Exception):
    """The plain function itself raises, so nothing is promised."""


class HeavyError(Exception):
    """The case needs more of isl's work than one random case is worth."""


def bounded(work: Any, *arguments: Any) -> Any:
    """Call a stage within the limit of isl's operations.

    Behind the limit isl fails in many ways, so what fails otherwise is tried with a higher one,
    and then with none: an error that stays is one.
    """
    for factor in (1, 10):
        try:
            with limited(factor * OPERATIONS):
                return work(*arguments)
        except isl.Error as error:
            if "maximal number of operations" in str(error):
                raise HeavyError(str(error)) from error
        except TypeError:  # what isl gives behind the limit may be nothing
            continue
    return work(*arguments)


@dataclass(frozen=True)
class Difference(Exception):
    """A result that is not the plain function's."""

    sizes: tuple[int, int]
    array: str
    element: tuple[int, ...]
    expected: Any
    found: Any

    def __str__(self) -> str:
        return (
            f"N, M = {self.sizes}: {self.array}{list(self.element)} is {self.found!r}, "
            f"expected {self.expected!r}"
        )


def run_plain(program: Program, arguments: Arguments) -> bool:
    """Run the plain function in place; whether any operation rounded."""
    _LIBM.feclearexcept(_INEXACT)
    with np.errstate(all="ignore"):
        try:
            program.function(*arguments.values())
        except (OverflowError, ZeroDivisionError, ValueError) as error:
            raise PlainError(str(error)) from error
    return bool(_LIBM.fetestexcept(_INEXACT))


def same_bits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two arrays agree bit for bit; NaNs agree with each other."""
    if a.dtype.kind != "f":
        return a == b
    bits = f"i{a.dtype.itemsize}"
    return (a.view(bits) == b.view(bits)) | (np.isnan(a) & np.isnan(b))


def compare(sizes: tuple[int, int], expected: Arguments, found: Arguments) -> None:
    """Raise Difference at the first element that differs."""
    for name, array in expected.items():
        if isinstance(array, np.ndarray):
            wrong = np.argwhere(~same_bits(array, found[name]))
            if len(wrong):
                at = tuple(int(i) for i in wrong[0])
                raise Difference(sizes, name, at, array[at], found[name][at])


def copied(arguments: Arguments) -> Arguments:
    """The same with arrays of their own."""
    return {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in arguments.items()}


@dataclass
class Case:
    """A program, its model, and its results at some sizes."""

    program: Program
    scop: Scop
    dependences: Dependences
    results: dict[tuple[int, int, int, bool], tuple[Arguments, Arguments, bool]] = field(
        default_factory=dict
    )

    @staticmethod
    def of(program: Program) -> Case:
        """Front end, model, dependences."""
        nest = parse(FunctionSource.of(program.function), program.types)
        scop = bounded(extract, nest)
        return Case(program, scop, bounded(analyse, scop))

    def original(self, fp: FpMode) -> Schedule:
        """The schedule in source order."""
        return Schedule.source_order(self.scop, self.dependences, fp)

    def expected(
        self, n: int, m: int, seed: int, *, rough: bool
    ) -> tuple[Arguments, Arguments, bool]:
        """Arguments before, after the plain function, and whether anything rounded."""
        key = (n, m, seed, rough)
        if key not in self.results:
            before = self.program.arguments(n, m, seed, rough=rough)
            after = copied(before)
            rounded = run_plain(self.program, after)
            self.results[key] = (before, after, rounded)
        return self.results[key]

    def runner(self, schedule: Schedule, loops: Loops | None = None) -> Runner:
        """The schedule, lowered and made ready to run."""
        return Runner(schedule.scop, loops or bounded(lower, schedule))

    def check(
        self, runner: Runner, fp: FpMode, sizes: tuple[tuple[int, int], ...], seed: int
    ) -> int:
        """Compare at some sizes; how many could be compared. Raises Difference.

        Where sums may be reordered, only runs in which nothing rounds are compared.
        """
        compared = 0
        for n, m in sizes:
            rough = fp == "strict" and (seed + n) % 2 == 0
            if fp != "strict" and self.expected(n, m, seed, rough=rough)[2]:
                continue
            self.compare_with(runner, (n, m), seed, rough=rough)
            compared += 1
        return compared

    def compare_with(
        self, runner: Runner, sizes: tuple[int, int], seed: int, *, rough: bool
    ) -> None:
        """Run once and compare. Raises Difference."""
        before, after, _ = self.expected(*sizes, seed, rough=rough)
        found = copied(before)
        runner(found, seed)
        compare(sizes, after, found)
