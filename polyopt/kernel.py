"""The decorator and its objects: a `Kernel` per function, a `Specialization` per argument types."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast, overload

from polyopt.call import Call, Same, Types
from polyopt.carried import Carried
from polyopt.displayed import Displayed, ExplainedText, SourceText
from polyopt.errors import DtypeError
from polyopt.frontend.source import FunctionSource
from polyopt.locks import Lock
from polyopt.model.affine import All
from polyopt.options import Options
from polyopt.runtime.arguments import Key, as_type, describe, layouts, twins
from polyopt.runtime.outputs import run

if TYPE_CHECKING:
    from types import FunctionType

    from polyopt.emit.loops import Loops
    from polyopt.model.affine import Condition
    from polyopt.model.counts import Cost
    from polyopt.model.dependences import Dependences
    from polyopt.model.scop import Scop
    from polyopt.options import ScheduleOption
    from polyopt.pipeline import Stages
    from polyopt.runtime.arguments import Layouts
    from polyopt.runtime.bind import Entry
    from polyopt.runtime.table import Row
    from polyopt.transform.schedule import Schedule


class Kernel(Carried, Displayed):
    """A function that is compiled for the types of its arguments when it is called.

    Called with arrays and numbers it computes what `py_func` computes. Numbers and functions that
    it captures are frozen when it is first specialised for some types, as `with_options()` makes
    anew.

    The first call with arguments of some types goes through Python, which has the words for
    whatever is wrong; it leaves a row in `_table`, from which caller.c serves later calls.
    """

    __slots__ = ("__dict__", "__weakref__", "_table")

    def __init__(
        self, function: FunctionType, options: Options, source: FunctionSource | None = None
    ) -> None:
        self._table: bytes | None = None
        self._learned: tuple[tuple[Row, Entry], ...] = ()
        self._seen: set[Key] = set()
        self._call = Call(source or FunctionSource.of(function))
        functools.update_wrapper(cast("Callable[..., None]", self), function)
        self.py_func = function
        self.options = options
        self._entries: dict[Key, Entry] = {}
        self._specializations: dict[Key, Specialization] = {}
        self._lock = Lock()

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Run the kernel: specialise for these arguments' types where that is yet to be done.

        Gives what the function returns. Arrays that it makes and returns may be given as `out`: one
        array, or a tuple with an array or None for each value that it returns.

        Raises CallError, DtypeError, ShapeError, AliasError, BadArgumentError, BoundsError and
        AssumptionError before any array is touched; UnsupportedSyntaxError, NotAffineError,
        BuildError and TargetUnavailableError where the kernel cannot be compiled.
        """
        return self._checked(*args, **kwargs)

    def _checked(self, *args: object, **kwargs: object) -> object:
        """A call with every check in Python."""
        out = self._call.out(kwargs)
        values = self._call.arrays(args, kwargs)
        key, addresses, repeated = describe(values)
        if repeated:
            key = (*key, twins(values, addresses))
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries.setdefault(key, self._entry(values, addresses))
        result = run(entry, values, addresses, out)
        if key not in self._seen:
            self._learn(key, entry, values, addresses)
        return result

    def _entry(self, values: Sequence[object], addresses: Sequence[int]) -> Entry:
        """The compiled entry for some values: found on disk, or made."""
        from polyopt.runtime.recall import recall, record  # noqa: PLC0415 only for new types

        same = self._call.same(values, addresses)
        chosen, threads = self.options.as_text, self.options.number_of_threads
        asked, entry = recall(self._call.source, self._call.names, values, same, chosen, threads)
        if entry is None:
            made = self._specialization(self._call.types(values), same)
            entry = made.entry_for(layouts(self._call.names, values))
            record(asked, entry)
        return entry

    def _learn(
        self, key: Key, entry: Entry, values: Sequence[object], addresses: Sequence[int]
    ) -> None:
        """Have later calls such as this one made by caller.c, where there is a row for them."""
        from polyopt.runtime.caller import quick_class  # noqa: PLC0415 only for new types
        from polyopt.runtime.table import MOST_ROWS, row, table  # noqa: PLC0415

        with self._lock:
            made = row(entry, values, twins(values, addresses))
            known = key in self._seen
            self._seen.add(key)
            if known or made is None or len(self._learned) == MOST_ROWS:
                return
            self._learned = (*self._learned, (made, entry))
            self._table = table(self._call.signature, [each for each, _ in self._learned])
            if type(self) is Kernel:
                self.__class__ = quick_class(Kernel, "_table") or Kernel

    def _failed(
        self, number: int, code: int, args: Sequence[object], kwargs: Mapping[str, object] | None
    ) -> None:
        """Raise what the entry of a row's result says; caller.c calls this."""
        own = dict(kwargs or {})
        self._call.out(own)
        self._learned[number][1].failed(self._call.values(args, own), code)

    def bind(self, *args: object, **kwargs: object) -> dict[str, object]:
        """The arguments of a call by their names, defaults filled in.

        Raises CallError for missing, unknown and surplus arguments.
        """
        return dict(zip(self._call.names, self._call.values(args, kwargs), strict=True))

    def specialize(self, *args: object, **kwargs: object) -> Specialization:
        """The kernel for the types of these arguments; no data is touched.

        In place of an array or number its type may stand: `po.f64[..., ...]`, `po.f64`, `int`.
        An annotated kernel needs no arguments at all. Raises as a call does.
        """
        declared = self._call.declared
        if declared is not None and not args and not kwargs:
            return self._specialization(declared, {})
        values = tuple(map(as_type, self._call.arrays(args, kwargs)))
        types = self._call.types(values, may_be_types=True)
        return self._specialization(types, self._call.same(values, describe(values)[1]))

    @property
    def specializations(self) -> tuple[Specialization, ...]:
        """What it has been specialised for, in that order."""
        return tuple(self._specializations.values())

    def with_options(self, **options: object) -> Kernel:
        """The same function under other options; this kernel stays as it is.

        Raises BadArgumentError for an unknown option or a value it does not take.
        """
        return _made(self._call.source, self.options.with_changes(options))

    def _specialization(self, types: Types, same: Same) -> Specialization:
        key = (*types.values(), *same.items())
        with self._lock:
            if key not in self._specializations:
                from polyopt.pipeline import Stages  # noqa: PLC0415 it imports isl

                stages = Stages(self._call.source, types, same, self.options)
                self._specializations.setdefault(key, Specialization(self._call, stages))
            return self._specializations[key]

    @property
    def function_source(self) -> FunctionSource:
        """The text of the function, with its lines and names."""
        return self._call.source

    @property
    def maker(self) -> Callable[[FunctionSource, Options], Kernel]:
        """What makes a kernel of a function's text and options."""
        return _made

    def __repr__(self) -> str:
        return f"<kernel {self._call}>"


