"""Recurrences as prefix operations: when, and that results stay those of plain Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import polyopt as po
from polyopt.errors import BadArgumentError


def alignment(a, b, H):
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = H[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -1)
            gap = max(H[i - 1, j], H[i, j - 1]) - 1
            H[i, j] = max(0, pair, gap)


def falling(a, y):
    for i in range(1, len(y)):
        y[i] = max(-7, a[i], y[i - 1] - 3)


def rising(a, y):
    for i in range(1, len(y)):
        y[i] = min(y[i - 1] + 2, a[i], 90)


def highest(a, y):
    for i in range(1, len(y)):
        y[i] = max(a[i], y[i - 1])


def sums(a, y):
    for i in range(1, len(y)):
        y[i] = a[i] + y[i - 1] - 5


def unbounded(a, y):
    for i in range(1, len(y)):
        y[i] = max(a[i], y[i - 1] - 3)


def towards_the_end(a, y):
    for i in range(1, len(y)):
        y[i] = max(0, a[i], y[i - 1] + 3)


def two_before(a, y):
    for i in range(2, len(y)):
        y[i] = y[i - 1] + y[i - 2] + a[i]


def of_itself(a, y):
    for i in range(1, len(y)):
        y[i] = max(y[i - 1], y[len(y) - 1 - i] + a[i])


Body = Callable[..., None]


def _values(dtype: str, size: int) -> np.ndarray:
    random = np.random.default_rng(size)
    if dtype.startswith("f"):
        return random.random(size).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, size, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_alignments_are_scanned_and_wrap_as_python_has_it(dtype):
    kernel = po.kernel(fp="strict")(alignment)
    for n, m in ((0, 3), (1, 1), (3, 2), (37, 65), (40, 1100)):
        a, b = (_values(dtype, size) % 4 for size in (n, m))
        H = _values(dtype, (n + 1) * (m + 1)).reshape(n + 1, m + 1)
        expected = H.copy()
        with np.errstate(over="ignore"):
            alignment(a, b, expected)
        kernel(a, b, H)
        np.testing.assert_array_equal(H, expected)
    assert "inscan" in kernel.specialize(a, b, H).source


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
@pytest.mark.parametrize("body", [falling, rising, highest, sums])
def test_integers_are_exact(body: Body, dtype):
    kernel = po.kernel(fp="strict")(body)
    for size in (0, 1, 2, 3, 17, 300):
        a, y = _values(dtype, size), _values(dtype, size + 1)[1:].copy()
        y[1:] //= 4
        expected = y.copy()
        with np.errstate(over="ignore"):
            body(a, expected)
        kernel(a, y)
        np.testing.assert_array_equal(y, expected)
    is_wide = dtype == "int64" and body in (falling, rising)
    assert ("inscan" in kernel.specialize(a, y).source) is not is_wide


def test_sums_of_numbers_with_a_point_only_where_they_may_be_reordered():
    a, y = _values("float64", 1000), np.zeros(1000)
    expected = y.copy()
    sums(a, expected)
    kernel = po.kernel(sums)
    kernel(a, y)
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    assert "inscan" in kernel.specialize(a, y).source
    assert "S1" in kernel.specialize(a, y).explain()
    strict = kernel.with_options(fp="strict")
    assert "inscan" not in strict.specialize(a, y).source
    with pytest.raises(BadArgumentError, match='Under fp="strict"'):
        strict.specialize(a, y).original.scan("i")


@pytest.mark.parametrize("body", [unbounded, towards_the_end, two_before, of_itself])
def test_other_recurrences_run_as_they_stand(body: Body):
    a, y = _values("int32", 50), _values("int32", 50)
    expected = y.copy()
    with np.errstate(over="ignore"):
        body(a, expected)
    kernel = po.kernel(body)
    kernel(a, y)
    np.testing.assert_array_equal(y, expected)
    spec = kernel.specialize(a, y)
    assert "inscan" not in spec.source
    with pytest.raises(BadArgumentError, match="needs an innermost loop"):
        spec.original.scan("i")


def test_overlapping_arrays_are_not_scanned():
    memory = _values("int32", 100) // 4
    expected = memory.copy()
    highest(expected[:-1], expected[1:])
    po.kernel(alias="safe")(highest)(memory[:-1], memory[1:])
    np.testing.assert_array_equal(memory, expected)


def test_a_script_with_a_scan_is_replayed():
    a, y = _values("int32", 50), _values("int32", 50)
    spec = po.kernel(highest).specialize(a, y)
    assert str(spec.schedule.script).count(".scan(") == 1
    again = spec.original.restructure(str(spec.schedule.tree))
    assert again.tree == spec.schedule.tree
