"""Calls and compilations leave no memory behind, and long kernels leave the lock to others."""

import gc
import multiprocessing
import threading
from pathlib import Path

import numpy as np
import pytest

import polyopt as po

STATUS = Path("/proc/self/statm")
PAGE = 4096


@po.kernel
def axpy(n, a, x, y):
    for i in range(n):
        y[i] += a * x[i]


def resident():
    gc.collect()
    return int(STATUS.read_text().split()[1]) * PAGE


def grown(work, times):
    """Bytes that the process grew by, when `work` has run before."""
    for _ in range(max(times // 10, 3)):
        work()
    before = resident()
    for _ in range(times):
        work()
    return resident() - before


def calls_of_every_kind():
    x, y, z = np.ones(8), np.ones(8), np.ones(16)[::2]
    axpy(8, 1.0, x, y)
    axpy(8, a=0.5, x=x, y=y)
    axpy(8, np.float64(1), z, y)
    axpy(8, np.array(1.0), x, y)
    for bad in ((9, 1.0, x, y), (8, 1.0, x, None), (8, 1.0, x), (8, 1.0, y[1:], y[:-1])):
        with pytest.raises(po.PolyoptError):
            axpy(*bad)


@pytest.mark.skipif(not STATUS.exists(), reason="reads /proc")
def test_calls_leave_no_memory_behind():
    assert grown(calls_of_every_kind, 2000) < 1 << 20


@pytest.mark.skipif(not STATUS.exists(), reason="reads /proc")
def test_kernels_leave_no_memory_behind():
    def compiled():
        axpy.with_options(schedule=lambda s: s)(8, 1.0, np.ones(8), np.ones(8))

    assert grown(compiled, 20) < 1 << 20


@po.kernel
def spin(T, x):
    for _t in range(T):
        for i in range(x.shape[0]):
            x[i] = x[i] * 0.5 + 1.0


@pytest.mark.parametrize("way", ["first", "later"])
def test_a_long_kernel_lets_other_threads_run(way):
    if way == "later":
        spin(1, np.zeros(8))
    done = threading.Event()
    steps = 0

    def work():
        spin(10_000_000, np.zeros(8))
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not done.is_set():
        steps += 1
        done.wait(0.001)
    worker.join()
    assert steps > 5


def double_all(x):
    axpy(x.shape[0], 1.0, x.copy(), x)
    return x.tolist()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process")
def test_kernels_in_a_pool_of_processes(method):
    double_all(np.ones(3))
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(double_all, [np.ones(3), np.ones(2)]) == [[2.0] * 3, [2.0] * 2]
        assert pool.apply(axpy, (1, 1.0, np.ones(1), np.ones(1))) is None
