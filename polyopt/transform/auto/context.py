"""What the parts of the automatic scheduler share: machine, cost, and steps that may be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from polyopt.errors import BadArgumentError, IllegalScheduleError, NoSuchLoopError
from polyopt.machine import Machine
from polyopt.model.tree import Node
from polyopt.transform.auto.cost import Estimates
from polyopt.transform.auto.views import Trips, views
from polyopt.transform.edit import Place, name_at
from polyopt.transform.schedule import Schedule


@dataclass
class Search:
    """The machine, the number of threads, and what was computed so far: isl's orders by judge
    and statements, trip counts and estimates by model. `packs`: whether threads have arrays of
    their own, and wait for one another; `panels`: whether the target has packed buffers; `jams`:
    whether rows that are summed up are to be taken several at a time here, since the target's
    compiler takes them one by one; it also needs registers beside a tile of sums."""

    machine: Machine
    threads: int
    packs: bool = True
    jams: bool = False
    panels: bool = True
    orders: dict[tuple[object, ...], Node | None] = field(default_factory=dict)
    _trips: dict[int, Trips] = field(default_factory=dict)
    _estimates: dict[int, Estimates] = field(default_factory=dict)

    def trips(self, schedule: Schedule) -> Trips:
        """The trip counts of a schedule's model."""
        return self._trips.setdefault(id(schedule.scop), Trips(schedule.scop))

    def most_trips(self, schedule: Schedule, place: Place) -> float | None:
        """How often a loop runs for the statement in it for which it runs most; None where the
        views tell of another loop."""
        names = frozenset(place.member.statements)
        around = views(schedule.scop, schedule.verdict, self.trips(schedule), names)
        counts = [v.trips for s in names for v in around[s] if v.member == place.member]
        return max(counts, default=None)

    def cost(self, schedule: Schedule, only: frozenset[str] | None = None) -> float:
        """The estimated nanoseconds of a schedule, or of some statements; marks disregarded."""
        scop, trips = schedule.scop, self.trips(schedule)
        if id(scop) not in self._estimates:  # which keep the model, and with it its identity
            self._estimates[id(scop)] = Estimates(scop, self.machine, self.threads, trips)
        return self._estimates[id(scop)].cost(schedule.verdict, only)


def attempt(schedule: Schedule, step: Callable[[Schedule], Schedule]) -> Schedule | None:
    """The schedule after some steps, None where one is refused."""
    try:
        return step(schedule)
    except (IllegalScheduleError, BadArgumentError, NoSuchLoopError):
        return None


def name_of(schedule: Schedule, place: Place) -> str:
    """The name by which a step can refer to a loop."""
    return name_at(schedule.tree, place)
