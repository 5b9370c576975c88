"""What a kernel may call that Python does not have: labels and assumptions.

In plain Python both do nothing, so that `py_func` runs as it stands; the front end reads them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext


def label(name: str) -> AbstractContextManager[None]:  # noqa: ARG001 the front end reads it
    """Name the statement below: `with po.label("update"): A[i] = B[i]`.

    Steps of a schedule then find it as `"update"` instead of `"S1"`.
    """
    return nullcontext()


def assume(*conditions: object) -> None:
    """State conditions on sizes: `po.assume(n >= 2, n % 4 == 0)`.

    The analysis uses them and every call of the kernel checks them first (AssumptionError).
    """
