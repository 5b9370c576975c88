"""Scripts as data: the steps of a schedule, printed, stored, read back, and replayed.

A script is text that is also Python, with a few comment lines that say what it was made for:

    # polyopt script of gemm(C: f64[*, *], A: f64[*, *], B: f64[*, *])
    # fp reassociate, model 9f86d081884c7d65
    s = spec.original
    s = s.tile({"i": 32, "j": 32})
    s = s.parallel("i_tile")

Reading it runs nothing: only calls of public steps with literal arguments are taken.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from polyopt.errors import (
    BadArgumentError,
    IllegalScheduleError,
    NoSuchLoopError,
    PolyoptError,
)
from polyopt.model.scop import Scop

if TYPE_CHECKING:
    from polyopt.transform.schedule import Schedule

_HEAD = "# polyopt script of "
_MODEL = "# fp "
REFUSALS = (IllegalScheduleError, BadArgumentError, NoSuchLoopError)
"""What a step may raise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a public step, as data. Mappings are held as tuples of pairs."""

    name: str
    arguments: tuple[object, ...] = ()
    keywords: tuple[tuple[str, object], ...] = ()

    @property
    def short(self) -> str:
        """The call in one line, as messages name it."""
        text = str(self)
        return f"{self.name}(…)" if "\n" in text else text

    def on(self, schedule: Schedule) -> Schedule:
        """The schedule after this step.

        Raises what the step raises, and BadArgumentError where there is no such step, or it takes
        other arguments.
        """
        call = _call(schedule, self.name)
        arguments = tuple(map(_thawed, self.arguments))
        keywords = {k: _thawed(v) for k, v in self.keywords}
        try:
            inspect.signature(call).bind(*arguments, **keywords)
        except TypeError as error:
            raise BadArgumentError(f"{self.short}: {error}.") from None
        return call(*arguments, **keywords)

    def __str__(self) -> str:
        parts = [_literal(a) for a in self.arguments]
        parts += [f"{k}={_literal(v)}" for k, v in self.keywords]
        return f"{self.name}({', '.join(parts)})"


def steps_of(kind: type) -> tuple[str, ...]:
    """The names of the steps that scripts may hold: public methods that give a Schedule, but
    `apply`, which takes a function."""
    methods = {n: m for n, m in vars(kind).items() if inspect.isfunction(m) and n[0] != "_"}
    gives = {n: m.__annotations__.get("return") for n, m in methods.items()}
    return tuple(sorted(n for n, made in gives.items() if made == "Schedule" and n != "apply"))


def _call(schedule: Schedule, name: str) -> Callable[..., Schedule]:
    known = steps_of(type(schedule))
    if name not in known:
        raise BadArgumentError(f"there is no step {name}. Steps are {', '.join(known)}.")
    return cast("Callable[..., Schedule]", getattr(schedule, name))


def _is_mapping(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) for v in value
    )


def _thawed(value: object) -> object:
    return dict(cast("tuple[tuple[str, object]]", value)) if _is_mapping(value) else value


def _frozen(value: object) -> object:
    match value:
        case dict():
            return tuple((k, _frozen(v)) for k, v in value.items())
        case list() | tuple():
            return tuple(map(_frozen, value))
        case str() | int() | float() | None:
            return value
        case _:
            raise ValueError("no value that a step takes")


def _literal(value: object) -> str:
    match value:
        case str() if "\n" in value:
            return f'"""\n{value}\n"""'
        case str():
            return f'"{value}"'
        case tuple() if _is_mapping(value):
            return f"{{{', '.join(f'{_literal(k)}: {_literal(v)}' for k, v in value)}}}"
        case tuple():
            return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
        case _:
            return repr(value)


def program(steps: tuple[Step, ...]) -> str:
    """Python that takes the steps from `spec.original`."""
    return "\n".join(["s = spec.original", *(f"s = s.{step}" for step in steps)])


def signature(scop: Scop) -> str:
    """The kernel as a script names it: its name and the types of its arguments."""
    return f"{scop.name}({', '.join(f'{a.name}: {a.type}' for a in scop.arguments)})"


def fingerprint(scop: Scop) -> str:
    """A hash of what a kernel computes and in which order; names of files, comments and layout
    of its text do not count."""
    parts = [signature(scop), str(scop.tree)]
    parts += [repr((a.name, a.kind, a.dtype, a.shape)) for a in scop.arrays]
    parts += [repr(a.condition) for a in scop.assumptions]
    parts += [
        repr((s.name, s.domain_text, s.array, s.subscripts, s.value, s.guard))
        for s in scop.statements
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


# ---- stored scripts --------------------------------------------------------------------------


@dataclass(frozen=True)
class Script:
    """The steps of a schedule, and what they were made for.

    Called with a schedule it takes all its steps, so it does for the `schedule` of a kernel;
    `replay` goes on behind those that fail, and reports. `kernel`, `fp` and `model` (the
    fingerprint) are empty where the text does not say them.
    """

    steps: tuple[Step, ...]
    kernel: str = ""
    fp: str = ""
    model: str = ""

    @staticmethod
    def of(schedule: Schedule) -> Script:
        """The script of a schedule."""
        origin = schedule.origin
        return Script(schedule.steps, signature(origin), schedule.fp, fingerprint(origin))

    @staticmethod
    def parse(text: str) -> Script:
        """Read a script, or any Python of the form that `schedule.script` prints.

        Raises BadArgumentError, with the line, for anything but steps with literal arguments.
        """
        steps = tuple(_steps(_module(text)))
        lines = text.splitlines()
        kernel = next((x.removeprefix(_HEAD) for x in lines if x.startswith(_HEAD)), "")
        made = next((x.removeprefix(_MODEL) for x in lines if x.startswith(_MODEL)), "")
        fp, _, model = made.partition(", model ")
        return Script(steps, kernel, fp, model)

    @staticmethod
    def load(path: str | Path) -> Script:
        """Read a script from a file that `Schedule.save` or a person wrote.

        Raises OSError where there is no such file, BadArgumentError for what is no script.
        """
        try:
            return Script.parse(Path(path).read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError:
            raise BadArgumentError(f"{path} is no script: it is not text in UTF-8.") from None

    def save(self, path: str | Path) -> None:
        """Write the script to a file."""
        Path(path).write_text(f"{self}\n", encoding="utf-8")

    def __call__(self, schedule: Schedule) -> Schedule:
        """The schedule after all the steps.

        Raises what the first step that fails raises.
        """
        for step in self.steps:
            schedule = step.on(schedule)
        return schedule

    def replay(self, schedule: Schedule) -> Replay:
        """Take every step that still applies, from a schedule on, and report on each."""
        outcomes: list[Outcome] = []
        start = schedule
        for step in self.steps:
            try:
                schedule = step.on(schedule)
                outcomes.append(Outcome(step, None))
            except REFUSALS as error:
                outcomes.append(Outcome(step, error))
        return Replay(self, start, schedule, tuple(outcomes))

    def __str__(self) -> str:
        head = [f"{_HEAD}{self.kernel}"] if self.kernel else []
        head += [f"{_MODEL}{self.fp}, model {self.model}"] if self.fp else []
        return "\n".join([*head, program(self.steps)])


def _module(text: str) -> ast.Module:
    if not isinstance(text, str):
        raise BadArgumentError(f"a script is text, and this is {text!r}.")
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        number = error.lineno if isinstance(error, SyntaxError) else None
        line = f", line {number}" if number else ""
        raise BadArgumentError(f"this is no script{line}: it is not Python.") from None


def _steps(module: ast.Module) -> Iterator[Step]:
    for number, statement in enumerate(module.body):
        match statement:
            case ast.Assign(targets=[ast.Name("s")], value=value):
                yield from _chain(value, first=number == 0)
            case _:
                raise _no_step(statement)


def _chain(value: ast.expr, *, first: bool) -> Iterator[Step]:
    """The calls of `s.tile(…).parallel(…)`, the innermost first."""
    match value:
        case ast.Name("s") if not first:
            return
        case ast.Attribute(ast.Name("spec"), "original"):
            return
        case ast.Call(ast.Attribute(before, name), arguments, keywords):
            yield from _chain(before, first=first)
            yield _step(value, name, arguments, keywords)
        case _:
            raise _no_step(value)


def _step(
    node: ast.Call, name: str, arguments: list[ast.expr], keywords: list[ast.keyword]
) -> Step:
    try:
        values = tuple(_frozen(_value(a)) for a in arguments)
        named = tuple((_name(k), _frozen(_value(k.value))) for k in keywords)
    except (ValueError, TypeError, RecursionError):
        raise BadArgumentError(
            f"a script's arguments are literals, and line {node.lineno} has others: "
            f"{ast.unparse(node)}"
        ) from None
    return Step(name, values, named)


def _name(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise ValueError("a mapping of keywords")
    return keyword.arg


def _value(node: ast.expr) -> object:
    """A literal; a text of several lines without the line ends that printing it added."""
    value: object = ast.literal_eval(node)
    if isinstance(value, str) and value.startswith("\n") and value.endswith("\n"):
        return value[1:-1]
    return value


def _no_step(node: ast.stmt | ast.expr) -> BadArgumentError:
    return BadArgumentError(
        f"a script is made of lines such as s = s.tile({{...}}), from s = spec.original on, and "
        f"line {node.lineno} is {ast.unparse(node).splitlines()[0]}"
    )


# ---- replay ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of one step: `error` is None where it still applies."""

    step: Step
    error: PolyoptError | None


