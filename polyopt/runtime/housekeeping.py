"""What keeps the cache's folder clean: work that nobody does any more, and libraries too many."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from polyopt.errors import BadArgumentError
from polyopt.runtime.folders import TEMPORARY

ENTRY = re.compile(r"[0-9a-f]{64}\.(so|c|lock|call)")
"""The names of the cache's own files."""

DEFAULT_MIB = 512.0
"""Size of all files together, in MiB; POLYOPT_CACHE_MIB says otherwise."""

_WORK = re.compile(rf"({TEMPORARY})?build-(?P<host>.*)-(?P<process>\d+)-[^-]*")
_LONG_AGO = 86400.0
_KEPT_SHARE = 0.75


def tidy(folder: Path) -> None:
    """Remove the unfinished work of processes that are no more, and locks that nobody holds."""
    unfinished = [*folder.glob("build-*"), *Path(tempfile.gettempdir()).glob(f"{TEMPORARY}build-*")]
    for path in sorted(unfinished):
        if _is_abandoned(path):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else _remove(path)
    for path in sorted(folder.glob("*.lock")):
        if ENTRY.fullmatch(path.name):
            lock = FileLock(path)
            with suppress(Timeout, NotImplementedError, OSError):
                lock.acquire(timeout=0)
                _remove(path)
                lock.release()


def evict(folder: Path, limit: float) -> None:
    """Where the files hold more than `limit` bytes, remove those that were used longest ago.

    Libraries that a process has loaded go on working in it.
    """
    entries: dict[str, list[tuple[Path, os.stat_result]]] = {}
    for path in folder.iterdir():
        if ENTRY.fullmatch(path.name):
            with suppress(OSError):
                entries.setdefault(path.stem, []).append((path, path.stat()))
    sizes = {name: sum(s.st_size for _, s in files) for name, files in entries.items()}
    total = sum(sizes.values())
    if total <= limit:
        return
    for name in sorted(entries, key=lambda name: max(s.st_mtime for _, s in entries[name])):
        if total <= _KEPT_SHARE * limit:
            return
        total -= sizes[name]
        for path, _ in entries[name]:
            _remove(path)


def size_limit() -> float:
    """Bytes that the cache may hold.

    Raises BadArgumentError where POLYOPT_CACHE_MIB is no positive number.
    """
    text = os.environ.get("POLYOPT_CACHE_MIB", "")
    try:
        limit = float(text) if text else DEFAULT_MIB
    except ValueError:
        limit = 0.0
    if not limit > 0:
        raise BadArgumentError(f"POLYOPT_CACHE_MIB is a number of MiB, not {text!r}")
    return limit * 2**20


def _is_abandoned(path: Path) -> bool:
    """Its process is dead, or on another machine and this is from yesterday."""
    found = _WORK.fullmatch(path.name)
    try:
        status = path.lstat()
    except OSError:
        return False
    if status.st_uid != os.geteuid():
        return False
    old = time.time() - status.st_mtime > _LONG_AGO
    if found is None or found["host"] != platform.node():
        return old
    try:
        os.kill(int(found["process"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return old
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
