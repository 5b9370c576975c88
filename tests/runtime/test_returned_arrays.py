"""Arrays and tuples that kernels return are made in C; what C does not take, Python decides."""

import gc
import sys
import threading

import numpy as np
import pytest

import polyopt as po


@pytest.fixture
def python_calls(monkeypatch):
    """The calls that went through Python, one item each."""
    seen = []
    checked = po.Kernel._checked

    def watched(self, *args, **kwargs):
        seen.append(self)
        return checked(self, *args, **kwargs)

    monkeypatch.setattr(po.Kernel, "_checked", watched)
    return seen


@po.kernel
def add(x, y):
    z = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        z[i] = x[i] + y[i]
    return z


@po.kernel
def table(n, x):
    t = np.zeros((n, x.shape[0]), dtype=np.int32)
    s = 0.0
    for i in range(n):
        for j in range(x.shape[0]):
            t[i, j] = i + 10 * j
    for j in range(x.shape[0]):
        s += x[j]
    return t, (s, x), t


@po.kernel
def shifted(n, k, x):
    z = np.empty(n - 3)
    for i in range(n - 3):
        z[i] = x[i + k]
    return z


def warm():
    x = np.arange(4.0)
    add(x, x)
    add(x, np.ones(4))
    table(2, x)
    shifted(4, 0, x)
    return x


@pytest.mark.parametrize("n", [0, 1, 5, 3000])
def test_one_array(n, python_calls):
    warm()
    python_calls.clear()
    x, y = np.arange(float(n)), np.ones(n)
    z = add(x, y)
    assert not python_calls
    assert type(z) is np.ndarray
    assert (z.dtype, z.base, z.tolist()) == (np.float64, None, (x + 1).tolist())
    assert sys.getrefcount(z) == 2


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 3)])
def test_several_values_in_a_tuple(shape, python_calls):
    warm()
    python_calls.clear()
    x = np.arange(float(shape[1]))
    first, (number, given), again = table(shape[0], x)
    assert not python_calls
    assert (first.shape, first.dtype) == (shape, np.int32)
    assert first.tolist() == [[i + 10 * j for j in range(shape[1])] for i in range(shape[0])]
    assert type(number) is np.float64
    assert number == x.sum()
    assert given is x
    assert again is first


def test_out_takes_the_place_of_what_is_made(python_calls):
    x = warm()
    python_calls.clear()
    own, whole = np.zeros(4), np.zeros(4)
    assert add(x, x, out=own) is own
    assert add(y=x, x=x, out=own) is own
    assert own.tolist() == [0.0, 2.0, 4.0, 6.0]
    assert add(x, x, out=None).tolist() == own.tolist()
    assert add(x, x, out=whole[:]).tolist() == own.tolist()
    t = np.zeros((2, 4), np.int32)
    assert table(2, x, out=t)[0] is t
    assert not python_calls


def test_out_that_c_does_not_take(python_calls):
    x = warm()
    for number, own in enumerate((np.zeros(8)[::2], np.zeros(4)[::-1]), 1):
        assert add(x, x, out=own) is own
        assert own.tolist() == [0.0, 2.0, 4.0, 6.0]
        assert len(python_calls) >= number
    same = np.arange(4.0)
    assert add(same, x, out=same) is same
    assert same.tolist() == [0.0, 2.0, 4.0, 6.0]
    shared = np.arange(8.0)
    assert add(shared[:4], x, out=shared[2:6]).tolist() == [0.0, 2.0, 4.0, 6.0]
    assert shared.tolist() == [0.0, 1.0, 0.0, 2.0, 4.0, 6.0, 6.0, 7.0]


@pytest.mark.parametrize(
    ("own", "error"),
    [
        (np.zeros(5), po.ShapeError),
        (np.zeros((4, 1)), po.ShapeError),
        (np.zeros(4, np.float32), po.DtypeError),
        (np.zeros(4, ">f8"), po.DtypeError),
        (np.ma.zeros(4), po.DtypeError),
        ([0.0] * 4, po.DtypeError),
        (np.broadcast_to(0.0, 4), po.BadArgumentError),
        ((None, None), po.CallError),
    ],
)
def test_out_that_is_refused(own, error):
    x = warm()
    for _ in range(2):
        with pytest.raises(error):
            add(x, x, out=own)


