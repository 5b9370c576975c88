"""The whole pipeline, from a function's text to a callable, in order.

parse → model → dependences → schedule → emit → compile → bind
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

import islpy as isl

from polyopt.emit.c import print_c
from polyopt.emit.exits import refuse_endless
from polyopt.emit.launches import LaunchProgram
from polyopt.emit.lines import with_lines
from polyopt.emit.lower import lower
from polyopt.emit.opencl import local_memory, print_opencl
from polyopt.emit.opencl_live import copied_in
from polyopt.errors import BadArgumentError, IllegalScheduleError, InternalError
from polyopt.frontend.parse import parse
from polyopt.locks import Lock
from polyopt.machine import detect
from polyopt.model.dependences import Dependences, analyse
from polyopt.model.extract import extract
from polyopt.model.facts import sharpened
from polyopt.options import FP_MODES
from polyopt.runtime.bind import Entry
from polyopt.runtime.checks import call_checks, interface, refuse_scans
from polyopt.runtime.compiled import open_library
from polyopt.runtime.compiler import python_lines
from polyopt.runtime.opencl import Launcher, OpenCLEntry, open_program
from polyopt.runtime.opencl_device import device_kind, device_limits
from polyopt.targets import C, OpenCL, Target, resolve
from polyopt.transform.auto import auto
from polyopt.transform.auto.grid import auto_grid
from polyopt.transform.schedule import Schedule

if TYPE_CHECKING:
    import ctypes

    from polyopt.emit.loops import Loops
    from polyopt.emit.program import Check, Program
    from polyopt.frontend.source import FunctionSource
    from polyopt.model.nest import LoopNest
    from polyopt.model.scop import Scop
    from polyopt.model.types import ArgumentType, FpMode
    from polyopt.options import Options
    from polyopt.runtime.arguments import Layouts

P = ParamSpec("P")
T = TypeVar("T")

LOG = logging.getLogger("polyopt")

STAGES = ("parse", "model", "dependences", "schedule", "emit", "compile")

_MODEL_LOCK = Lock()
"""isl's options belong to its one context, so one thread at a time works on a model."""


