"""What a kernel may call for the compiler's sake alone: in plain Python these do nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def assume(condition: object) -> None:
    """State a condition on sizes inside a kernel: `po.assume(n % 8 == 0)`.

    The analysis uses it, and a call checks it first (AssumptionError). In plain Python, outside
    a kernel or in `py_func`, nothing happens.
    """


@contextmanager
def label(name: str) -> Iterator[None]:  # noqa: ARG001  (read from the kernel's source)
    """Name the statements of a `with` block inside a kernel: `with po.label("update"):`."""
    yield
