"""The table of a benchmark: one row per kernel, losses first in the summary, geometric means."""

from __future__ import annotations

import math
import statistics
import textwrap
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from polyopt.bench.best import LOSS, NOT_PEERS, all_best, behind, best, libraries, loop_compilers
from polyopt.bench.rows import SELF
from polyopt.displayed import Displayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from polyopt.bench.rows import Row

DASH = "-"
QUIET_SHARE = 0.95
MANY = 3
"""Up to this many peers are shown with their times."""
CROWD = 6
"""Above this many peers the table shows the best of them alone."""


def duration(seconds: float | None) -> str:
    """`1.38 s`, `26.6 ms`, `310 µs`: three digits and a unit."""
    if seconds is None:
        return DASH
    scale, unit = next(
        ((s, u) for s, u in ((1.0, "s"), (1e-3, "ms")) if seconds >= s), (1e-6, "µs")
    )
    value = seconds / scale
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{min(digits, 2)}f} {unit}"


def plural(threads: int) -> str:
    """`1 thread`, `2 threads`."""
    return f"{threads} thread{'s' * (threads != 1)}"


def ratio(other: Row | None, own: Row | None) -> float | None:
    """How many times faster `own` is than `other`; None when one of them has no valid time."""
    if other is None or own is None or not (other.valid and own.valid):
        return None
    assert other.seconds is not None
    assert own.seconds is not None
    return other.seconds / own.seconds if own.seconds else None


def geometric_mean(values: Iterable[float]) -> float | None:
    """The geometric mean, None of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(math.fsum(logs) / len(logs)) if logs else None


def ratio_text(value: float | None) -> Text:
    """`2.31×`, red below 0.95, green above 1.05."""
    if value is None:
        return Text(DASH)
    style = "red" if value < LOSS else "green" if value > 1 / LOSS else ""
    return Text(f"{value:.2f}×" if value < 100 else f"{value:.0f}×", style=style)


class Results(Displayed):
    """Rows by kernel, tool and thread count."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self.size = rows[0].size
        self.dtype = statistics.mode(row.dtype for row in rows)
        self._found = {(row.kernel, row.threads, row.tool): row for row in rows}
        self.kernels = tuple(dict.fromkeys(row.kernel for row in rows))
        self.threads = tuple(dict.fromkeys(row.threads for row in rows))
        tools = dict.fromkeys(row.tool for row in rows)
        self.peers = tuple(tool for tool in tools if tool != SELF)
        self.others = tuple(tool for tool in self.peers if tool not in NOT_PEERS)

    def row(self, kernel: str, threads: int, tool: str) -> Row | None:
        """The row of one tool, if it was measured."""
        return self._found.get((kernel, threads, tool))

    def ratio(self, kernel: str, threads: int, peer: str) -> float | None:
        """How many times faster polyopt is than `peer`."""
        return ratio(self.row(kernel, threads, peer), self.row(kernel, threads, SELF))

    @property
    def all_valid(self) -> bool:
        """Whether polyopt has a right result everywhere."""
        return all(row.valid for row in self.rows if row.tool == SELF)

    def worst(self) -> str:
        """The kernel that fails, or else compares worst with the first peer."""
        failed = [row.kernel for row in self.rows if row.tool == SELF and not row.valid]
        found = [
            (value, kernel)
            for kernel in self.kernels
            for threads in self.threads
            if (value := self.ratio(kernel, threads, next(iter(self.peers), SELF))) is not None
        ]
        return failed[0] if failed else min(found)[1] if found else self.kernels[0]

    def mean(self, threads: int, peer: str) -> tuple[float | None, int]:
        """The geometric mean over the kernels that both ran right, and their number."""
        found = [self.ratio(kernel, threads, peer) for kernel in self.kernels]
        values = [value for value in found if value is not None]
        return geometric_mean(values), len(values)


def time_cell(row: Row | None) -> Text:
    """A time; `wrong` or `failed` in its place when the result did not compare or there is none."""
    if row is None:
        return Text(DASH)
    if row.seconds is not None and row.correct:
        return Text(duration(row.seconds))
    label = "wrong" if row.seconds is not None else "failed" if row.tool == SELF else DASH
    return Text(label, style="bold red" if row.tool == SELF else "red")


def table(results: Results, threads: int) -> Table:
    """One row per kernel: times of all tools, and how many times faster polyopt is than each.

    More peers than fit the width are shown by their ratios alone, a crowd by the best of them.
    """
    if len(results.peers) > CROWD:
        return best_table(results, threads)
    full = len(results.peers) <= MANY
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column("kernel", no_wrap=True)
    for tool in (SELF, *results.peers):
        drawn.add_column(
            tool if full or tool == SELF else f"× {tool}", justify="right", no_wrap=True
        )
        if tool != SELF and full:
            drawn.add_column("×", justify="right", no_wrap=True, header_style="dim")
    drawn.add_column("compile", justify="right", no_wrap=True)
    for kernel in results.kernels:
        own = results.row(kernel, threads, SELF)
        cells: list[str | Text] = [_name(results, kernel, own), time_cell(own)]
        for peer in results.peers:
            if full:
                cells.append(time_cell(results.row(kernel, threads, peer)))
            cells.append(ratio_text(results.ratio(kernel, threads, peer)))
        drawn.add_row(*cells, duration(own.compile_seconds if own else None))
    return drawn


