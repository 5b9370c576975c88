"""Random kernels under random scripts compute what plain Python computes, bit for bit.

A sample of what `scripts/soak` runs for as long as it is told, always the same one.
"""

from __future__ import annotations

import random

import pytest
from compiled import Batch
from engine import Examiner
from hypothesis import given, settings
from hypothesis import strategies as st
from mutants import MUTANTS, Patch, mutated
from random_program import make_program

SAMPLE = range(400, 416)
SHARE_COMPILED = 0.25
FIRST_SEEDS = {"output_dependences_dropped": 16, "strict_reductions_relaxed": 23}
"""Where mutants that few programs show are met soon; the others are tried from 0 on."""
MOST_CASES = 12


class Sample:
    """The kernels of the sample, examined once; a share of the schedules waits for gcc."""

    def __init__(self) -> None:
        chance = random.Random(1)
        self.batch = Batch()

        def sink(*case: object) -> None:
            if chance.random() < SHARE_COMPILED:
                self.batch.add(*case)  # type: ignore[arg-type]

        self.examiner = Examiner(sink=sink)
        for seed in SAMPLE:
            self.examiner.examine(seed)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample()


def test_schedules_reproduce_plain_python(sample):
    assert not sample.examiner.failures, "\n\n".join(map(str, sample.examiner.failures))
    assert sample.examiner.statistics.counts["runs compared"] > 500


def test_compiled_schedules_reproduce_plain_python(sample):
    results = list(sample.batch.run())
    wrong = [f"{e.case.program.source}{e.steps} {error}" for e, error in results if error]
    assert not wrong, "\n\n".join(wrong)
    assert len(results) > 10


def test_programs_carry_dependences(sample):
    assert sample.examiner.statistics.carried >= 0.7


def test_scripts_are_accepted(sample):
    assert sample.examiner.statistics.accepted >= 0.4


def test_refused_steps_would_change_results(sample):
    assert sample.examiner.statistics.needed >= 0.8


@given(st.integers(0, 10**6))
@settings(derandomize=True, max_examples=6, deadline=None, database=None)
def test_any_seed(seed):
    examiner = Examiner(scripts=1, force=False)
    examiner.examine(seed)
    assert not examiner.failures, "\n\n".join(map(str, examiner.failures))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.__name__)
def test_mutants_are_caught(mutant: Patch):
    first, caught = FIRST_SEEDS.get(mutant.__name__, 0), False
    with mutated(mutant):
        examiner = Examiner(force=False)
        for seed in range(first, first + MOST_CASES):
            examiner.examine(seed)
            caught = any(f.stage == "run" for f in examiner.failures)
            if caught:
                break
    assert caught, "nobody noticed"


def test_a_seed_is_a_program():
    assert make_program(5).source == make_program(5).source
    assert make_program(5).source != make_program(6).source
