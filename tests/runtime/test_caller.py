"""Calls that never enter Python: what they take, what they leave to it, and when they are off."""

import copy
import gc
import inspect
import itertools
import os
import pickle
import sys
import threading
import weakref
from contextlib import nullcontext

import numpy as np
import pytest

import polyopt as po
from polyopt.model import types
from polyopt.runtime import caller
from polyopt.runtime.table import MOST_ROWS

N, M = po.symbols("N M")

DTYPES = [d for d in types.DTYPES if d is not types.f16 and not d.is_complex]
"""Scalars of the others are read in Python."""


def total(x, y, s=1, *, plus=2):
    for i in range(x.shape[0]):
        y[i] = x[i] * s + plus


@pytest.fixture
def kernel():
    return po.kernel(total)


@pytest.fixture
def in_c(monkeypatch):
    """Runs a call and tells whether Python was left out of it."""
    seen = []
    checked = po.Kernel._checked

    def watched(self, *args, **kwargs):
        seen.append(self)
        checked(self, *args, **kwargs)

    monkeypatch.setattr(po.Kernel, "_checked", watched)

    def run(call, *args, **kwargs):
        before = len(seen)
        call(*args, **kwargs)
        return len(seen) == before

    return run


@pytest.fixture
def in_c_too(monkeypatch):
    """Tells whether Python is left out of a call of a kernel that returns something."""

    def run(call, *args):
        seen = []
        checked = po.Kernel._checked

        def watched(self, *args, **kwargs):
            seen.append(self)
            return checked(self, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(po.Kernel, "_checked", watched)
            call(*args)
        return not seen

    return run


def test_the_second_call_stays_in_c(kernel, in_c):
    x, y = np.arange(5.0), np.zeros(5)
    assert not in_c(kernel, x, y)
    for args, kwargs, expected in (
        ((x, y), {}, x + 2),
        ((x, y, 3), {}, 3 * x + 2),
        ((x, y), {"s": 4}, 4 * x + 2),
        ((x,), {"y": y, "plus": 5}, x + 5),
        ((), {"plus": -1, "s": 2, "y": y, "x": x}, 2 * x - 1),
        ((x[:0], y[:0]), {}, []),
    ):
        assert in_c(kernel, *args, **kwargs)
        assert y[: len(expected)].tolist() == list(expected)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype(dtype, in_c):
    @po.kernel
    def place(x, y, s, t):
        y[0] = s
        y[1] = t
        for i in range(2, x.shape[0]):
            y[i] = x[i]

    x = np.array([0, 1, 1, 0, 1], dtype.numpy)
    plain = {"f": 0.5, "b": True}.get(dtype.kind, 7)
    y = np.zeros_like(x)
    for _ in range(2):
        y[:] = 0
        done = in_c(place, x, y, dtype(1), plain)
        assert y.tolist() == [1, plain, *x[2:].tolist()]
    assert done


@pytest.mark.parametrize("value", [-(2**31), 2**31 - 1, 0, -1])
def test_narrow_integers_keep_their_sign(value, in_c):
    @po.kernel
    def place(y: po.i64[N], s: po.i32):
        for i in range(N):
            y[i] = s

    y = np.zeros(2, np.int64)
    for each in (np.int32(1), 1):
        place(y, each)
    for each in (np.int32(value), value):
        assert in_c(place, y, each)
        assert y.tolist() == [value] * 2


@pytest.mark.parametrize("value", [0, -1, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)])
def test_ints_round_to_floats_as_in_python(value, in_c):
    @po.kernel
    def place(y: po.f64[N], s: po.f64):
        for i in range(N):
            y[i] = s

    y = np.zeros(2)
    place(y, 1)
    assert in_c(place, y, value)
    assert y.tolist() == [float(value)] * 2
    assert not in_c(place, y, 2**70)
    assert y.tolist() == [2.0**70] * 2


def test_extents_must_agree_in_c_too(in_c):
    @po.kernel
    def both(A: po.f64[N, 2 * N + 1], b: po.f64[N]):
        for i in range(N):
            b[i] += A[i, 2 * i]

    both(np.ones((2, 5)), np.ones(2))
    b = np.ones(3)
    assert in_c(both, np.ones((3, 7)), b)
    assert b.tolist() == [2.0] * 3
    for shapes in (((3, 6), 3), ((3, 7), 4), ((3, 8), 3)):
        with pytest.raises(po.ShapeError):
            both(np.ones(shapes[0]), np.ones(shapes[1]))


