"""Tools that are not run here: their times follow from recorded ratios to gcc's.

`recorded.toml` has the times that were measured beside each other once, and how. Multiplied by
gcc's time of today they are what the tool would need on this machine, as far as ratios carry over.
"""

from __future__ import annotations

import functools
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from polyopt.bench.rows import BASELINE

if TYPE_CHECKING:
    from polyopt.bench.rows import Request, Row

RECORDED = ("pluto", "ppcg")


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("recorded.toml").read_text(encoding="utf-8"))


def recorded_row(request: Request, tool: str, baseline: float | None) -> Row:
    """The row of a recorded tool, given the seconds of gcc without licence to rearrange sums."""
    recorded = _table()
    seconds = recorded["seconds"].get(request.kernel, {})
    if (request.size, request.dtype) != (recorded["size"], recorded["dtype"]):
        error = f"recorded for {recorded['size']} and {recorded['dtype']} alone"
    elif tool not in seconds:
        error = f"no recorded time of {tool} for this kernel"
    elif baseline is None:
        error = f"no time of {BASELINE} that the recorded ratio could refer to"
    else:
        ratio = seconds[tool] / seconds[BASELINE]
        return request.row(tool, seconds=baseline * ratio, correct=True, variant="recorded ratio")
    return request.row(tool, error=error)
