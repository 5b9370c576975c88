"""`po.compile_all`: several compilations side by side, with progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from polyopt.errors import BadArgumentError
from polyopt.kernel import Kernel, Specialization
from polyopt.machine import available_cores

Work = Kernel | tuple[Kernel, Sequence[object]]


def compile_all(
    work: Iterable[Work], *, workers: int | None = None, progress: bool | None = None
) -> tuple[Specialization, ...]:
    """Compile kernels so that their first calls need not: `po.compile_all([(gemm, args), copy])`.

    Models take turns in this process, and the C compilers run side by side.

    Args:
        work: Annotated kernels, and pairs of a kernel and its arguments (or their types).
        workers: How many compilers run at once; the number of cores unless given.
        progress: A bar on the terminal; by default where standard error is one.

    Returns:
        The specialisations, in the order of `work`. The first error, in that order, is raised when
        every other compilation has ended.
    """
    specializations = [_specialize(item) for item in work]
    shown = sys.stderr.isatty() and "CI" not in os.environ if progress is None else progress
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown)
    with bar, ThreadPoolExecutor(workers or available_cores()) as pool:
        task = bar.add_task("compiling", total=len(specializations))
        futures: list[Future[Specialization]] = [pool.submit(s.prepare) for s in specializations]
        names = dict(zip(futures, specializations, strict=True))
        for done in as_completed(names):
            bar.update(task, advance=1, description=f"compiled {names[done].name}")
    return tuple(future.result() for future in futures)


def _specialize(item: object) -> Specialization:
    match item:
        case Kernel():
            return item.specialize()
        case (Kernel() as kernel, list() | tuple() as args):
            return kernel.specialize(*args)
    raise BadArgumentError(
        f"po.compile_all takes kernels, or pairs (kernel, arguments), not {item!r}"
    )
