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
    assert "double: kept in source order" in caplog.text
