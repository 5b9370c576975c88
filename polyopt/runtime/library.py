"""From a program to a loaded library."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.errors import BuildError
from polyopt.runtime.cache import discard, library_path

if TYPE_CHECKING:
    from polyopt.emit.program import Program


def open_library(program: Program, *, cache: bool = True, overlapping: bool = False) -> ctypes.CDLL:
    """The loaded library of a program, compiled where the cache has none that loads.

    Raises BuildError and TargetUnavailableError as `library_path` does, and BuildError where the
    system refuses a library that was just compiled.
    """
    path = library_path(program, cache=cache, overlapping=overlapping)
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        discard(path)
        library = _load_again(library_path(program, cache=cache, overlapping=overlapping))
    if program.openmp and hasattr(library, "omp_set_num_threads"):
        _survive_forks(library.omp_set_num_threads)
    return library


def open_plain(program: Program) -> ctypes.PyDLL:
    """The loaded library of helper code that works on Python's objects, lock held.

    Raises as `open_library` does.
    """
    return ctypes.PyDLL(open_library(program)._name)


def _load_again(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(
            f"the system does not load the library that was just compiled: {error}. Where folders "
            "for temporary or cached files are mounted noexec, set POLYOPT_CACHE_DIR to another",
            source_path=str(path.with_suffix(".c")),
        ) from error


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
