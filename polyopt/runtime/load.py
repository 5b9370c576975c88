"""Loading a compiled library."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path


def load(path: Path, *, openmp: bool) -> ctypes.CDLL:
    """Load a library into the process.

    Raises OSError where the system refuses it.
    """
    library = ctypes.CDLL(str(path))
    if openmp and hasattr(library, "omp_set_num_threads"):
        _survive_forks(library.omp_set_num_threads)
    return library


_runtimes: set[int] = set()


def _survive_forks(set_threads: Callable[[int], None]) -> None:
    """Run on one thread in forked children, once per OpenMP runtime.

    gcc's runtime waits for its workers for ever in a child that has none of them, and the
    children of a process pool have a core each as it is.
    """
    where = ctypes.cast(set_threads, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
    if where not in _runtimes:
        _runtimes.add(where)
        os.register_at_fork(after_in_child=lambda: set_threads(1))
