"""Random programs on an OpenCL device, as the automatic scheduler maps them in both mappings.

POLYOPT_DEVICE_PROGRAMS gives another number of programs than a test run's few, and
POLYOPT_DEVICE_SEED others.
"""

from __future__ import annotations

import os

import pytest
from engine import SIZES
from oracle import Case, HeavyError, PlainError, compare, copied
from random_program import make_program

import polyopt as po
from polyopt.errors import TargetUnavailableError, UnsupportedSyntaxError
from polyopt.model.types import FpMode
from polyopt.runtime import opencl_steps

PROGRAMS = int(os.environ.get("POLYOPT_DEVICE_PROGRAMS", "5"))
SEED = int(os.environ.get("POLYOPT_DEVICE_SEED", "64000"))


def _run(case: Case, model: str, fp: FpMode, seed: int) -> int:
    """At how many sizes a program was compared; the comparison raises where it differs."""
    target = po.OpenCL(model=model)
    kernel = po.kernel(case.program.function, target=target, fp=fp, cache=False)
    compared = 0
    for n, m in SIZES:
        rough = fp == "strict" and (seed + n) % 2 == 0
        try:
            before, after, rounded = case.expected(n, m, seed, rough=rough)
        except PlainError:
            continue
        if fp == "strict" or not rounded:
            found = copied(before)
            try:
                kernel(*found.values())
            except TargetUnavailableError:  # what the page on OpenCL says that it has no check for
                return compared
            compare((n, m), after, found)
            compared += 1
    return compared


@pytest.mark.parametrize("model", ["cpu", "gpu"])
def test_automatic_mappings_give_plain_results(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencl_steps, "LARGE_LAUNCH", -1)
    monkeypatch.setattr(opencl_steps, "LARGE_PIECES", -1)
    programs = compared = 0
    for seed in range(SEED, SEED + 4 * PROGRAMS):
        program = make_program(seed)
        try:
            case = Case.of(program)
        except (HeavyError, UnsupportedSyntaxError):
            continue
        modes: tuple[FpMode, ...] = ("strict", "reassociate") if program.exact else ("strict",)
        for fp in modes:
            try:
                compared += _run(case, model, fp, seed)
            except Exception as error:
                error.add_note(f'seed {seed}, fp="{fp}":\n{program.source}')
                raise
        programs += 1
        if programs == PROGRAMS:
            break
    assert compared >= 2 * programs
