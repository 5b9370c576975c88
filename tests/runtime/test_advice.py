"""What a refusal tells the user to pass is taken when it is passed."""

import array
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import polyopt as po


@po.kernel(schedule="source")
def axpy(n, a, x, y):
    for i in range(n):
        y[i] += a * x[i]


N = po.symbols("N")


@po.kernel(schedule="source")
def narrow(n: int, a: po.f32, flag: bool, x: po.f32[N], y: po.f32[N]):
    for i in range(n):
        y[i] += a * x[i]
        if flag:
            y[i] += 1


ADVICE = re.compile(r"pass (.+?)(?: and (\S+) as two arguments|, whose results .*|, or (.+))?$")


def advised(refused, name, value):
    """The values of the expressions that a refusal tells to pass in the place of a value."""
    found = ADVICE.search(str(refused))
    assert found is not None, str(refused)
    return [eval(text, {"np": np, name: value}) for text in found.groups() if text]


SCALARS = [
    Fraction(1, 2), Decimal("1.5"),
    np.longdouble(2), np.datetime64(3, "s"), np.timedelta64(3, "s"),
]  # fmt: skip
ARRAYS = [
    [1.0, 2.0], (1.0, 2.0), range(2), bytearray(2), memoryview(b"12"), array.array("d", [1, 2]),
    np.ones(2, object),
    np.ones(2, np.longdouble), np.ones(2, ">f8"), np.ones((2, 2)).view(np.matrix)[0],
    np.ones(2).view(np.recarray), np.ones(17, np.uint8)[1:].view(np.float64),
]  # fmt: skip


@pytest.mark.parametrize("value", SCALARS, ids=repr)
def test_scalars(value):
    with pytest.raises(po.DtypeError) as caught:
        axpy(1, value, np.ones(1), np.ones(1))
    for better in advised(caught.value, "a", value):
        y = np.zeros(1)
        axpy(1, better, np.full(1, 3.0), y)
        assert y[0] == 3.0 * better


@pytest.mark.parametrize("value", ARRAYS, ids=lambda v: f"{type(v).__name__} {v}")
def test_arrays(value):
    with pytest.raises(po.PolyoptError) as caught:
        axpy(1, 1.0, value, np.ones(1))
    for better in advised(caught.value, "x", value):
        x, y = better.reshape(-1), np.zeros(1)
        axpy(1, 1.0, x, y)
        assert y[0] == x[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 2.5), ("n", True), ("n", np.uint64(3)), ("n", np.float32(2)),
        ("a", True), ("a", np.float64(2)), ("a", np.int64(2)),
        ("flag", 1), ("flag", 1.5), ("flag", np.int8(1)),
        ("x", np.ones(4)), ("x", np.ones(4, bool)), ("y", np.ones(4, np.int16)),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_declared(name, value):
    single = np.float32
    good = {"n": 2, "a": 1.0, "flag": False, "x": np.ones(4, single), "y": np.zeros(4, single)}
    with pytest.raises(po.DtypeError) as caught:
        narrow(**{**good, name: value})
    (better,) = advised(caught.value, name, value)
    narrow(**{**good, name: better})