def _name(results: Results, kernel: str, own: Row | None) -> str:
    """The kernel, with its element type where that is not the others'."""
    return kernel if own is None or own.dtype == results.dtype else f"{kernel} ({own.dtype})"


def best_table(results: Results, threads: int) -> Table:
    """One row per kernel: the fastest peer, the fastest loop compiler and the fastest library
    call, and how many times faster polyopt is than each."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column("kernel", no_wrap=True)
    drawn.add_column(SELF, justify="right", no_wrap=True)
    groups = {
        "best peer": results.others,
        "best compiler": loop_compilers(results),
        "best call": libraries(results),
    }
    for title in groups:
        drawn.add_column(title, no_wrap=True)
        drawn.add_column("×", justify="right", no_wrap=True, header_style="dim")
    drawn.add_column("compile", justify="right", no_wrap=True)
    for kernel in results.kernels:
        own = results.row(kernel, threads, SELF)
        cells: list[str | Text] = [_name(results, kernel, own), time_cell(own)]
        for peers in groups.values():
            value, peer = best(results, kernel, threads, peers) or (None, DASH)
            cells += [peer, ratio_text(value)]
        drawn.add_row(*cells, duration(own.compile_seconds if own else None))
    return drawn


def reason(row: Row | None) -> str:
    """Why there is no valid time, on one line."""
    if row is None:
        return "not measured"
    return textwrap.shorten(row.error.partition("\n")[0] or "wrong result", 120)


def losses(results: Results, threads: int) -> list[str]:
    """What went wrong, and what was slower than a peer; the worst first."""
    failed = [
        f"{kernel} ({reason(own)})"
        for kernel in results.kernels
        if (own := results.row(kernel, threads, SELF)) is None or not own.valid
    ]
    lines = [f"no valid result: {'; '.join(failed)}"] if failed else []
    if len(results.others) > 1:
        lines += behind(results, threads)
    for peer in results.peers if len(results.peers) <= CROWD else ():
        slower = sorted(
            (value, kernel)
            for kernel in results.kernels
            if (value := results.ratio(kernel, threads, peer)) is not None and value < LOSS
        )
        if slower:
            named = ", ".join(f"{kernel} {value:.2f}×" for value, kernel in slower)
            lines.append(f"slower than {peer}: {named}")
    return lines


def means(results: Results, threads: int) -> str:
    """The geometric means, with the number of kernels behind those that lack some."""
    found = []
    for peer in results.peers:
        mean, count = results.mean(threads, peer)
        if mean is not None:
            total = len(results.kernels)
            found.append(f"{peer} {mean:.2f}×" + (f" ({count} of {total})" * (count < total)))
    if len(results.others) > 1:
        values = [value for value, _ in all_best(results, threads, results.others).values()]
        mean = geometric_mean(values)
        found += [f"the best peer of each kernel {mean:.2f}×"] if mean is not None else []
    return f"times faster, geometric mean: {', '.join(found)}" if found else ""


def compilation(results: Results) -> str:
    """What compiling took: before the C compiler, and with it; median and slowest."""
    own = {row.kernel: row for row in results.rows if row.tool == SELF and row.valid}
    model = {kernel: row.model_seconds for kernel, row in own.items() if row.model_seconds}
    whole = [row.compile_seconds for row in own.values() if row.compile_seconds]
    if not model or not whole:
        return ""
    slowest = max(model, key=lambda kernel: model[kernel])
    return (
        f"from Python to C: median {duration(statistics.median(model.values()))}, slowest "
        f"{slowest} {duration(model[slowest])}; with the C compiler: median "
        f"{duration(statistics.median(whole))}"
    )


def summary(results: Results) -> list[str]:
    """Per thread count: the losses, then the geometric means; then what limits the figures."""
    lines = [
        f"{plural(threads)}: {line}"
        for threads in results.threads
        for line in (*losses(results, threads), means(results, threads))
        if line
    ]
    lines += filter(None, [compilation(results)])
    busy = [row.cpu_share for row in results.rows if row.cpu_share and row.cpu_share < QUIET_SHARE]
    if busy:
        lines.append(
            f"the machine was not quiet: in {len(busy)} rows the baseline got "
            f"{min(busy):.0%} of a processor or a little more"
        )
    return lines


def print_report(console: Console, results: Results) -> None:
    """The tables, then the summary."""
    for threads in results.threads:
        heading = f"{results.size}, {results.dtype}, {plural(threads)}"
        console.print(f"{heading} (×: how many times faster {SELF} is)")
        console.print(table(results, threads))
        console.print()
    for line in summary(results):
        console.print(Text(line))
