"""From a program to a loaded library."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.errors import BuildError
from polyopt.runtime.cache import discard, library_path
from polyopt.runtime.load import load

if TYPE_CHECKING:
    from polyopt.emit.program import Program


def open_library(program: Program, *, cache: bool = True, overlapping: bool = False) -> ctypes.CDLL:
    """The loaded library of a program, compiled where the cache has none that loads.

    Raises BuildError and TargetUnavailableError as `library_path` does, and BuildError where the
    system refuses a library that was just compiled.
    """
    path = library_path(program, cache=cache, overlapping=overlapping)
    try:
        return load(path, openmp=program.openmp)
    except OSError:
        discard(path)
        return _load_again(
            library_path(program, cache=cache, overlapping=overlapping), program.openmp
        )


def _load_again(path: Path, openmp: bool) -> ctypes.CDLL:
    try:
        return load(path, openmp=openmp)
    except OSError as error:
        raise BuildError(
            f"the system does not load the library that was just compiled: {error}. Where folders "
            "for temporary or cached files are mounted noexec, set POLYOPT_CACHE_DIR to another",
            source_path=str(path.with_suffix(".c")),
        ) from error
