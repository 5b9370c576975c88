"""Mutants of the library: each is one mistake that the property test must catch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from polyopt.emit import lower
from polyopt.emit.loops import For
from polyopt.model import dependences
from polyopt.transform import legality, schedule

Patch = Callable[[pytest.MonkeyPatch], None]


def anti_dependences_dropped(patch: pytest.MonkeyPatch) -> None:
    """Overwriting before reading goes unnoticed."""
    patch.setattr(dependences, "_anti", lambda *_: [])


def output_dependences_dropped(patch: pytest.MonkeyPatch) -> None:
    """The last of two writes may become the first."""
    output = dependences._output

    def only_reductions(*arguments: Any) -> list[dependences.Dependence]:
        return [d for d in output(*arguments) if d.kind == "reduction"]

    patch.setattr(dependences, "_output", only_reductions)


def flow_dependences_dropped(patch: pytest.MonkeyPatch) -> None:
    """Reading before writing goes unnoticed."""
    patch.setattr(dependences, "_flow", lambda *_, **__: [])


def tile_bound_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """The last tile is forgotten."""
    make = lower._Walker._for

    def shorter(self: lower._Walker, *arguments: Any) -> tuple[Any, ...]:
        return tuple(
            replace(node, upper=node.upper - 1)
            if isinstance(node, For) and "_tile" in node.loop
            else node
            for node in make(self, *arguments)
        )

    patch.setattr(lower._Walker, "_for", shorter)


def sequence_order_ignored(patch: pytest.MonkeyPatch) -> None:
    """The order of the children of a sequence is not judged."""
    judge = legality.Judge._sequence

    def lenient(self: legality.Judge, node: Any, pending: Any, _breaches: Any) -> Any:
        return judge(self, node, pending, [])

    patch.setattr(legality.Judge, "_sequence", lenient)


def strict_reductions_relaxed(patch: pytest.MonkeyPatch) -> None:
    """Sums are reordered whatever `fp` says."""
    patch.setattr(legality.Judge, "may_reorder", lambda _, d: d.kind == "reduction")


def parallel_marks_not_judged(patch: pytest.MonkeyPatch) -> None:
    """Any loop may run on threads."""
    breaches = legality.Judge._mark_breaches

    def only_vectors(self: legality.Judge, member: Any, *rest: Any) -> Iterator[Any]:
        yield from breaches(self, replace(member, parallel=False), *rest)

    patch.setattr(legality.Judge, "_mark_breaches", only_vectors)


def private_scalars_shared(patch: pytest.MonkeyPatch) -> None:
    """A privatised scalar is judged as if it had copies, and has none."""
    privatize = schedule.Schedule.privatize

    def shared(self: schedule.Schedule, *arguments: Any, **named: Any) -> schedule.Schedule:
        made = privatize(self, *arguments, **named)
        judge = copy.copy(made.judge)
        judge.footprints = self.judge.footprints
        return replace(made, scop=self.scop, judge=judge)

    patch.setattr(schedule.Schedule, "privatize", shared)


MUTANTS: tuple[Patch, ...] = (
    anti_dependences_dropped,
    output_dependences_dropped,
    flow_dependences_dropped,
    tile_bound_off_by_one,
    sequence_order_ignored,
    strict_reductions_relaxed,
    parallel_marks_not_judged,
    private_scalars_shared,
)


@contextmanager
def mutated(mutant: Patch) -> Iterator[None]:
    """The library with one mistake."""
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch)
        yield
