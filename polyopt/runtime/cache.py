"""Compiled libraries on disk, one folder per user, one file per everything that matters.

An entry is published by renaming a finished file that the disk has taken, so a reader sees all of
it or nothing; what became of it since is told by the digest at its end (load.py). Loading a
library runs it: a folder that another user could write to is never read from.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from polyopt._version import __version__
from polyopt.emit.binding import with_binding
from polyopt.emit.lines import named
from polyopt.emit.program import Program
from polyopt.errors import BuildError
from polyopt.machine import processor
from polyopt.runtime.alone import has_openmp, on_one_thread
from polyopt.runtime.compiler import (
    Compiler,
    Flags,
    compile_library,
    find_compiler,
    flags_for,
    time_limit,
)
from polyopt.runtime.folders import (
    directory,
    has_room,
    is_ours,
    is_temporary,
    note_use,
    temporary_folder,
    work_prefix,
)
from polyopt.runtime.housekeeping import ENTRY, evict, size_limit, tidy
from polyopt.runtime.load import seal

LOG = logging.getLogger("polyopt")

_KEPT_FAILURES = 20


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """The cache's folder, and the number and total size in bytes of the libraries in it."""

    directory: Path
    entries: int
    size: int

    def __str__(self) -> str:
        return f"{self.directory}: {self.entries} libraries, {self.size / 2**20:.1f} MiB"


def library_path(program: Program, *, cache: bool = True, overlapping: bool = False) -> Path:
    """The compiled library of a program: found in the cache, or compiled into it.

    Without `cache` it is compiled into this process's temporary folder. Where the compiler has no
    OpenMP, the library runs on one thread, which is said once. Raises BuildError and
    TargetUnavailableError as `compile_library` and `find_compiler` do.
    """
    compiler = find_compiler()
    try:
        return _library(program, compiler, flags_for(program, compiler, overlapping), cache)
    except BuildError:
        if not program.openmp or has_openmp(compiler):
            raise
    alone = on_one_thread(program)
    return _library(alone, compiler, flags_for(alone, compiler, overlapping), cache)


def _library(program: Program, compiler: Compiler, flags: Flags, cache: bool) -> Path:
    name = key(program, compiler, flags)
    if not cache:
        return _build(program, compiler, flags, temporary_folder(), name)
    folder = directory()
    found = folder / f"{name}.so"
    if is_ours(found):
        note_use(found)
        return found
    try:
        with _only_one(folder / f"{name}.lock"):
            return found if is_ours(found) else _build(program, compiler, flags, folder, name)
    except OSError as error:  # a full or read-only disk is no reason to fail
        if is_temporary(folder):
            raise BuildError(f"the temporary folder {folder} cannot be written: {error}") from error
    except BuildError:  # nor is it where the compiler was the one to find it full
        if is_temporary(folder) or has_room(folder):
            raise
    return _build(program, compiler, flags, temporary_folder(), name)


def key(program: Program, compiler: Compiler, flags: Flags) -> str:
    """The name of a program's entry: a hash of all that decides what its library does."""
    model, features = processor()
    parts = (
        __version__,
        _way(),
        with_binding(program),
        str(flags),
        compiler.identity,
        os.uname().machine,
        model,
        " ".join(sorted(features)),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def _way() -> str:
    """What turns a text and flags into a library: the code that calls the compiler, which may
    build more than once until an object holds to its mode."""
    here = Path(__file__).parent
    code = b"".join((here / name).read_bytes() for name in ("compiler.py", "fused.py"))
    return hashlib.sha256(code).hexdigest()


def discard(path: Path) -> None:
    """Remove a library that does not load, so that it is compiled again."""
    path.unlink(missing_ok=True)


def cache_info() -> CacheInfo:
    """What the cache holds, work that was left unfinished removed."""
    folder = directory()
    tidy(folder)
    sizes = [path.stat().st_size for path in sorted(folder.glob("*.so"))]
    return CacheInfo(folder, len(sizes), sum(sizes))


def cache_clear() -> int:
    """Remove every library from the cache's folder; their number.

    Libraries that a process has loaded go on working in it.
    """
    folder = directory()
    tidy(folder)
    removed = 0
    for path in sorted(folder.iterdir()):
        if ENTRY.fullmatch(path.name):
            path.unlink(missing_ok=True)
            removed += path.suffix == ".so"
    shutil.rmtree(folder / "failed", ignore_errors=True)
    return removed


# ---- building ------------------------------------------------------------------------------


_holding = threading.local()
"""The locks that a thread holds, as `paths`."""


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the entry's lock, so that of several processes one compiles.

    A holder that exceeds the compiler's own time limit is not waited for, and a file system
    without locks is done without them: publication is atomic, so both only cost a compilation.
    """
    mine = vars(_holding).setdefault("paths", set())
    if path in mine:  # a handler of a signal, or a finalizer, calls what it has interrupted
        yield
        return
    lock = FileLock(path)
    try:
        lock.acquire(timeout=2 * time_limit() + 10)
    except (Timeout, NotImplementedError):
        yield
        return
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
            raise
        yield
        return
    mine.add(path)
    try:
        yield
    finally:
        mine.discard(path)
        path.unlink(missing_ok=True)  # before the release: a waiter then looks for the entry
        lock.release()


def _build(program: Program, compiler: Compiler, flags: Flags, folder: Path, name: str) -> Path:
    """Compile in a folder of its own beside the entry, then move library and source there."""
    limit = size_limit()
    work = Path(tempfile.mkdtemp(prefix=work_prefix(), dir=folder))
    source, made, target = work / f"{name}.c", work / f"{name}.so", folder / f"{name}.so"
    try:
        text = named(with_binding(program), str(target.with_suffix(".c")))
        source.write_text(text, encoding="utf-8")
        began = time.perf_counter()
        try:
            compile_library(compiler, flags, source, made)
        except BuildError as error:
            raise _keep(error, source, folder) from error.__cause__
        seal(made)
        seconds = time.perf_counter() - began
        LOG.info("compiled %s in %.2f s: %s", program.symbol, seconds, target)
        source.replace(target.with_suffix(".c"))
        made.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if not is_temporary(folder):
        evict(folder, limit)
    return target


def _keep(error: BuildError, source: Path, folder: Path) -> BuildError:
    """The same error about the source's copy that stays for the user to look at.

    In the temporary folder it would end with the process, so it stands beside it.
    """
    if is_temporary(folder):
        kept = Path(tempfile.mkdtemp(prefix="polyopt-failed-")) / source.name
    else:
        kept = folder / "failed" / source.name
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        _forget_old(kept.parent)
    with suppress(OSError):
        source.replace(kept)
    before, after = str(source.parent), str(kept.parent)  # the command works from there too
    text, command = (t.replace(before, after) for t in (str(error), error.command))
    return BuildError(text, command, str(kept))


def _forget_old(failed: Path) -> None:
    """Keep the sources of the last failures only."""
    sources = sorted(failed.glob("*.c"), key=lambda path: path.stat().st_mtime)
    for path in sources[:-_KEPT_FAILURES]:
        path.unlink(missing_ok=True)
