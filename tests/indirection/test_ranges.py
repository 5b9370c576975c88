"""Ranges of index arrays: what they say of dependences, and that a call checks them."""

import numpy as np
import pytest

import polyopt as po


@po.kernel(fp="strict", target="c")
def upper_half(y, idx):
    h = idx.shape[0]
    po.assume(po.within(idx, 0, h))
    for i in range(h):
        y[h + i] = y[idx[i]] + 1.0


@po.kernel(fp="strict", target="c")
def two_ranges(y, low, high):
    h = low.shape[0]
    po.assume(po.within(low, 0, h))
    po.assume(po.within(high, h, 2 * h))
    for i in range(h):
        y[high[i]] = 2.0 * y[low[i]]


def flows(kernel, *arguments):
    return [d for d in kernel.specialize(*arguments).dependences if d.kind in {"flow", "anti"}]


def test_ranges_tell_reads_from_writes():
    idx = np.array([3, 0, 0, 2])
    assert not flows(upper_half, np.arange(8.0), idx)
    assert not flows(two_ranges, np.arange(8.0), idx, idx + 4)


def test_a_range_that_meets_the_writes_keeps_its_dependences():
    @po.kernel(fp="strict", target="c")
    def one_more(y, idx):
        h = idx.shape[0]
        po.assume(po.within(idx, 0, h + 1))
        for i in range(h):
            y[h + i] = y[idx[i]] + 1.0

    y, idx = np.arange(8.0), np.array([4, 4, 4, 1])
    assert flows(one_more, y, idx)
    expected = y.copy()
    one_more.py_func(expected, idx)
    one_more(y, idx)
    assert y.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("step", [1, 2, -1])
def test_results_are_those_of_python(dtype, step):
    idx = np.array([3, 9, 0, 9, 0, 9, 2, 3], dtype)[::step] % 4
    idx = idx.astype(dtype) if step == 1 else idx
    ours, plain = np.arange(16.0), np.arange(16.0)
    upper_half(ours, idx)
    upper_half.py_func(plain, idx)
    assert ours.tobytes() == plain.tobytes()


@pytest.mark.parametrize(
    "bad", [np.array([0, 2], np.int32), np.array([0, -1]), np.array([0, 2**64 - 1], np.uint64)]
)
def test_a_call_checks_the_range(bad):
    y = np.arange(4.0)
    assert not po.within(bad, 0, 2)
    with pytest.raises((po.AssumptionError, po.BoundsError)):
        upper_half(y, bad)
    assert y.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_the_message_names_the_fact():
    text = r"po.within\(idx, 0, h\) .* does not hold: idx has an element outside that range"
    with pytest.raises(po.AssumptionError, match=text):
        upper_half(np.arange(4.0), np.array([0, 2]))


def test_strided_indices_are_checked_at_their_own_elements():
    base = np.array([1, 99, 0, 99])
    y = np.arange(4.0)
    upper_half(y, base[::2])
    assert y.tolist() == [0.0, 1.0, 2.0, 1.0]


@po.kernel(fp="strict", target="c")
def far_limits(y, idx, h):
    po.assume(po.within(idx, 4 * h, h + 10))
    for i in range(idx.shape[0]):
        y[idx[i]] = 1.0


@pytest.mark.parametrize(("h", "holds"), [(1, True), (2**62, False), (-(2**62), False)])
def test_limits_may_be_beyond_64_bits(h, holds):
    y, idx = np.zeros(8), np.array([4, 7])
    assert po.within(idx, 4 * h, h + 10) is holds
    if holds:
        far_limits(y, idx, h)
        assert y.tolist() == [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
        return
    with pytest.raises(po.AssumptionError, match="outside that range"):
        far_limits(y, idx, h)
    assert not y.any()


@po.kernel
def counted(y, idx):
    po.assume(po.injective(idx))
    for i in range(idx.shape[0]):
        if idx[i] >= 0 and idx[i] < y.shape[0]:
            y[idx[i]] += 1.0


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_indices_far_apart_take_no_memory_between_them(dtype):
    ends = np.iinfo(dtype)
    y = np.zeros(4)
    counted(y, np.array([ends.max, 3, ends.min, 1], dtype))
    assert y.tolist() == [0.0, 1.0, 0.0, 1.0]
    with pytest.raises(po.AssumptionError, match=r"po.injective\(idx\) .* does not hold"):
        counted(y, np.array([ends.max, 3, ends.min, 3], dtype)[::-1])


@po.kernel(fp="strict")
def gathered(x, y, idx, alt):
    po.assume(po.within(idx, 0, x.shape[0]))
    po.assume(po.within(alt, 1, x.shape[0] + 2))
    for i in range(y.shape[0]):
        y[i] = x[idx[i]] + x[alt[i] - 1]


def test_what_is_stated_is_not_looked_for_again():
    x, y, idx, alt = np.arange(3.0), np.zeros(2), np.array([2, 0]), np.array([1, 3])
    spec = gathered.specialize(x, y, idx, alt)
    assert "idx_least" not in spec.source
    assert "alt_least" in spec.source  # the range stated of alt is wider
    gathered(x, y, idx, alt)
    assert y.tolist() == [2.0, 2.0]
    with pytest.raises(po.AssumptionError, match=r"within\(idx, 0, x.shape\[0\]\)"):
        gathered(x, y, np.array([3, 0]), alt)
    with pytest.raises(po.BoundsError, match="alt"):
        gathered(x, y, idx, np.array([1, 4]))
    assert y.tolist() == [2.0, 2.0]
