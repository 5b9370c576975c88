"""Two schedules or two kernels side by side: scripts, orders and code, and their times."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from polyopt.bench.report import duration
from polyopt.bench.timing import (
    Candidate,
    Workspace,
    calls_per_sample,
    first_run,
    repetitions,
    time_once,
)
from polyopt.displayed import Displayed
from polyopt.emit.lower import lower
from polyopt.errors import BadArgumentError
from polyopt.explore import html
from polyopt.kernel import Kernel, Specialization
from polyopt.options import Options
from polyopt.pipeline import emit
from polyopt.runtime.checks import call_checks
from polyopt.transform.schedule import Schedule

_REPEATS = 7
_CONTEXT = 3
_MOST_LINES = 260
_WIDE = 110


@dataclass(frozen=True, slots=True)
class Part:
    """One text of both, such as the script."""

    name: str
    first: str
    second: str

    @property
    def is_same(self) -> bool:
        """Whether there is no difference."""
        return self.first == self.second


@dataclass(frozen=True, slots=True)
class Times:
    """Median seconds of a call of each, measured in turn, and whether results agree."""

    first: float
    second: float
    agree: bool

    def __str__(self) -> str:
        ratio = self.first / self.second
        how = f"{ratio:.2f} times as fast" if ratio >= 1 else f"{1 / ratio:.2f} times as slow"
        text = f"first {duration(self.first)}, second {duration(self.second)}: {how}"
        return text if self.agree else f"{text}; THE RESULTS DIFFER"


@dataclass(frozen=True)
class Comparison(Displayed):
    """What differs between two; `str` is the plain difference, notebooks show it side by side."""

    names: tuple[str, str]
    parts: tuple[Part, ...]
    times: Times | None = None

    def __str__(self) -> str:
        lines = [f"- {self.names[0]}", f"+ {self.names[1]}"]
        for part in self.parts:
            if part.is_same:
                lines.append(f"{part.name}: the same")
                continue
            lines.append(part.name)
            found = difflib.unified_diff(
                part.first.splitlines(), part.second.splitlines(), n=_CONTEXT, lineterm=""
            )
            lines += [f"  {line}".rstrip() for line in list(found)[2:] if line[:2] != "@@"]
        return "\n".join([*lines, *([str(self.times)] if self.times else [])])

    @property
    def html(self) -> str:
        """The parts side by side, what only one has in a colour and with a sign."""
        head = html.heading(f"{self.names[0]}  |  {self.names[1]}", str(self.times or ""))
        room = _MOST_LINES
        tables = []
        for part in self.parts:
            rows = [] if part.is_same else list(_rows(part))
            note = "the same" if part.is_same else ""
            tables.append(html.heading(part.name, note) + _table(rows[:room]))
            if len(rows) > room:
                tables.append(html.grey(f"{len(rows) - room} more lines: print() shows them all"))
            room = max(0, room - len(rows))
        return html.page(head, *tables)


def compare(
    first: Kernel | Specialization | Schedule,
    second: Kernel | Specialization | Schedule,
    *arguments: object,
) -> Comparison:
    """Two schedules, or the code of two kernels, as a coloured difference.

    `po.compare(spec.original, spec.schedule)`    →    scripts, orders and C side by side

    With the arguments of a call, both are run on copies of them and timed in turn; schedules are
    then given to their kernel: `po.compare(spec.with_schedule(a), spec.with_schedule(b), *args)`.
    Raises BadArgumentError for what is neither, and as specialising and calling do.
    """
    if arguments and (isinstance(first, Schedule) or isinstance(second, Schedule)):
        raise BadArgumentError(
            "a schedule by itself is not called: to time two of them compare "
            "spec.with_schedule(a) with spec.with_schedule(b)"
        )
    sides = (_Side.of(first, arguments), _Side.of(second, arguments))
    one, other = (side.texts for side in sides)
    parts = tuple(Part(name, one[name], other[name]) for name in one)
    times = _timed(sides, arguments) if arguments else None
    return Comparison((sides[0].name, sides[1].name), parts, times)


@dataclass(frozen=True)
class _Side:
    """One of the two: its schedule, its code, and what is called."""

    schedule: Schedule
    code: str
    spec: Specialization | None

    @staticmethod
    def of(value: object, arguments: Sequence[object]) -> _Side:
        if isinstance(value, Schedule):
            options = Options(fp=value.fp)
            made = emit(value, lower(value), call_checks(value.scop), options)
            return _Side(value, made.source, None)
        if isinstance(value, Kernel):
            value = value.specialize(*arguments)
        if isinstance(value, Specialization):
            return _Side(value.schedule, str(value.source), value)
        raise BadArgumentError(
            f"compare takes two schedules, specialisations or kernels, and this is {value!r}"
        )

    @property
    def name(self) -> str:
        steps = len(self.schedule.steps)
        how = f"{steps} step{'s' * (steps != 1)}" if steps else "source order"
        return f"{self.schedule.scop.name}, {how}"

    @property
    def texts(self) -> dict[str, str]:
        return {
            "script": self.schedule.script,
            "order": str(self.schedule.tree),
            "code": self.code,
        }


def _timed(sides: tuple[_Side, _Side], arguments: Sequence[object]) -> Times:
    """Median times, in turn on one set of copies, and whether the results are close."""
    workspace = Workspace(copy.deepcopy(tuple(arguments)))
    specs = [side.spec for side in sides if side.spec is not None]
    tools = [Candidate("", "", partial(s.prepare(), *workspace.arguments)) for s in specs]
    results = []
    for tool in tools:
        first_run(tool, workspace)
        results.append(copy.deepcopy(workspace.arguments))
    for _ in range(_REPEATS):
        for tool in tools:
            if len(tool.samples) <= repetitions(tool.first, _REPEATS):
                tool.samples.append(time_once(tool, workspace, calls_per_sample(tool.first)))
    pairs = zip(*results, strict=True)
    agree = all(np.allclose(a, b, equal_nan=True) for a, b in pairs if isinstance(a, np.ndarray))
    return Times(tools[0].seconds, tools[1].seconds, agree)


# ---- side by side ----------------------------------------------------------------------------

Row = tuple[str | None, str | None]
"""A line of each; None where one has no line there."""


def _rows(part: Part) -> Iterator[tuple[str, Row]]:
    """Lines side by side, with three lines around each difference."""
    first, second = part.first.splitlines(), part.second.splitlines()
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(_CONTEXT)):
        if number:
            yield "gap", ("…", "…")
        for kind, a, b, c, d in group:
            left, right = first[a:b], second[c:d]
            for k in range(max(len(left), len(right))):
                one = left[k] if k < len(left) else None
                other = right[k] if k < len(right) else None
                yield ("same" if kind == "equal" else "change"), (one, other)


_COLOURS = ("#FBE3D6", "#DCEBF7")
"""Behind lines that only the first has, and only the second: orange and blue."""


def _table(rows: Sequence[tuple[str, Row]]) -> str:
    if not rows:
        return ""
    cells = "font-family:monospace;font-size:12px;white-space:pre;text-align:left;padding:0 8px"
    body = []
    for kind, pair in rows:
        columns = []
        for text, sign, colour in zip(pair, "-+", _COLOURS, strict=True):
            changed = kind == "change" and text is not None
            look = f"{cells};background:{colour};color:#222222" if changed else cells
            words = "" if text is None else f"{sign if changed else ' '} {text[:_WIDE]}"
            columns.append(f'<td style="{look}">{html.plain(words)}</td>')
        body.append(f"<tr>{''.join(columns)}</tr>")
    return f'<table style="border-collapse:collapse;margin:0">{"".join(body)}</table>'
