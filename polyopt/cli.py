"""The command line: `polyopt list | show | run | bench | build | demo | machine | cache | …`."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from polyopt.bench import catalogue, single
from polyopt.bench.driver import measure
from polyopt.bench.peers import OTHERS, PEERS, absence
from polyopt.bench.report import Results, print_report
from polyopt.bench.rows import SCRIPT, Request, Row, write_rows
from polyopt.errors import BadArgumentError, PolyoptError
from polyopt.explain import Explanation, explanation
from polyopt.explain.device import launch_facts
from polyopt.explain.launch_table import launch_table
from polyopt.machine import available_cores, detect
from polyopt.runtime.cache import cache_clear, cache_info
from polyopt.runtime.opencl_device import devices
from polyopt.taken import build
from polyopt.targets import OpenCL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STAGES = (
    "source", "scop", "dependences", "schedule", "script", "loops", "c", "explain",
)  # fmt: skip
FP_MODES = ("strict", "reassociate", "fast")
DEMO = ("gemm", "jacobi-2d", "covariance", "atax")
WIDTH = 100
WORKER_LIMIT = 600.0
"""Seconds that one kernel may take under all tools."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, 1 for a refusal, 2 for a bad command."""
    options = parser().parse_args(arguments)
    console = _console()
    command: Callable[[Console, argparse.Namespace], int] = options.command
    try:
        return command(console, options)
    except PolyoptError as error:
        print(_message(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone, as `head` does. Python would complain once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _console() -> Console:
    """The terminal, or plain text of a fixed width when piped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def _message(error: PolyoptError) -> str:
    """What the error says; one in the user's source is drawn with its caret, as Python does."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).rstrip()
    return str(error)


def parser() -> argparse.ArgumentParser:
    """All commands and their options; the parsed `command` is the function to call."""
    made = argparse.ArgumentParser(
        prog="polyopt", description="Plain Python loops, reordered by proof, compiled to C."
    )
    commands = made.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, command: Callable[[Console, argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        words = (command.__doc__ or "").partition("\n")[0]
        one = commands.add_parser(name, help=words, description=words)
        one.set_defaults(command=command)
        return one

    add("list", list_kernels)
    show = add("show", show_stage)
    show.add_argument("name", metavar="NAME", help="a kernel of `polyopt list`")
    show.add_argument("--stage", choices=STAGES, default="c")
    run = add("run", run_kernel)
    run.add_argument("name", metavar="NAME", help="a kernel of `polyopt list`")
    run.add_argument("--check", action="store_true", help="compare with Python and with C")
    bench = add("bench", bench_kernels)
    bench.add_argument(
        "names", metavar="NAME", nargs="*", help="kernels; all of the suite when none is named"
    )
    bench.add_argument(
        "--suite", default="polybench", help="polybench, other, sparse or all (default polybench)"
    )
    bench.add_argument("--threads", default="1,2", help="thread counts, as in 1,2")
    bench.add_argument("--peers", default="gcc,numpy,numba", help="tools to compare with, or all")
    bench.add_argument(
        "--schedule",
        action="store_true",
        help="time the schedules written by hand too; without names, of all kernels that have one",
    )
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE")
    bench.add_argument("--repeat", type=int, default=5, metavar="N", help="samples per tool")
    bench.add_argument(
        "--limit", type=float, default=WORKER_LIMIT, metavar="S", help="seconds a kernel may take"
    )
    launched = add("launches", show_launches)
    launched.add_argument(
        "names", metavar="NAME", nargs="*", help="kernels; all when none is named"
    )
    for one in (run, bench):
        one.add_argument("--size", default="LARGE", help="MINI to EXTRALARGE (default LARGE)")
        one.add_argument("--dtype", default="", help="f64 or f32 (default: the kernel's own)")
    for one in (show, run, bench, launched):
        one.add_argument("--fp", choices=FP_MODES, default="reassociate")
    for one in (show, run):
        one.add_argument("--threads", type=int, default=available_cores(), metavar="N")
    taken = add("build", build_kernel)
    taken.add_argument("kernel", metavar="FILE.py:NAME", help="a kernel with annotated arguments")
    taken.add_argument("-o", "--output", type=Path, default=Path(), metavar="FOLDER")
    taken.add_argument(
        "--extension", action="store_true", help="a Python extension for a wheel too"
    )
    add("demo", demo)
    add("machine", show_machine)
    add("devices", show_devices)
    cache = add("cache", manage_cache)
    cache.add_argument("action", choices=("info", "clear"))
    return made


def list_kernels(console: Console, options: argparse.Namespace) -> int:  # noqa: ARG001
    """List the kernels that come with polyopt."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("kernel", no_wrap=True)
    table.add_column("what it computes")
    for suite, heading in (
        ("polybench", ""),
        ("other", "other programs"),
        ("sparse", "indexed by data"),
    ):
        if heading:
            table.add_row()
            table.add_row(heading, "", style="bold")
        for name in catalogue.SUITES[suite]:
            table.add_row(name, Text(catalogue.title(catalogue.find(name))))
    console.print(table)
    console.print("\nnext: polyopt run gemm", style="dim")
    return 0


def show_stage(console: Console, options: argparse.Namespace) -> int:
    """Print what one stage of the pipeline makes of a kernel."""
    benchmark = catalogue.find(options.name)
    if options.stage == "source":
        print(inspect.getsource(benchmark.kernel.py_func).rstrip())
        return 0
    kernel = benchmark.kernel.with_options(fp=options.fp, threads=options.threads)
    sizes, dtype = catalogue.sizes_of(benchmark, "MINI"), catalogue.dtype_of(benchmark, "")
    spec = kernel.specialize(*catalogue.arguments(benchmark, sizes, dtype))
    made: dict[str, Callable[[], object]] = {
        "scop": lambda: spec.scop,
        "dependences": lambda: spec.dependences,
        "schedule": lambda: spec.schedule,
        "script": lambda: spec.schedule.script,
        "loops": lambda: spec.loops,
        "c": lambda: spec.source,
        "explain": spec.explain,
    }
    if options.stage == "explain" and console.is_terminal:
        console.print(explanation_table(explanation(spec.schedule, spec.options)))
        return 0
    print(str(made[options.stage]()).rstrip())
    return 0


def explanation_table(made: Explanation) -> Group:
    """An explanation as a terminal shows it: the loops in a table that fits its width."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("loop", "around", "runs"):
        table.add_column(heading, no_wrap=True)
    table.add_column("because")
    for row in made.rows:
        style = "dim" if row.runs == "sequential" else ""
        table.add_row(*map(Text, (row.loop, row.around, row.runs, row.because)), style=style)
    above = Text("\n".join((made.title, *made.statements, "")))
    below = Text("\n".join(("", *made.script, "", *made.notes)))
    return Group(above, table if made.rows else Text("no loops"), below)


def run_kernel(console: Console, options: argparse.Namespace) -> int:
    """Compile a kernel and run it on its benchmark data."""
    outcome = single.run(
        options.name,
        size=options.size,
        dtype=options.dtype,
        threads=options.threads,
        fp=options.fp,
        check=options.check,
    )
    for line in outcome.lines():
        console.print(line, markup=False)
    return 0


def bench_kernels(console: Console, options: argparse.Namespace) -> int:
    """Time kernels beside plain C, NumPy and Numba, after comparing results.

    The exit code is 1 when some kernel has no valid result.
    """
    every = catalogue.suite(options.suite)
    if options.schedule:
        every = catalogue.with_hand_schedules(every)
    benchmarks = [catalogue.find(name) for name in options.names or every]
    for benchmark in benchmarks:
        catalogue.sizes_of(benchmark, options.size)
    dtypes = {b.name: catalogue.dtype_of(b, options.dtype) for b in benchmarks}
    threads, peers = _threads(options.threads), _peers(options.peers)
    if options.repeat < 1:
        raise BadArgumentError("--repeat takes a number of samples from 1")
    peers = _present(console, peers)
    if options.schedule and SCRIPT not in peers:
        peers = (SCRIPT, *peers)
    requests = [
        Request(
            kernel=benchmark.name,
            size=options.size.upper(),
            dtype=dtypes[benchmark.name],
            threads=count,
            peers=peers,
            repeat=options.repeat,
            fp=options.fp,
        )
        for benchmark in benchmarks
        for count in threads
    ]
    results = Results(_measure_all(console, requests, options.limit, options.json))
    print_report(console, results)
    if options.json:
        console.print(f"rows written to {options.json}", style="dim")
    console.print(f"next: polyopt show {results.worst()} --stage explain", style="dim")
    return 0 if results.all_valid else 1


def demo(console: Console, options: argparse.Namespace) -> int:  # noqa: ARG001
    """Compile four kernels, check them, and time them beside plain C and NumPy."""
    rows: list[Row] = []
    count = available_cores()
    with _progress(console) as progress:
        task = progress.add_task("", total=2 * len(DEMO))
        for name in DEMO:
            progress.update(task, description=f"{name}: check against Python")
            single.check_against_python(single.small_setting(name, count))
            progress.advance(task)
            progress.update(task, description=f"{name}: time at LARGE, {count} threads")
            request = Request(name, "LARGE", "f64", count, ("gcc", "numpy"), 5, "reassociate")
            rows += measure(request, WORKER_LIMIT)
            progress.advance(task)
    results = Results(rows)
    print_report(console, results)
    console.print(
        "Each result agrees with the plain Python function on small arrays; those with a time "
        "agree with plain C at this size."
    )
    console.print(f"next: polyopt show {results.worst()} --stage explain", style="dim")
    return 0 if results.all_valid else 1


def show_machine(console: Console, options: argparse.Namespace) -> int:  # noqa: ARG001
    """Say what polyopt knows of this machine: cores, caches, vectors."""
    console.print(str(detect()), markup=False)
    return 0


def show_devices(console: Console, options: argparse.Namespace) -> int:  # noqa: ARG001
    """List the OpenCL devices: what `po.OpenCL(platform=…, device=…)` may name."""
    for device in devices():
        console.print(str(device), markup=False, soft_wrap=True)
    return 0


def show_launches(console: Console, options: argparse.Namespace) -> int:  # noqa: ARG001
    """Tell what the launches of kernels cost on an OpenCL device of many items, running nothing."""
    target = OpenCL(model="gpu")
    told = []
    for name in options.names or catalogue.NAMES:
        benchmark = catalogue.find(name)
        sizes, dtype = catalogue.sizes_of(benchmark, "MINI"), catalogue.dtype_of(benchmark, "")
        kernel = benchmark.kernel.with_options(target=target, fp=options.fp)
        spec = kernel.specialize(*catalogue.arguments(benchmark, sizes, dtype))
        told.append((benchmark.name, launch_facts(spec.schedule.scop, spec.loops, options.fp)))
    print(launch_table(told))
    return 0


def build_kernel(console: Console, options: argparse.Namespace) -> int:
    """Write a kernel as C with a header, for programs without Python."""
    for path in build(options.kernel, options.output, extension=options.extension):
        console.print(str(path), markup=False, soft_wrap=True)
    return 0


def manage_cache(console: Console, options: argparse.Namespace) -> int:
    """Tell what the cache of compiled libraries holds, or empty it."""
    if options.action == "info":
        console.print(str(cache_info()), markup=False, soft_wrap=True)
    else:
        console.print(f"removed {cache_clear()} libraries")
    return 0


def _measure_all(
    console: Console, requests: Sequence[Request], limit: float, json: Path | None
) -> list[Row]:
    """Measure one request after the other; the rows so far are on disk after each."""
    rows: list[Row] = []
    with _progress(console) as progress:
        task = progress.add_task("", total=len(requests))
        for request in requests:
            words = f"{request.kernel} {request.size}, threads: {request.threads}"
            progress.update(task, description=words)
            rows += measure(request, limit)
            progress.advance(task)
            if json:
                write_rows(rows, json)
    return rows


def _progress(console: Console) -> Progress:
    """A bar that disappears when the work is done; none when piped."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _threads(text: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        counts = ()
    if not counts or min(counts) < 1:
        raise BadArgumentError(f'--threads takes counts from 1, as in 1,2; it was "{text}"')
    return counts


def _peers(text: str) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    peers = tuple(
        dict.fromkeys(peer for part in parts for peer in (OTHERS if part == "all" else (part,)))
    )
    unknown = [peer for peer in peers if peer not in PEERS]
    if unknown:
        raise BadArgumentError(
            f'there is no peer "{unknown[0]}"; the peers are {", ".join(PEERS)}, all'
        )
    return peers


def _present(console: Console, peers: tuple[str, ...]) -> tuple[str, ...]:
    """The peers that are installed; a line for each that is not."""
    for peer in peers:
        if absence(peer):
            console.print(f"left out: {absence(peer)}", style="dim", markup=False)
    return tuple(peer for peer in peers if not absence(peer))


if __name__ == "__main__":
    sys.exit(main())