def test_the_checks_of_the_entry_raise_as_from_python(in_c):
    @po.kernel
    def shift(n, x, y):
        for i in range(n):
            y[i] = x[i + 1]

    x, y = np.arange(4.0), np.zeros(4)
    shift(3, x, y)
    texts = []
    for call in (shift, shift._checked):
        with pytest.raises(po.BoundsError) as caught:
            call(4, x, y)
        texts.append(str(caught.value))
        with pytest.raises(po.BoundsError):
            call(4, x, y=y)
    assert texts[0] == texts[1]
    assert in_c(shift, 3, x, y)
    for huge in (2**41, -(2**41), 2**62):
        with pytest.raises(po.BoundsError) if huge > 0 else nullcontext():
            assert not in_c(shift, huge, x, y)


def test_the_same_array_twice_has_a_row_of_its_own(kernel, in_c):
    x = np.arange(4.0)
    kernel(x, x)
    kernel(x, np.zeros(4))
    assert in_c(kernel, x, x)
    assert x.tolist() == [4.0, 5.0, 6.0, 7.0]
    assert in_c(kernel, x, x[:])
    assert x.tolist() == [6.0, 7.0, 8.0, 9.0]
    assert in_c(kernel, x, np.zeros(4))
    with pytest.raises(po.AliasError):
        kernel(x[:3], x[1:])
    assert x.tolist() == [6.0, 7.0, 8.0, 9.0]


def test_arrays_that_only_are_read_may_overlap(in_c):
    @po.kernel
    def add(a, b, c):
        for i in range(c.shape[0]):
            c[i] = a[i] + b[i]

    a, c = np.arange(4.0), np.zeros(3)
    add(a, a[1:], c)
    assert in_c(add, a, a[1:], c)
    assert c.tolist() == [1.0, 3.0, 5.0]


def test_overlapping_calls_in_source_order_stay_right(in_c):
    kernel = po.kernel(alias="safe")(total)
    kernel(np.ones(3), np.ones(3))
    memory = np.ones(4)
    kernel(memory[:3], memory[1:])
    assert memory.tolist() == [1.0, 3.0, 5.0, 7.0]


def test_a_dtype_object_of_its_own_is_the_same_dtype(kernel, in_c):
    kernel(np.ones(3), np.ones(3))
    x = pickle.loads(pickle.dumps(np.arange(3.0)))
    y = np.zeros(3, np.dtype("f8", metadata={"unit": "m"}))
    assert in_c(kernel, x, y)
    assert y.tolist() == [2.0, 3.0, 4.0]


def test_what_c_does_not_take_python_decides(kernel, in_c, tmp_path):
    x = np.ones(3)
    kernel(x, np.ones(3))
    others = (x.astype(">f8"), x.view(np.recarray), x.astype(object), np.array(1.0), [1.0], None)
    for other in others:
        with pytest.raises(po.PolyoptError):
            kernel(other, np.ones(3))
    y = np.ones(3)
    y.flags.writeable = False
    assert in_c(kernel, y, np.ones(3))
    with pytest.raises(po.BadArgumentError):
        kernel(np.ones(3), y)
    mapped = np.memmap(tmp_path / "m", np.float64, "w+", shape=(3,))
    assert in_c(kernel, x, mapped)
    assert mapped.tolist() == [3.0] * 3


def test_arrays_that_numpy_warns_of_are_python_s(kernel, in_c):
    kernel(np.ones(3), np.ones(3))
    one, other = np.broadcast_arrays(np.ones(3), np.ones(3))
    assert in_c(kernel, one, np.ones(3))
    assert kernel(np.ones(3), other) is None


def test_many_types(in_c):
    x = {dtype: np.ones(3, dtype.numpy) for dtype in DTYPES[:4]}
    kernel = po.kernel(total)
    for one, other in itertools.product(x, x):
        kernel(x[one], x[other].astype(np.float64) if one.is_float else x[one].copy())
    assert len(kernel._learned) < MOST_ROWS
    assert in_c(kernel, x[DTYPES[0]], np.ones(3))


def test_kernels_keep_what_they_had(kernel):
    kernel(np.ones(3), np.ones(3))
    assert isinstance(kernel, po.Kernel)
    assert type(kernel).__name__ == "Kernel"
    assert (kernel.__name__, kernel.__doc__, kernel.py_func) == ("total", total.__doc__, total)
    assert inspect.signature(kernel) == inspect.signature(total)
    assert repr(kernel) == "<kernel total(x, y, s, plus)>"
    other = kernel.with_options(fp="strict")
    assert other.options.fp == "strict"
    y = np.zeros(3)
    other(np.ones(3), y)
    assert y.tolist() == [3.0] * 3
    assert kernel.specialize(np.ones(3), np.ones(3)).name == "total"