class Stages:
    """One specialisation on its way. Each stage runs once, when it or a later one is asked for.

    `timings` holds seconds per stage, of those that ran. Safe to use from several threads.
    """

    def __init__(
        self,
        source: FunctionSource,
        types: Mapping[str, ArgumentType],
        same: Mapping[str, str],
        options: Options,
        *,
        overlapping: bool = False,
        layouts: Layouts = (),
    ) -> None:
        self.source, self.types, self.same = source, dict(types), dict(same)
        self.options = options
        self.timings: dict[str, float] = {}
        self._overlap, self._layouts = overlapping, layouts
        self._made: dict[str, object] = {}
        self._lock = Lock()

    # -- the stages, in order ------------------------------------------------------------------

    @property
    def nest(self) -> LoopNest:
        """Parsed and typed."""
        return self._once("nest", "parse", parse, self.source, self.types, self.same)

    @property
    def scop(self) -> Scop:
        """The polyhedral model."""
        return self._once("scop", "model", extract, self.nest)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What a call tests first."""
        return self._once("checks", "model", call_checks, self.scop)

    @property
    def dependences(self) -> Dependences:
        """The exact dependences."""
        return self._once("dependences", "dependences", _analysed, self.scop)

    @property
    def original(self) -> Schedule:
        """Source order, where scripts begin."""
        order = Schedule.source_order
        scop, dependences = self.scop, self.dependences
        return self._once("original", "schedule", order, scop, dependences, self.options.fp)

    @property
    def schedule(self) -> Schedule:
        """The order that calls use."""
        return self._once("schedule", "schedule", self._choose)

    @property
    def loops(self) -> Loops:
        """The schedule as loops."""
        return self._once("loops", "emit", lower, self.schedule)

    @property
    def program(self) -> Program:
        """The emitted source."""
        return self._once(
            "program",
            "emit",
            emit,
            self.schedule,
            self.loops,
            self.checks,
            self.options,
            self._layouts,
        )

    @property
    def loaded(self) -> ctypes.CDLL | Launcher:
        """The compiled and loaded library, or the program built for an OpenCL device."""
        return self._once("library", "compile", self._compile, self.program)

    @property
    def entry(self) -> Entry:
        """The callable."""
        return self._once("entry", "bind", self._bind, self.program, self.loaded)

    # -- how they run --------------------------------------------------------------------------

    def with_options(self, options: Options) -> Stages:
        """The same kernel under other options; what these do not change is not done again."""
        made = Stages(self.source, self.types, self.same, options)
        with self._lock:
            for name in ("nest", "scop", "checks", "dependences"):
                if name in self._made:
                    made._made[name] = self._made[name]
        return made

    def with_layouts(self, layouts: Layouts) -> Stages:
        """The same kernel for arrays that are not in C's order; it differs in its subscripts."""
        if not layouts:
            return self
        made = Stages(self.source, self.types, self.same, self.options, layouts=layouts)
        for name in ("nest", "scop", "checks", "dependences", "schedule", "loops"):
            made._made[name] = getattr(self, name)
        with self._lock:
            return cast("Stages", self._made.setdefault(f"layouts {layouts}", made))

    def _once(
        self, name: str, stage: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if name not in self._made:
            # A compilation runs beside others; what comes before it takes turns.
            locks = (self._lock,) if stage == "compile" else (_MODEL_LOCK, self._lock)
            with ExitStack() as held:
                for lock in locks:
                    held.enter_context(lock)
                if name not in self._made:
                    start = time.perf_counter()
                    self._made[name] = work(*args, **kwargs)
                    spent = time.perf_counter() - start
                    self.timings[stage] = self.timings.get(stage, 0.0) + spent
        return cast("T", self._made[name])

    def _choose(self) -> Schedule:
        """The schedule the options ask for, the automatic one with its loops."""
        if self.options.schedule == "auto":
            chosen, self._made["loops"] = automatic(self.original, self.options.target)
            return chosen
        return choose(self.original, self.options)

    def _compile(self, program: Program) -> ctypes.CDLL | Launcher:
        if isinstance(program, LaunchProgram):
            return open_program(program, self.options.target)
        return open_library(program, cache=self.options.cache, overlapping=self._overlap)

    def _bind(self, program: Program, library: ctypes.CDLL | Launcher) -> Entry:
        safe = self.options.alias == "safe" and not self._overlap
        other = self._overlapping_entry if safe else None
        if isinstance(library, Launcher):
            return OpenCLEntry(interface(self.scop), library, overlapping=other)
        return Entry(
            interface(self.scop),
            program,
            library,
            threads=self.options.number_of_threads,
            overlapping=other,
            takes_overlap=self._overlap,
        )

    def _overlapping_entry(self) -> Entry:
        """The entry for arrays that share memory: source order, nothing assumed of pointers."""
        options = replace(self.options, target=C(), fp="strict", schedule="source", threads=None)
        with self._lock:
            made = self._made.setdefault(
                "overlapping",
                Stages(
                    self.source,
                    self.types,
                    self.same,
                    options,
                    overlapping=True,
                    layouts=self._layouts,
                ),
            )
        return cast("Stages", made).entry


def _analysed(scop: Scop) -> Dependences:
    """The dependences, with what is stated of index arrays taken into account."""
    return Dependences(sharpened(scop, analyse(scop)))


def choose(original: Schedule, options: Options) -> Schedule:
    """The schedule that the `schedule` option asks for.

    Raises BadArgumentError for a Schedule of another kernel, other argument types or another
    `fp`, and for a function that returns something else.
    """
    wanted = options.schedule
    if wanted == "source":
        return original
    if isinstance(wanted, Schedule):
        return _fitting(wanted, original, "the schedule given")
    if not callable(wanted):
        raise BadArgumentError(f"schedule={wanted!r} is no Schedule")
    name = getattr(wanted, "__name__", repr(wanted))
    made = wanted(original)
    if not isinstance(made, Schedule):
        raise BadArgumentError(
            f"the schedule function {name} returned {made!r}, and it must return a Schedule: "
            "end it with `return s`"
        )
    return _fitting(made, original, f"the schedule that {name} returned")


def _fitting(schedule: Schedule, original: Schedule, what: str) -> Schedule:
    if (schedule.scop.name, schedule.scop.arguments) != (
        original.scop.name,
        original.scop.arguments,
    ):
        raise BadArgumentError(
            f"{what} belongs to {_call(schedule.scop)}, and this is {_call(original.scop)}: "
            "begin from spec.original of this specialisation"
        )
    if schedule.fp != original.fp:
        raise BadArgumentError(
            f'{what} was judged under fp="{schedule.fp}", and the kernel has '
            f'fp="{original.fp}": begin from spec.original, or give the kernel that fp'
        )
    return schedule


def _call(scop: Scop) -> str:
    return f"{scop.name}({', '.join(f'{a.name}: {a.type}' for a in scop.arguments)})"


def auto_schedule(
    schedule: Schedule, *, target: str | Target = "openmp", fp: FpMode | None = None
) -> Schedule:
    """The automatic scheduler: the steps it would take after those of `schedule`.

    `fp` other than the schedule's own begins again from source order under it. The result
    depends on the machine and the target, and not on how many threads a call will use.
    """
    if not isinstance(schedule, Schedule):
        raise BadArgumentError(
            f"auto takes a Schedule, such as spec.original, and this is {schedule!r}"
        )
    if fp is not None and fp not in FP_MODES:
        raise BadArgumentError(f"fp={fp!r} is none of {', '.join(map(repr, FP_MODES))}")
    resolved = resolve(target)
    if fp is not None and fp != schedule.fp:
        if schedule.steps:
            raise BadArgumentError(
                f'fp="{fp}", and the steps so far were judged under fp="{schedule.fp}": '
                "begin from a schedule in source order"
            )
        schedule = Schedule.source_order(schedule.scop, schedule.dependences, fp)
    return automatic(schedule, resolved)[0]


def automatic(schedule: Schedule, target: Target) -> tuple[Schedule, Loops]:
    """The automatic schedule and its loops; that of the steps so far where it has none.

    isl may cut a private block up, or find no loops, which only lowering tells.
    """
    chosen, loops = _lowered(_scheduled(schedule, target), schedule)
    if not _fits(chosen, loops, target):
        return _lowered(_scheduled(schedule, target, shared=False), schedule)
    return chosen, loops


def _lowered(chosen: Schedule, otherwise: Schedule) -> tuple[Schedule, Loops]:
    """A schedule and its loops; the other one where this has none."""
    try:
        return chosen, lower(chosen)
    except (IllegalScheduleError, InternalError, isl.Error) as error:
        LOG.warning("%s: kept in the order given, since %s", chosen.scop.name, error)
        return otherwise, lower(otherwise)


def _scheduled(schedule: Schedule, target: Target, *, shared: bool = True) -> Schedule:
    """The automatic schedule; `shared`: items of a group have memory that they share."""
    machine = detect()
    if isinstance(target, OpenCL) and device_kind(target) == "gpu":
        return auto_grid(schedule, machine=machine, shared=shared)
    threads = machine.cores if target.is_parallel else 1
    device = isinstance(target, OpenCL)
    return auto(
        schedule, machine=machine, threads=threads, packs=not device, jams=device, panels=True
    )


def _fits(schedule: Schedule, loops: Loops, target: Target) -> bool:
    """Whether the device has the local memory that the schedule takes."""
    if not isinstance(target, OpenCL):
        return True
    limits = device_limits(target)
    if limits.model == "cpu" or limits.local is None:
        return True
    return local_memory(schedule.scop, loops, schedule.fp, limits) <= limits.local


def emit(
    schedule: Schedule,
    loops: Loops,
    checks: tuple[Check, ...],
    options: Options,
    layouts: Layouts = (),
) -> Program:
    """The C program of a lowered schedule.

    Raises TargetUnavailableError where there is no device.
    """
    scop = schedule.scop
    if isinstance(options.target, OpenCL):
        refuse_endless(scop, "OpenCL")
        refuse_scans(scop)
        device = device_limits(options.target)
        wanted = copied_in(scop, schedule.dependences)
        return print_opencl(scop, loops, checks, options.fp, scop.name, device, wanted)
    openmp = options.target.openmp
    program = print_c(scop, loops, checks, options.fp, openmp, scop.name, layouts=layouts)
    if not python_lines():
        return program
    files = {Path(s.location.file).name: s.location.file for s in scop.statements}
    return replace(program, source=with_lines(program.source, files))
