"""`po.explore(kernel)`: choose steps and see at once what they do, in a notebook or from Python."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from polyopt.bench.report import duration
from polyopt.bench.timing import (
    Candidate,
    Workspace,
    calls_per_sample,
    first_run,
    repetitions,
    time_once,
)
from polyopt.carried import Method
from polyopt.errors import BadArgumentError
from polyopt.explore import panels
from polyopt.explore.state import State
from polyopt.kernel import Kernel, Specialization
from polyopt.model.types import ArrayType, ScalarType
from polyopt.transform.schedule import Schedule
from polyopt.transform.script import Script, Step

if TYPE_CHECKING:
    from polyopt.explore.picture import Picture

_REPEATS = 7


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: medians of some, the schedule and source order measured in turn.

    `source_order` is None where that is what was measured.
    """

    chosen: float
    source_order: float | None

    def __str__(self) -> str:
        if self.source_order is None:
            return f"{duration(self.chosen)} in source order"
        ratio = self.source_order / self.chosen
        word = f"{ratio:.1f} times as fast" if ratio >= 1 else f"{1 / ratio:.1f} times as slow"
        chosen, source = duration(self.chosen), duration(self.source_order)
        return f"{chosen}; the source order takes {source}: {word}"


class Explorer:
    """Steps chosen one after the other; `schedule` is the result and always legal.

    `state` is a value, and each method puts another in its place. In a notebook the widget calls
    the same methods. `listeners` are called after each change.
    """

    def __init__(self, spec: Specialization, state: State, arguments: tuple[object, ...]) -> None:
        self.spec = spec
        self.state = state
        self.arguments = arguments
        self.listeners: list[Callable[[], None]] = []
        self._box: Any = None

    @property
    def schedule(self) -> Schedule:
        """What the steps taken make; a kernel's option `schedule` takes it."""
        return self.state.schedule

    @property
    def script(self) -> str:
        """The result as Python that rebuilds it from `spec.original`."""
        return self.schedule.script

    @property
    def source(self) -> str:
        """The code of what can run: with the step looked at where that is legal."""
        return self.spec.with_schedule(self.state.legal).source

    @property
    def picture(self) -> Picture:
        """The dependences; of a step that is refused, what it breaks, with the witness in red."""
        return panels.picture(self.state, "dependences")

    @property
    def verdict(self) -> str:
        """Whether the step looked at is legal, and the words of its refusal."""
        trial = self.state.trial
        if trial is None:
            return "legal"
        return "legal" if trial.error is None else str(trial.error)

    @property
    def remedies(self) -> tuple[str, ...]:
        """Scripts that are legal in place of the step looked at; `take_remedy` takes one."""
        return tuple(r.text for r in self.state.trial.remedies) if self.state.trial else ()

    def look(self, step: str | Step) -> Explorer:
        """Look at a step, such as `tile({"i": 8})`, without taking it; this explorer.

        Raises BadArgumentError for what is no one step.
        """
        self._become(self.state.look(step if isinstance(step, Step) else _parsed(step)))
        return self

    def look_at_none(self) -> Explorer:
        """Look at no step; this explorer."""
        self._become(self.state.look(None))
        return self

    def take(self, step: str | Step | None = None) -> Explorer:
        """Take a step, or the one looked at; this explorer.

        Raises what the step raises; the explorer then goes on looking at it.
        """
        if step is not None:
            self.look(step)
        self._become(self.state.take())
        return self

    def take_remedy(self, number: int = 0) -> Explorer:
        """Take the steps of a remedy in place of the step refused; this explorer.

        Raises BadArgumentError where there is no such remedy.
        """
        self._become(self.state.remedied(number))
        return self

    def undo(self) -> Explorer:
        """Take back what was taken last; this explorer."""
        self._become(self.state.undone())
        return self

    def reset(self) -> Explorer:
        """Go back to the start; this explorer."""
        self._become(self.state.reset())
        return self

    def at(self, sizes: Mapping[str, int]) -> Explorer:
        """Draw for these sizes; this explorer.

        Raises BadArgumentError for a name that is no size of the kernel.
        """
        self._become(self.state.at_sizes(sizes))
        return self

    def measure(self) -> Timing:
        """Time what can run beside the source order, on copies of the arguments given.

        Raises BadArgumentError where `po.explore` was given none.
        """
        if not self.arguments:
            raise BadArgumentError(
                "measuring needs data: give the call's arguments too, po.explore(kernel, *args)"
            )
        chosen, source = self.state.legal, self.spec.original
        each = (chosen, source) if chosen.steps else (source,)
        return _timed([self.spec.with_schedule(s) for s in each], self.arguments)

    def _become(self, state: State) -> None:
        self.state = state
        for listener in tuple(self.listeners):
            listener()

    @property
    def widget(self) -> Any:  # noqa: ANN401 ipywidgets has no types
        """The box of ipywidgets that a notebook shows.

        Raises BadArgumentError where ipywidgets is not installed.
        """
        if find_spec("ipywidgets") is None:
            raise BadArgumentError(
                "the widget needs ipywidgets, which is not installed: "
                'pip install "polyopt[notebook]"'
            )
        if self._box is None:
            from polyopt.explore.widget import View  # noqa: PLC0415 an extra

            self._box = View(self).box
        return self._box

    def __str__(self) -> str:
        return f"{self.spec}\n{self.script}\n{self.verdict}"

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
    ) -> dict[str, object]:
        """The widget, and a page that shows the same where there is none."""
        shown: dict[str, object] = {}
        if find_spec("ipywidgets") is not None:
            shown = dict(self.widget._repr_mimebundle_(include=include, exclude=exclude))
        page = panels.page(self.state, "dependences", self.spec)
        return {**shown, "text/html": page, "text/plain": str(self)}


