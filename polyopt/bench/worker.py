"""Measures one kernel with one thread count; run by `driver` in a process of its own.

    python -m polyopt.bench.worker REQUEST.json ROWS.json

While it works, the stage it is in stands in ROWS.json.stage, so that after a crash or a hang it
is known which tool to blame.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyopt.bench import catalogue
from polyopt.bench.jax_form import keep_to_processors
from polyopt.bench.peers import MAKERS, polyopt_candidates
from polyopt.bench.recorded import RECORDED, recorded_row
from polyopt.bench.rows import BASELINE, JAX, SELF, Request, Row, write_rows
from polyopt.bench.setting import PeerError, Setting
from polyopt.bench.timing import Candidate, Workspace, fastest, first_run, time_in_turn
from polyopt.errors import PolyoptError

if TYPE_CHECKING:
    from collections.abc import Callable


class Measurement:
    """The state of one measurement: the candidates that compare, and why others do not."""

    def __init__(self, request: Request, note: Callable[[str], None]) -> None:
        self.request = request
        self.note = note
        benchmark = catalogue.find(request.kernel)
        sizes = catalogue.sizes_of(benchmark, request.size)
        self.setting = Setting(benchmark, sizes, request.threads, request.fp, request.dtype)
        self.workspace = Workspace(catalogue.arguments(benchmark, sizes, request.dtype))
        self.expected: tuple[Any, ...] | None = None
        self.candidates: list[Candidate] = []
        self.errors: dict[str, str] = {}

    def rows(self) -> list[Row]:
        """Make, compare and time all tools; all must agree with the baseline's result."""
        for tool in dict.fromkeys((BASELINE, *self.request.peers)):
            if tool not in RECORDED:
                self.admit(tool)
        if not self.request.apart:
            self.admit(SELF)
        self.workspace.keep_written()
        self.note("timing")
        asked = [each for each in self.candidates if each.tool in self.timed]
        time_in_turn(asked, self.workspace, self.request.repeat)
        return [self.row(tool) for tool in self.request.tools]

    @property
    def timed(self) -> tuple[str, ...]:
        """The tools asked for, and gcc where recorded ratios to it are asked for."""
        tools = self.request.tools
        return tools if set(tools).isdisjoint(RECORDED) else (BASELINE, *tools)

    def admit(self, tool: str) -> None:
        """Compile a tool's variants, run each once, and keep those whose results compare."""
        self.note(tool)
        try:
            found = (polyopt_candidates if tool == SELF else MAKERS[tool])(
                self.setting, self.workspace
            )
            for candidate in found if tool in self.timed else found[:1]:
                first_run(candidate, self.workspace)
                self.compare(candidate)
        except (PeerError, PolyoptError) as error:
            self.errors[tool] = str(error)

    def compare(self, candidate: Candidate) -> None:
        """Hold the values a candidate just made against the first result."""
        self.workspace.note_written()
        if self.expected is None:
            self.expected = tuple(
                value.copy() if isinstance(value, np.ndarray) else value
                for value in self.workspace.arguments
            )
        text = catalogue.difference(
            self.setting.benchmark, self.expected, self.workspace.arguments, self.setting.sizes
        )
        if text:
            self.errors[candidate.tool] = f"wrong result: {text}"
        else:
            self.candidates.append(candidate)

    def row(self, tool: str) -> Row:
        """What there is to report of one tool."""
        request = self.request
        if tool in RECORDED:
            plain = [each for each in self.candidates if each.reference and each.tool == BASELINE]
            timed = fastest(plain, BASELINE)
            return recorded_row(request, tool, timed.seconds if timed else None)
        best = fastest(self.candidates, tool)
        if best is None:
            return request.row(tool, error=self.errors.get(tool, "not timed"))
        return request.row(
            tool,
            seconds=best.seconds,
            compile_seconds=best.compile_seconds,
            model_seconds=best.model_seconds,
            correct=True,
            variant=best.variant,
            repetitions=len(best.samples),
            cpu_share=round(best.cpu_share, 3) if tool == BASELINE else None,
            error=self.errors.get(tool, ""),
        )


def ask_for_processors() -> None:
    """Ask Linux to prefer this process over other groups' work; unprivileged, it may refuse."""
    try:
        Path("/proc/self/autogroup").write_text("-20", encoding="ascii")
    except OSError:
        return


def main(arguments: list[str]) -> None:
    """Read a request, measure, write the rows."""
    request_path, rows_path = map(Path, arguments)
    request = Request(**json.loads(request_path.read_text(encoding="utf-8")))
    if JAX in request.peers:
        keep_to_processors(request.threads)
    stage_path = rows_path.with_suffix(".stage")
    ask_for_processors()
    measurement = Measurement(request, lambda stage: _write(stage_path, stage))
    write_rows(measurement.rows(), rows_path)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