@dataclass(frozen=True)
class Replay:
    """A script taken on a kernel, perhaps another one than it was made for.

    `schedule` has the steps that apply; `outcomes` has all of them, in order.
    """

    script: Script
    start: Schedule
    schedule: Schedule
    outcomes: tuple[Outcome, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every step still applies."""
        return all(o.error is None for o in self.outcomes)

    @property
    def is_same_kernel(self) -> bool:
        """Whether the kernel computes what it did when the script was made."""
        return self.script.model in ("", fingerprint(self.start.origin))

    def __str__(self) -> str:
        kept = sum(o.error is None for o in self.outcomes)
        origin = self.start.origin
        head = [f"{kept} of {len(self.outcomes)} steps apply to {signature(origin)}"]
        if not self.is_same_kernel:
            head.append(
                f"the kernel has changed since the script was made for {self.script.kernel}"
            )
        return "\n".join([*head, *(line for o in self.outcomes for line in _report(o))])


def _report(outcome: Outcome) -> Iterator[str]:
    yield f"  {'fails  ' if outcome.error else 'applies'}  {outcome.step.short}"
    if outcome.error is not None:
        for line in str(outcome.error).splitlines():
            yield f"           {line}".rstrip()


def difference(one: Schedule, other: Schedule) -> str:
    """What differs between two schedules, lines of the first marked `-`, of the second `+`.

    Empty where both take the same steps on the same kernel. Raises BadArgumentError for what is
    no schedule.
    """
    if not isinstance(other, type(one)):
        raise BadArgumentError(f"diff compares with a Schedule, and this is {other!r}.")
    parts: list[str] = []
    texts = (
        ("kernel", *(signature(s.origin) for s in (one, other))),
        ("model", *(fingerprint(s.origin) for s in (one, other))),
        ("fp", one.fp, other.fp),
        ("script", *(program(s.steps) for s in (one, other))),
        ("order", str(one.tree), str(other.tree)),
    )
    for what, first, second in texts:
        if first != second:
            lines = difflib.ndiff(first.splitlines(), second.splitlines())
            parts += [what, *(f"  {line}".rstrip() for line in lines if not line.startswith("?"))]
    return "\n".join(parts)
