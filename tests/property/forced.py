"""Refused steps carried out all the same, to see whether the refusal was needed.

The judge is told to find no breach, and the schedule is lowered and run as if it were legal. A
refusal that changes no result at any size tried, with any data, was over-caution.
"""

from __future__ import annotations

from dataclasses import replace

import islpy as isl
from oracle import Case, Difference, HeavyError
from random_script import Call

from polyopt.errors import PolyoptError
from polyopt.model.tree import Tree
from polyopt.transform.legality import Judge, Verdict
from polyopt.transform.schedule import Schedule

SIZES = tuple(
    sorted(((n, m) for n in range(9) for m in range(9) if abs(n - m) < 4 or n in (3, 8)), key=sum)
)
LONGEST = 4000


class Lenient(Judge):
    """A judge that finds nothing wrong."""

    def judge(self, tree: Tree) -> Verdict:
        verdict = super().judge(tree)
        return Verdict((), verdict.levels)


def forced(schedule: Schedule, call: Call) -> Schedule:
    """The schedule after a step that was refused."""
    judge = Lenient(schedule.scop, schedule.dependences, schedule.fp)
    return call.apply(replace(schedule, judge=judge))


def changes_result(case: Case, schedule: Schedule, call: Call, seed: int) -> bool | None:
    """Whether a refused step changes a result at some size up to 8; None where it cannot run."""
    try:
        runner = case.runner(forced(schedule, call))
    except (HeavyError, PolyoptError, isl.Error, LookupError):
        return None  # lowering may count on the order being legal
    rough = schedule.fp == "strict"
    for n, m in SIZES:
        for data in (seed, seed + 1):
            before, _, rounded = case.expected(n, m, data, rough=rough)
            if not rough and rounded:
                continue
            try:
                case.compare_with(runner, (n, m), data, rough=rough)
            except (Difference, IndexError, ValueError):
                return True
            if sum(v.size for v in before.values() if hasattr(v, "size")) > LONGEST:
                break
    return False
