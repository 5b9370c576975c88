"""Known forms, a little changed, under the automatic scheduler for a machine of tiny caches.

Blocks, strips and vectors then fill at the sizes that plain Python can run.
"""

from __future__ import annotations

import random

import compiled
import engine
import pytest
from compiled import Batch
from engine import Examiner
from random_forms import FORMS, make_form

from polyopt.machine import Machine
from polyopt.transform.auto import auto, column_sums, sinking, stencils, structure
from polyopt.transform.schedule import Schedule

SEEDS = range(len(FORMS))
SIZES = ((0, 0), (1, 1), (2, 3), (9, 8), (17, 10))
SMALL = (
    (column_sums, "_VECTORS", 1),
    (sinking, "_STRIP", 4),
    (structure, "_WAVE_TILE", 4),
    (stencils, "_NARROWEST", 4),
    (stencils, "_WIDEST", 8),
)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> tuple[Examiner, Batch]:
    """An examiner that schedules for tiny machines, and what then waits for gcc."""
    for module, name, value in SMALL:
        monkeypatch.setattr(module, name, value)
    for module in (engine, compiled):
        monkeypatch.setattr(module, "SIZES", SIZES)
    chance = random.Random(0)

    def small(schedule: Schedule) -> Schedule:
        l1, l2 = chance.choice(((512, 2048), (4096, 65536)))
        bits = chance.choice((64, 128, 256))
        machine = Machine("tiny", 2, l1, l2, 2**20, 64, bits, fma=True)
        return auto(schedule, machine=machine, threads=chance.choice((1, 2)))

    monkeypatch.setattr(engine, "auto", small)
    monkeypatch.setattr(engine, "make_program", make_form)
    batch = Batch()

    def sink(*case: object) -> None:
        if case[4] == "auto":
            batch.add(*case)  # type: ignore[arg-type]

    return Examiner(scripts=0, force=False, sink=sink), batch


def test_known_forms_compute_what_plain_python_does(tools: tuple[Examiner, Batch]) -> None:
    examiner, batch = tools
    for seed in SEEDS:
        examiner.examine(seed)
    assert not examiner.failures, "\n\n".join(map(str, examiner.failures))
    results = list(batch.run())
    wrong = [f"{e.case.program.source}{e.steps} {error}" for e, error in results if error]
    assert not wrong, "\n\n".join(wrong)
    assert len(results) > len(SEEDS)