@po.kernel
def global_kernel(x):
    for i in range(x.shape[0]):
        x[i] = 1


def test_called_kernels_pickle():
    global_kernel(np.zeros(2))
    assert pickle.loads(pickle.dumps(global_kernel)) is global_kernel
    assert copy.copy(global_kernel) is global_kernel
    assert copy.deepcopy(global_kernel) is global_kernel


def test_a_kernel_can_be_collected():
    kernel = po.kernel(total)
    kernel(np.ones(3), np.ones(3))
    kernel.me = kernel
    reference = weakref.ref(kernel)
    del kernel
    gc.collect()
    assert reference() is None


def test_without_the_c_calls_work_the_same(monkeypatch):
    monkeypatch.setattr(caller, "_SIZES", {object: 17})
    caller.quick_class.cache_clear()
    try:
        kernel = po.kernel(total)
        y = np.zeros(3)
        for _ in range(2):
            kernel(np.ones(3), y)
        assert type(kernel) is po.Kernel
        assert y.tolist() == [3.0] * 3
    finally:
        caller.quick_class.cache_clear()


def test_several_threads_call_one_kernel(kernel):
    x = np.arange(2000.0)
    wrong = []

    def work(number):
        y = np.zeros_like(x)
        for _ in range(200):
            kernel(x, y, number)
            if not np.array_equal(y, x * number + 2):
                wrong.append(number)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process")
def test_a_forked_child_calls_on(kernel):
    kernel = kernel.with_options(threads=2)
    x, y = np.ones(300_000), np.zeros(300_000)
    for _ in range(2):
        kernel(x, y)
    child = os.fork()
    if child == 0:
        kernel(x, y, 2)
        os._exit(0 if y[-1] == 4 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_calls_leave_no_references_behind(kernel):
    x, y = np.ones(3), np.ones(3)
    kernel(x, y)
    table = kernel._table

    before = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(table)
    for _ in range(1000):
        kernel(x, y)
        kernel(x, y=y)
        with pytest.raises(po.PolyoptError):
            kernel(x, None)
    assert (sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(table)) == before


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_returned_number_comes_from_c(dtype, in_c_too):
    @po.kernel(schedule="source", fp="strict")
    def last(x):
        found = x[0]
        for i in range(x.shape[0]):
            found = x[i]
        return found

    special = {"f": [0.1, np.inf, -0.0, np.nan], "b": [True, False]}
    limits = np.iinfo(dtype.numpy) if dtype.kind in "iu" else None
    values = special.get(dtype.kind) or [limits.min, limits.max, 7]
    for value in values:
        x = np.array([0, value], dtype.numpy)
        results = last(x), last(x), last._checked(x)
        assert {type(r) for r in results} == {dtype.numpy.type}
        assert {r.tobytes() for r in results} == {x[1:].tobytes()}
    assert in_c_too(last, x)
    out = np.zeros(1, dtype.numpy)
    with pytest.raises(po.CallError):
        last(x, out=out)


@pytest.mark.parametrize("value", [3, 2.5, True, -(2**39), float("inf")])
def test_python_s_own_numbers_too(value, in_c_too):
    @po.kernel(schedule="source")
    def same(v, n):
        result = v
        for _ in range(n):
            result = v
        return result

    for _ in range(2):
        assert same(value, 2) == value
        assert type(same(value, 2)) is type(same.py_func(value, 2))
    assert in_c_too(same, value, 2)


def test_checks_of_kernels_that_return_numbers(in_c_too):
    @po.kernel
    def total(n, x, y):
        s = 0.0
        for i in range(n):
            s += x[i] * y[i]
            x[i] = s
        return s

    x, y = np.ones(4), np.ones(4)
    assert [total(4, np.ones(4), y) for _ in range(3)] == [4.0] * 3
    assert in_c_too(total, 4, np.ones(4), y)
    for call in (total, total._checked):
        with pytest.raises(po.BoundsError):
            call(5, x, y)
        with pytest.raises(po.AliasError):
            call(3, x[1:], x[:3])
        with pytest.raises(po.BadArgumentError):
            call(3, np.broadcast_to(1.0, 3), y)
    assert x.tolist() == [1.0] * 4
    before = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(None)
    for _ in range(1000):
        total(4, x, y)
    after = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(None)
    assert after[:2] == before[:2]
    assert abs(after[2] - before[2]) < 100