def explore(
    kernel: Kernel | Specialization, *args: object, schedule: Schedule | None = None
) -> Explorer:
    """Look at a kernel's loops and at what steps do to them.

    kernel    →    menus of steps and sizes; picture, verdict, script and code, which change at once

    `args` are a call's arguments, or their types; an annotated kernel needs none. With data the
    explorer can measure. `schedule` is where to begin, source order unless told.
    `explorer.schedule` is the result. Raises as `specialize` does, and BadArgumentError for what
    is no kernel, and for a schedule of another one.
    """
    if isinstance(kernel, Kernel):
        spec = kernel.specialize(*args)
    elif isinstance(kernel, Specialization):
        spec = kernel
    else:
        raise BadArgumentError(f"explore takes a kernel or a specialisation, and {_other(kernel)}")
    start = spec.original if schedule is None else spec.with_schedule(schedule).schedule
    data = any(isinstance(a, ArrayType | ScalarType | type) for a in args)
    return Explorer(spec, State((start,)), () if data else args)


def _other(value: object) -> str:
    """What is there in place of a kernel, and what to give where it holds one."""
    if not isinstance(value, Method):
        return f"this is {value!r}"
    name, method = value.kernel.__qualname__, value.kernel.__name__
    return f"{name} is bound to an object: give its specialisation, .{method}.specialize(*args)"


def _parsed(text: str) -> Step:
    """The one step that a text says, with or without `s.` before it."""
    if not isinstance(text, str):
        raise BadArgumentError(f'a step is text such as tile({{"i": 8}}), and this is {text!r}.')
    steps = Script.parse(f"s = spec.original.{text.strip().removeprefix('s.')}").steps
    if len(steps) != 1:
        raise BadArgumentError(f"look at one step at a time, and these are {len(steps)}: {text}")
    return steps[0]


def _timed(each: Sequence[Specialization], arguments: tuple[object, ...]) -> Timing:
    """The time of the first specialisation, and of the second where there is one."""
    workspace = Workspace(copy.deepcopy(arguments))
    tools = [Candidate("", "", partial(s.prepare(), *workspace.arguments)) for s in each]
    for tool in tools:
        first_run(tool, workspace)
    for _ in range(_REPEATS):
        # One by one: `time_in_turn` leaves out what is far behind, which is worth knowing here.
        for tool in tools:
            if len(tool.samples) <= repetitions(tool.first, _REPEATS):
                tool.samples.append(time_once(tool, workspace, calls_per_sample(tool.first)))
    found = [tool.seconds for tool in tools]
    return Timing(found[0], found[1] if len(found) > 1 else None)
