"""Index arrays that share memory with what is written: they are checked before, and change then."""

from __future__ import annotations

import numpy as np
import pytest

import polyopt as po


def scattered(idx, y, v):
    for k in range(len(idx)):
        y[idx[k]] = v


def ranges(ptr, x, y):
    for i in range(len(ptr) - 1):
        for k in range(ptr[i], ptr[i + 1]):
            y[i] += x[k]


def masked(mask, idx, y):
    for k in range(len(idx)):
        if mask[k] > 0:
            y[idx[k]] = 1


def moved(x, y):
    for k in range(len(x)):
        y[k] = x[k] + 1


@pytest.mark.parametrize("target", ["openmp", "c"])
def test_an_index_array_that_is_overwritten_is_refused(target):
    memory = np.zeros(40, np.int64)
    memory[:8] = range(8)
    before = memory.copy()
    safe = {"alias": "safe", "target": target}
    with pytest.raises(po.AliasError, match=r"indexed by idx, which is checked before: pass idx"):
        po.kernel(**safe)(scattered)(memory[:8], memory[4:24], 10**9)
    with pytest.raises(po.AliasError, match=r"pass ptr\.copy\(\)"):
        po.kernel(**safe)(ranges)(memory[:8], np.ones(9, np.int64), memory[4:12])
    with pytest.raises(po.AliasError, match=r"pass mask\.copy\(\)"):
        po.kernel(**safe)(masked)(memory[:8], np.arange(8), memory[4:24])
    np.testing.assert_array_equal(memory, before)


def test_other_arrays_that_overlap_run_in_source_order():
    memory = np.arange(20)
    expected = memory.copy()
    moved(expected[:-1], expected[1:])
    po.kernel(alias="safe")(moved)(memory[:-1], memory[1:])
    np.testing.assert_array_equal(memory, expected)
    index, values = np.arange(5), np.zeros(9, np.int64)
    po.kernel(alias="safe")(scattered)(index, values, 3)
    np.testing.assert_array_equal(values, [3] * 5 + [0] * 4)
