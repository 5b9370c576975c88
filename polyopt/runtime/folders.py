"""Where files that are loaded live: a folder that is the user's alone, or a temporary one."""

from __future__ import annotations

import atexit
import functools
import os
import platform
import shutil
import stat
import warnings
from contextlib import suppress
from pathlib import Path


def directory() -> Path:
    """The cache's folder: POLYOPT_CACHE_DIR, or the user's cache folder, private to the user.

    Where it cannot be made or is not safe, this process's temporary folder (with a warning in
    the second case).
    """
    named = os.environ.get("POLYOPT_CACHE_DIR", "")
    return _safe(Path(named).absolute() if named else _user_cache() / "polyopt" / "libraries")


def _user_cache() -> Path:
    """Where the user's programs keep what they can make again."""
    if platform.system() == "Linux":
        named = os.environ.get("XDG_CACHE_HOME", "").strip()
        return Path(named) if named else Path.home() / ".cache"
    import platformdirs  # noqa: PLC0415 6 ms, and Linux has one rule

    return platformdirs.user_cache_path()


def _safe(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.R_OK | os.X_OK):
            return temporary_folder()
        danger = _danger(folder)
    except OSError:
        return temporary_folder()
    if danger:
        warnings.warn(
            f"the cache folder {folder} {danger}: libraries are loaded from private folders only, "
            "so this process uses a temporary one. Make it yours alone (chmod 700), or set "
            "POLYOPT_CACHE_DIR",
            RuntimeWarning,
            stacklevel=2,
        )
        return temporary_folder()
    return folder


def _danger(folder: Path) -> str:
    """Why libraries in a folder may not be one's own; empty where they are."""
    status = folder.stat()
    if status.st_uid != os.geteuid():
        return "belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "may be written by others"
    return ""


TEMPORARY = "polyopt-"
"""How names of temporary folders begin; a `work_prefix` follows."""

_temporaries: set[Path] = set()


def is_temporary(folder: Path) -> bool:
    """Whether a folder is one that `temporary_folder` has made; it makes none."""
    return folder in _temporaries


def temporary_folder() -> Path:
    """A private folder that lives as long as this process."""
    return _temporary(os.getpid())


@functools.cache
def _temporary(process: int) -> Path:
    """One per process: a forked child must not remove its parent's when it ends."""
    import tempfile  # noqa: PLC0415 needed where there is no cache only

    folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{work_prefix()}"))
    _temporaries.add(folder)
    atexit.register(_remove_own, folder, process)
    return folder


def _remove_own(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def work_prefix() -> str:
    """How names of unfinished work begin: who is at it."""
    return f"build-{platform.node()}-{os.getpid()}-"


_ROOM = 1 << 20


def has_room(folder: Path) -> bool:
    """Whether a folder's disk takes a MiB more, which is several times what a kernel needs."""
    import tempfile  # noqa: PLC0415 needed where something failed

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM))
    except OSError:
        return False
    return True


def note_use(path: Path) -> None:
    """Mark a file as used just now, where its folder may be written."""
    with suppress(OSError):
        os.utime(path)


def is_ours(path: Path) -> bool:
    """Whether an entry is there, a plain file, and its owner is this user."""
    try:
        status = path.lstat()
    except OSError:
        return False
    own = status.st_uid == os.geteuid()
    return own and stat.S_ISREG(status.st_mode) and not status.st_mode & stat.S_IWOTH
