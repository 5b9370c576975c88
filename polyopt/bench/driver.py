"""Measures kernels one after the other, each in a process of its own.

A crash or a hang of one kernel is then one failed row; the thread counts of OpenMP, OpenBLAS and
Numba are set before any of them is loaded; and every compilation starts from an empty cache.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.bench.peers import APART
from polyopt.bench.rows import Row, read_rows

if TYPE_CHECKING:
    from polyopt.bench.rows import Request

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POCL_MAX_PTHREAD_COUNT",
    "PJRT_NPROC",
)
# Settings for an older OpenBLAS that make the one inside current NumPy slower.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def measure(request: Request, limit: float) -> list[Row]:
    """The rows of one kernel and thread count: polyopt's first, then one per peer.

    Peers of `APART` get a process each. `limit` is in seconds; a worker that takes longer is
    ended, with all it started.
    """
    together = tuple(peer for peer in request.peers if peer not in APART)
    rows = _measured(dataclasses.replace(request, peers=together), limit)
    for peer in request.peers:
        if peer in APART:
            rows += _measured(dataclasses.replace(request, peers=(peer,), apart=True), limit)
    return sorted(rows, key=lambda row: request.tools.index(row.tool))


def _measured(request: Request, limit: float) -> list[Row]:
    """The rows of one worker."""
    with tempfile.TemporaryDirectory(prefix="polyopt-bench-") as folder:
        asked, answer = Path(folder, "request.json"), Path(folder, "rows.json")
        asked.write_text(json.dumps(dataclasses.asdict(request)), encoding="utf-8")
        failure = _run_worker(asked, answer, _environment(request.threads, folder), limit)
        if failure:
            stage = answer.with_suffix(".stage")
            during = stage.read_text(encoding="utf-8") if stage.exists() else "start"
            error = f"{failure} (at: {during})"
            return [request.row(tool, error=error) for tool in request.tools]
        return read_rows(answer)


def _environment(threads: int, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    caches = {"POLYOPT_CACHE_DIR": str(Path(folder, "libraries")), "XDG_CACHE_HOME": folder}
    return kept | dict.fromkeys(THREAD_VARIABLES, str(threads)) | caches


def _run_worker(asked: Path, answer: Path, environment: dict[str, str], limit: float) -> str:
    """Run the worker; "" when it wrote its rows, otherwise what happened to it."""
    command = [sys.executable, "-m", "polyopt.bench.worker", str(asked), str(answer)]
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            _, words = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            _end(process)
            return f"ended after {limit:.0f} s"
        except KeyboardInterrupt:
            _end(process)
            raise
    if process.returncode < 0:
        return f"died of {signal.Signals(-process.returncode).name}"
    if process.returncode:
        return words.strip().rpartition("\n")[2] or f"exit code {process.returncode}"
    return ""


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
