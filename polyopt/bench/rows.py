"""The result of measuring one tool on one kernel, and how it is written down."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SELF = "polyopt"
BASELINE = "gcc"
CLANG = "clang"
POLLY = "polly"
"""clang's polyhedral optimiser."""
JAX = "jax"
SCRIPT = "script"
"""The kernel under a schedule written by hand."""
OPENCL = "opencl"
"""The kernel on the OpenCL device that polyopt takes by default."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kernel, one tool, one thread count.

    `seconds` is the median of `repetitions` runs, and None when there is none to report: then
    `error` says why. `compile_seconds` is what the first call costs before it runs, and
    `model_seconds` the part of it before the C compiler. `variant` names the choice of flags
    that was fastest. `cpu_share` is processor time over wall time of the baseline: well below 1,
    the machine was not quiet.
    """

    kernel: str
    size: str
    dtype: str
    threads: int
    tool: str
    seconds: float | None = None
    compile_seconds: float | None = None
    correct: bool = False
    variant: str = ""
    repetitions: int = 0
    model_seconds: float | None = None
    cpu_share: float | None = None
    error: str = ""

    @property
    def valid(self) -> bool:
        """Whether the time may be compared with others."""
        return self.correct and self.seconds is not None

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Request:
    """What a worker is to measure; `apart`: the peers without polyopt, held against plain C."""

    kernel: str
    size: str
    dtype: str
    threads: int
    peers: tuple[str, ...]
    repeat: int
    fp: str
    apart: bool = False

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that rows are wanted of."""
        return self.peers if self.apart else (SELF, *self.peers)

    def row(self, tool: str, **values: Any) -> Row:  # noqa: ANN401  a row's fields, checked by Row
        """A row of this request."""
        fields: dict[str, Any] = {
            "kernel": self.kernel,
            "size": self.size,
            "dtype": self.dtype,
            "threads": self.threads,
            "tool": tool,
        }
        return Row(**(fields | values))


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write `rows` to `path` as a JSON list, one object a row."""
    lines = ",\n".join(json.dumps(row.as_dict()) for row in rows)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """The rows that `write_rows` wrote."""
    return [Row(**values) for values in json.loads(path.read_text(encoding="utf-8"))]
