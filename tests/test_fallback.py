"""What happens where the automatic schedule cannot be lowered."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import polyopt as po
from polyopt import pipeline
from polyopt.emit.loops import Loops
from polyopt.errors import InternalError
from polyopt.transform.schedule import Schedule


def test_a_schedule_that_cannot_be_lowered_gives_way_to_source_order(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lower = pipeline.lower

    def failing(schedule: Schedule) -> Loops:
        if schedule.steps:
            raise InternalError("isl made an expression without a form here")
        return lower(schedule)

    monkeypatch.setattr(pipeline, "lower", failing)

    @po.kernel
    def double(x):
        for i in range(x.shape[0]):
            x[i] = x[i] * 2

    x = np.arange(5.0)
    with caplog.at_level(logging.WARNING, logger="polyopt"):
        double(x)
    assert x.tolist() == [0, 2, 4, 6, 8]
    assert double.specialize(x).schedule.steps == ()
    assert "double: kept in the order given" in caplog.text
    assert po.auto(double.specialize(x).original).steps == ()


def nested_blocks(X, A):
    n = X.shape[0]
    T = np.full((n + 4,), 2.0)
    for i in range(n // 2, -1, -1):
        t1 = T[i + 3] % 97.0
        A[i + 1, 2] = (t1 + i) % 97.0
        for j in range(1, n):
            A[i + 1, j] = A[i + 1, j] - A[i, j + j]
        t2 = abs(A[i + 1, 2] - A[i + 1, 1]) % 97.0
        T[i + 3] = (t2 + i) % 97.0


def test_blocks_inside_blocks_come_together() -> None:
    """Where isl cuts two nested private blocks, the inner ones join once the outer ones have."""
    kernel = po.kernel(fp="strict")(nested_blocks)
    for n in (0, 1, 2, 4, 7):
        X = np.zeros((n, 3))
        found = np.random.default_rng(n).random((n + 4, 2 * n + 5))
        expected = found.copy()
        nested_blocks(X, expected)
        kernel(X, found)
        np.testing.assert_array_equal(found, expected)
    assert kernel.specialize(X, found).schedule.steps
