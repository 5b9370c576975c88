"""Loading a compiled library, for as long as something of it is in use."""

from __future__ import annotations

import _ctypes
import ctypes
import os
import sys
import weakref
from collections.abc import Callable
from pathlib import Path


def load(path: Path, *, openmp: bool) -> ctypes.CDLL:
    """Load a library into the process; it goes when the object and its functions are gone.

    Raises OSError where the system refuses it, and for a file that is cut short.
    """
    if not is_whole(path):
        raise OSError(f"{path} is cut short")
    library = ctypes.CDLL(str(path))
    if openmp and hasattr(library, "omp_set_num_threads"):
        _survive_forks(library)
    weakref.finalize(library, _ctypes.dlclose, library._handle).atexit = False
    return library


def is_whole(path: Path) -> bool:
    """Whether a library's file reaches to its table of sections, which is at its end.

    A machine that loses power may keep the name of a file and half of what was in it; to run into
    the missing half kills the process. Files of other formats than ELF (elf(5)) are not judged.
    """
    with path.open("rb") as file:
        head = file.read(64)
        size = os.fstat(file.fileno()).st_size
    if len(head) < 64 or head[:4] != b"\x7fELF":
        return len(head) == 64
    start = int.from_bytes(head[40:48], sys.byteorder)
    each, count = (int.from_bytes(head[at : at + 2], sys.byteorder) for at in (58, 60))
    return start + each * count <= size


_runtimes: dict[int, ctypes.CDLL] = {}
"""The first library that brought each OpenMP runtime, so that the runtime, whose workers wait in
its code, is never unloaded."""


def _survive_forks(library: ctypes.CDLL) -> None:
    """Run on one thread in forked children, once per OpenMP runtime.

    gcc's runtime waits for its workers for ever in a child that has none of them, and the
    children of a process pool have a core each as it is.
    """
    set_threads: Callable[[int], None] = library.omp_set_num_threads
    where = ctypes.cast(set_threads, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
    if where not in _runtimes:
        _runtimes[where] = library
        os.register_at_fork(after_in_child=lambda: set_threads(1))
