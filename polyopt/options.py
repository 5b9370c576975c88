"""A kernel's options: what they may be, checked when they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from polyopt.errors import BadArgumentError
from polyopt.targets import C, OpenMP, Target, check_threads, resolve

if TYPE_CHECKING:
    from polyopt.model.types import FpMode
    from polyopt.transform.schedule import Schedule

    ScheduleOption = str | Schedule | Callable[[Schedule], Schedule]

Alias = Literal["refuse", "safe"]

FP_MODES = ("strict", "reassociate", "fast")
SCHEDULES = ("auto", "source")
ALIASES = ("refuse", "safe")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `po.kernel`, valid.

    `threads` of None follows OMP_NUM_THREADS. `cache`: keep compiled libraries on disk. `alias`:
    calls whose arrays overlap are refused, or run in source order.
    """

    target: Target = OpenMP()  # noqa: RUF009 frozen, so one value serves all
    fp: FpMode = "reassociate"
    schedule: ScheduleOption = "auto"
    threads: int | None = None
    cache: bool = True
    alias: Alias = "refuse"

    def with_changes(self, changes: Mapping[str, object]) -> Options:
        """These options with some replaced.

        Raises BadArgumentError for an unknown name or a value that an option does not take.
        """
        names = [field.name for field in fields(self)]
        for name in changes:
            if name not in names:
                raise BadArgumentError(f"no option {name!r}: the options are {', '.join(names)}")
        valid: dict[str, Any] = {name: _CHECKS[name](value) for name, value in changes.items()}
        made = replace(self, **valid)
        _refuse_contradictions(made)
        return made

    @property
    def as_text(self) -> str | None:
        """What decides the compiled library; None where no text does, or none is to be kept."""
        if not self.cache or not isinstance(self.schedule, str) or self.alias != "refuse":
            return None
        return repr((self.target, self.fp, self.schedule))

    @property
    def number_of_threads(self) -> int | None:
        """What calls set; None where OpenMP's own rules decide."""
        return self.threads or _own_threads(self.target)


def _refuse_contradictions(options: Options) -> None:
    if isinstance(options.target, C) and options.threads not in (None, 1):
        raise BadArgumentError(
            f'threads={options.threads} and target="c", which runs on one thread: '
            'use target="openmp"'
        )
    own = _own_threads(options.target)
    if own is not None and options.threads not in (None, own):
        raise BadArgumentError(
            f"threads={options.threads} and target={options.target!r} contradict each other: "
            "give one of them"
        )


def _own_threads(target: Target) -> int | None:
    return target.threads if isinstance(target, OpenMP) else None


def _one_of(what: str, allowed: tuple[str, ...]) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, str) or value not in allowed:
            listed = ", ".join(f'"{a}"' for a in allowed)
            raise BadArgumentError(f"{what} is one of {listed}, not {value!r}")
        return value

    return check


def _schedule(value: object) -> object:
    """A name, a Schedule (known by its script: this module stays free of isl), or a function."""
    if isinstance(value, str):
        if value in SCHEDULES:
            return value
    elif hasattr(value, "script") or callable(value):
        return value
    raise BadArgumentError(
        f'schedule is "auto", "source", a Schedule, or a function from Schedule to Schedule, '
        f"not {value!r}"
    )


def _cache(value: object) -> object:
    if not isinstance(value, bool):
        raise BadArgumentError(f"cache is True or False, not {value!r}")
    return value


_CHECKS: Mapping[str, Callable[[object], object]] = {
    "target": resolve,
    "fp": _one_of("fp", FP_MODES),
    "schedule": _schedule,
    "threads": check_threads,
    "cache": _cache,
    "alias": _one_of("alias", ALIASES),
}
