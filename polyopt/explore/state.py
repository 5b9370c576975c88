"""What the explorer shows, as values: schedules taken so far, the step that is looked at, sizes.

Every change gives a new `State`; nothing here knows of widgets, so that all of it is tested
without a browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from polyopt.errors import BadArgumentError, IllegalScheduleError, PolyoptError
from polyopt.explore.problem import checked_sizes
from polyopt.transform.edit import loop_names, places
from polyopt.transform.legality import Level
from polyopt.transform.schedule import Schedule
from polyopt.transform.script import REFUSALS, Script, Step

_MARKS = {"parallel": "is_parallel", "vectorize": "is_vector"}


@dataclass(frozen=True)
class Remedy:
    """Steps that are legal where the one looked at is not: a script to be taken."""

    text: str
    script: Script


@dataclass(frozen=True)
class Trial:
    """One step looked at: what it makes of a schedule, or why it is refused.

    `made` is the order after the step, also where it is illegal, and None where there is none.
    """

    step: Step
    made: Schedule | None
    error: PolyoptError | None = None
    remedies: tuple[Remedy, ...] = ()

    @property
    def is_legal(self) -> bool:
        """Whether the step may be taken."""
        return self.error is None


def attempt(schedule: Schedule, step: Step) -> Trial:
    """Look at a step; a refusal becomes part of the answer."""
    try:
        return Trial(step, step.on(schedule))
    except IllegalScheduleError as error:
        made = error.refused if isinstance(error.refused, Schedule) else None
        scripts = (*error.remedies, *(_as_it_stands(made, step) if made else ()))
        return Trial(step, made, error, tuple(map(_remedy, scripts)))
    except REFUSALS as error:
        return Trial(step, None, error)


def _remedy(text: str) -> Remedy:
    return Remedy(text, Script.parse(f"s = spec.original{text.removeprefix('s')}"))


def _as_it_stands(made: Schedule, step: Step) -> Iterator[str]:
    """The same mark on other loops, which may be marked as they are."""
    if step.name not in _MARKS:
        return
    here = made.verdict
    names = {(p.path, p.position): name for name, p in named_places(made)}
    ends = {n for b in here.breaches for n in (b.dependence.source, b.dependence.sink)}
    for level in here.levels:
        if getattr(level, _MARKS[step.name]) and ends <= set(level.member.statements):
            name = names[level.path, level.position]
            if name not in step.arguments:
                yield f"s.{replace(step, arguments=(name, *step.arguments[1:]))}"


def named_places(schedule: Schedule) -> Iterator[tuple[str, Level]]:
    """Each loop's name and what it carries."""
    levels = {(level.path, level.position): level for level in schedule.verdict.levels}
    for name, place in zip(loop_names(schedule.tree), places(schedule.tree), strict=True):
        if (place.path, place.position) in levels:
            yield name, levels[place.path, place.position]


@dataclass(frozen=True)
class State:
    """Schedules taken, the first the start and the last the result; the step looked at; the
    sizes that pictures are drawn for (none: they pick their own)."""

    history: tuple[Schedule, ...]
    trial: Trial | None = None
    sizes: tuple[tuple[str, int], ...] = ()

    @property
    def schedule(self) -> Schedule:
        """The result: what the steps taken make. Always legal."""
        return self.history[-1]

    @property
    def shown(self) -> Schedule:
        """What pictures show: the step looked at counts, also where it is illegal."""
        made = self.trial.made if self.trial else None
        return made or self.schedule

    @property
    def is_legal(self) -> bool:
        """Whether what is shown may run."""
        return self.trial is None or self.trial.is_legal

    @property
    def legal(self) -> Schedule:
        """What can run: with the step looked at where it is legal, else without."""
        return self.shown if self.is_legal else self.schedule

    def look(self, step: Step | None) -> State:
        """Look at a step, or at none."""
        return replace(self, trial=attempt(self.schedule, step) if step else None)

    def take(self) -> State:
        """Take the step looked at.

        Raises its refusal where it is illegal, BadArgumentError where there is none.
        """
        if self.trial is None:
            raise BadArgumentError("there is no step to take: look at one first")
        if self.trial.error is not None:
            raise self.trial.error
        return replace(self, history=(*self.history, self.shown), trial=None)

    def remedied(self, number: int) -> State:
        """Take the steps of a remedy in place of the step refused.

        Raises BadArgumentError where there is no such remedy.
        """
        ways = self.trial.remedies if self.trial else ()
        if not 0 <= number < len(ways):
            count = f"there {'is' if len(ways) == 1 else 'are'} {len(ways)}"
            raise BadArgumentError(f"no remedy {number} is here: {count}, counted from 0")
        made = ways[number].script(self.schedule)
        return replace(self, history=(*self.history, made), trial=None)

    def undone(self) -> State:
        """Without what was taken last; the start stays."""
        return (
            replace(self, history=self.history[:-1] or self.history, trial=None)
            if len(self.history) > 1
            else replace(self, trial=None)
        )

    def reset(self) -> State:
        """Back at the start."""
        return replace(self, history=self.history[:1], trial=None)

    def at_sizes(self, sizes: Mapping[str, int]) -> State:
        """Pictures for other sizes.

        Raises BadArgumentError for a name that is no size of the kernel, and for sizes at which
        it is not called.
        """
        known = self.schedule.scop.parameter_names
        for name in sizes:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise BadArgumentError(f"{name} is no size of the kernel. Its sizes are: {listed}")
        return replace(self, sizes=tuple(checked_sizes(self.schedule.scop, sizes).items()))
