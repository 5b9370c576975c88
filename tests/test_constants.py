"""Constants that Python folds without limits, and arguments of `po.auto` that make no sense."""

from __future__ import annotations

import numpy as np
import pytest

import polyopt as po


def test_a_power_of_constants_is_computed_as_python_does() -> None:
    @po.kernel
    def powers(x):
        x[0] = 2**3 + (-3) ** 3

    x = np.zeros(1)
    powers(x)
    assert x[0] == -19


def test_a_constant_power_that_leaves_every_type_is_refused() -> None:
    @po.kernel
    def huge(x):
        x[0] = 2**100

    with pytest.raises(po.UnsupportedSyntaxError, match="does not fit in i64"):
        huge(np.zeros(1))


def test_auto_takes_a_schedule_and_a_known_mode() -> None:
    with pytest.raises(po.BadArgumentError, match="auto takes a Schedule"):
        po.auto(3)

    @po.kernel
    def copy(x, y):
        for i in range(x.shape[0]):
            y[i] = x[i]

    original = copy.specialize(np.zeros(1), np.zeros(1)).original
    with pytest.raises(po.BadArgumentError, match="fp='x' is none of"):
        po.auto(original, fp="x")
