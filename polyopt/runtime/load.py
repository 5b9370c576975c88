"""Loading a compiled library, for as long as something of it is in use."""

from __future__ import annotations

import _ctypes
import ctypes
import hashlib
import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_ELF = b"\x7fELF"
_DIGEST = 32


def load(path: Path, *, openmp: bool) -> ctypes.CDLL:
    """Load a sealed library into the process; it goes when the object and its functions are gone.

    Raises OSError where the system refuses it, and for a file that is damaged.
    """
    if not is_whole(path):
        raise OSError(f"{path} is damaged")
    library = ctypes.CDLL(str(path))
    if openmp and hasattr(library, "omp_set_num_threads"):
        _survive_forks(library)
    weakref.finalize(library, _ctypes.dlclose, library._handle).atexit = False
    return library


def seal(path: Path) -> None:
    """Put the digest of a library behind it, and have the disk take both.

    What stands behind the tables of an ELF file is nobody's (elf(5)); files of other formats, in
    which it might be somebody's, stay as they are.
    """
    with path.open("r+b") as file:
        content = file.read()
        if content.startswith(_ELF):
            file.write(hashlib.sha256(content).digest())
        file.flush()
        with suppress(OSError):  # a file system that cannot: the digest tells what came of it
            os.fsync(file.fileno())


def is_whole(path: Path) -> bool:
    """Whether a library's file is as `seal` left it; takes about 10 microseconds per 16 KiB.

    A machine that loses power may keep the name of a file and not what was in it, and disks
    fail: to run into what is missing kills the process, to run what is wrong is worse. Files that
    `seal` leaves alone are not judged.
    """
    content = memoryview(path.read_bytes())
    if content[:4] != _ELF:
        return len(content) >= 64
    return hashlib.sha256(content[:-_DIGEST]).digest() == content[-_DIGEST:]


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