def test_an_unknown_name_beside_out():
    x = warm()
    with pytest.raises(po.CallError, match="other"):
        add(x, x, out=np.zeros(4), other=1)


def test_sizes_below_zero_and_beyond_memory():
    x = warm()
    for _ in range(2):
        with pytest.raises(po.BoundsError, match="-2"):
            shifted(1, 0, x)
        with pytest.raises(MemoryError):
            shifted(1 << 39, 0, x)
        with pytest.raises(MemoryError):
            shifted(1 << 62, 0, x)
    assert shifted(3, 0, x).shape == (0,)


def test_a_check_that_fails_drops_what_was_made():
    x = warm()
    own = np.zeros(1)
    before = sys.getrefcount(own), sys.getrefcount(x)
    for _ in range(100):
        with pytest.raises(po.BoundsError):
            shifted(4, 9, x)
        with pytest.raises(po.BoundsError):
            shifted(4, 9, x, out=own)
    gc.collect()
    assert (sys.getrefcount(own), sys.getrefcount(x)) == before


def test_calls_leave_no_references_behind():
    x = warm()
    own, kind, names = np.zeros(4), np.dtype(np.float64), np.empty

    def counts():
        return [sys.getrefcount(each) for each in (x, own, kind, names, ())]

    before = counts()
    for _ in range(1000):
        add(x, x)
        add(x, x, out=own)
        table(2, x)
        add(x, x, out=x)
    gc.collect()
    assert all(abs(a - b) < 100 for a, b in zip(counts(), before, strict=True))


def test_an_argument_of_the_name_out():
    @po.kernel
    def twice(x, out):
        z = np.empty(x.shape[0])
        for i in range(x.shape[0]):
            z[i] = x[i] * out
        return z

    for _ in range(3):
        assert twice(np.ones(2), out=3.0).tolist() == [3.0, 3.0]


def test_a_kernel_that_makes_nothing_refuses_out():
    @po.kernel
    def nothing(x):
        for i in range(x.shape[0]):
            x[i] = 1.0

    x = np.zeros(3)
    nothing(x)
    with pytest.raises(po.CallError, match="returns no array"):
        nothing(x, out=x)
    nothing(x, out=None)


def test_as_many_arguments_as_c_takes_and_a_result():
    names = [f"a{i}" for i in range(32)]
    text = f"def most({', '.join(names)}):\n    s = 0.0\n    for i in range(2):\n"
    text += "".join(f"        s += {name}[i]\n" for name in names) + "    return s\n"
    most = po.kernel_from_text(text)
    values = [np.full(2, float(i)) for i in range(32)]
    for _ in range(3):
        assert most(*values) == 2 * sum(range(32))


def test_a_finalizer_that_resizes_an_argument(python_calls):
    """What a collection runs while arrays are made cannot make C write beyond an array."""
    warm()

    class Cycle:
        def __init__(self, array):
            self.array, self.own = array, self

        def __del__(self):
            self.array.resize(1, refcheck=False)

    thresholds = gc.get_threshold()
    try:
        for _ in range(50):
            x = np.ones(5000)
            Cycle(x)
            gc.set_threshold(1)
            z = add(x, x[:] if x.shape[0] == 1 else np.ones(x.shape[0]))
            gc.set_threshold(*thresholds)
            assert z.tolist() in ([2.0] * 5000, [2.0])
    except po.ShapeError:
        pass
    finally:
        gc.set_threshold(*thresholds)


def test_threads_get_arrays_of_their_own():
    warm()
    wrong = []

    def work(number):
        x = np.full(20_000, float(number))
        wrong.extend(z for z in (add(x, x) for _ in range(50)) if (z != 2 * number).any())

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