def _made(source: FunctionSource, options: Options) -> Kernel:
    return Kernel(source.function, options, source)


class Specialization(Displayed):
    """A kernel for given argument types, from model to machine code; each part made when asked.

    Callable with arguments of these types. Nothing is changed in place.
    """

    def __init__(self, call: Call, stages: Stages) -> None:
        self._call = call
        self._stages = stages
        self._accepted: set[Key] = set()

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self._call.name

    @property
    def function_source(self) -> FunctionSource:
        """The text of the function, with its lines and names."""
        return self._call.source

    @property
    def types(self) -> Types:
        """Each argument's type."""
        return dict(self._stages.types)

    @property
    def options(self) -> Options:
        """The options it is made under."""
        return self._stages.options

    @property
    def scop(self) -> Scop:
        """The polyhedral model."""
        return self._stages.scop

    @property
    def dependences(self) -> Dependences:
        """The exact dependences of the source order."""
        return self._stages.dependences

    @property
    def original(self) -> Schedule:
        """The schedule in source order, where a script begins."""
        return self._stages.original

    @property
    def schedule(self) -> Schedule:
        """The schedule of the general version."""
        return self._stages.schedule

    @property
    def versions(self) -> tuple[tuple[Condition, Schedule], ...]:
        """What calls use: per condition on the parameters a schedule."""
        return ((All(), self.schedule),)

    @property
    def loops(self) -> Loops:
        """The schedule as loops."""
        return self._stages.loops

    @property
    def source(self) -> str:
        """The emitted C."""
        return SourceText(self._stages.program.source, self.scop)

    @property
    def timings(self) -> dict[str, float]:
        """Seconds per stage, of the stages that have run."""
        return dict(self._stages.timings)

    @property
    def entry(self) -> Entry:
        """What a call with arrays in C's order runs, compiled and loaded."""
        return self._stages.entry

    def entry_for(self, layouts: Layouts) -> Entry:
        """What a call with arrays of other layouts runs."""
        return self._stages.with_layouts(layouts).entry

    def prepare(self) -> Specialization:
        """Do everything that a first call would do before it runs."""
        _ = self.entry
        return self

    def write_c(self, folder: str | Path, *, extension: bool = False) -> tuple[Path, ...]:
        """Write `NAME.c` and `NAME.h` into a folder, for programs without Python; the two paths.

        The header says how to call the one function in it, and how to compile it. With `extension`
        also `NAME_module.c` and `setup.py`, an extension of Python for a wheel. Raises
        BadArgumentError for a target whose host part is Python.
        """
        from polyopt.runtime.exported import write_c, write_extension  # noqa: PLC0415 rare

        program, place = self._stages.program, Path(folder)
        if extension:
            return write_extension(program, self.scop, self._call.signature, place)
        return write_c(program, self.scop, place)

    def explain(self) -> str:
        """Per loop: parallel, vector, tiled or sequential and why; what was reassociated."""
        from polyopt.explain import explanation  # noqa: PLC0415 it imports isl

        why = explanation(self.schedule, self.options)
        return ExplainedText(str(why), why)

    def cost(self) -> Cost:
        """Operations, bytes and footprints as sympy's formulas in the sizes, such as `2*M*N**2`."""
        from polyopt.model.counts import cost  # noqa: PLC0415 it imports sympy

        return cost(self.scop)

    def with_schedule(self, schedule: ScheduleOption) -> Specialization:
        """The same kernel in another order.

        Raises BadArgumentError where the schedule belongs to another kernel or other types.
        """
        options = self.options.with_changes({"schedule": schedule})
        made = Specialization(self._call, self._stages.with_options(options))
        _ = made.schedule
        return made

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Run it, and give what it returns, as the kernel does.

        Raises DtypeError where the arguments' types are not those it is made for, and as the
        kernel itself does.
        """
        out = self._call.out(kwargs)
        values = self._call.arrays(args, kwargs)
        key, addresses, _ = describe(values)
        key = (*key, twins(values, addresses))
        if key not in self._accepted:
            self._refuse_others(values, addresses)
            self._accepted.add(key)
        return run(self.entry_for(layouts(self._call.names, values)), values, addresses, out)

    def _refuse_others(self, values: Sequence[object], addresses: Sequence[int]) -> None:
        types, same = self._call.types(values), self._call.same(values, addresses)
        if (types, same) != (self._stages.types, self._stages.same):
            other = _shown(self._call, types, same)
            raise DtypeError(
                f"this specialisation is {self}, and the call is {other}: "
                "call the kernel itself, or specialise for such arguments"
            )

    def __str__(self) -> str:
        return _shown(self._call, self._stages.types, self._stages.same)

    def __repr__(self) -> str:
        return f"<specialisation {self}>"


def _shown(call: Call, types: Types, same: Same) -> str:
    inner = ", ".join(f"{name}: {type_}" for name, type_ in types.items())
    return f"{call.name}({inner})" + "".join(f", {a} is {b}" for a, b in same.items())


@overload
def kernel(function: Callable[..., object], /) -> Kernel: ...


@overload
def kernel(**options: object) -> Callable[[Callable[..., object]], Kernel]: ...


def kernel(
    function: Callable[..., object] | None = None, /, **options: object
) -> Kernel | Callable[[Callable[..., object]], Kernel]:
    """Make a kernel of a function of loops over arrays: `@po.kernel` or `@po.kernel(fp="strict")`.

    Args:
        function: The function; it is compiled when it is first called with some types.
        **options: `target` ("openmp", "c", "opencl" or a Target), `fp` ("strict", "reassociate"
            or "fast"), `schedule` ("auto", "source", a Schedule, or a function from Schedule to
            Schedule), `threads` (None follows OMP_NUM_THREADS), `cache` (keep compiled libraries
            on disk), `alias` ("refuse" overlapping arrays, or be "safe" and run such calls in
            source order).

    Raises BadArgumentError for an option it does not take; PolyoptError where `function` is no
    plain function with source text.
    """
    chosen = Options().with_changes(options)
    if function is None:
        return lambda decorated: Kernel(cast("FunctionType", decorated), chosen)
    return Kernel(cast("FunctionType", function), chosen)
