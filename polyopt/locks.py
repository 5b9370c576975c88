"""Locks that a forked child finds free: the threads that held them are not in it."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import suppress
from types import TracebackType


class Lock:
    """A lock that its thread may take again, for `with`; new in every forked child.

    What it guards must hold together between any two bytecodes: a child may be forked, and a
    handler of a signal may run, in the middle of what another call does under it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(RuntimeError):  # a child whose own thread was forked holding it
            self._lock.release()

    def renew(self) -> None:
        """Forget who holds it."""
        self._lock = threading.RLock()


_all: weakref.WeakSet[Lock] = weakref.WeakSet()


def _renew_all() -> None:
    for lock in _all:
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
