"""Calls and compilations leave no memory behind, and long kernels leave the lock to others."""

import ctypes
import gc
import inspect
import itertools
import linecache
import multiprocessing
import threading
import time
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


TEXT = """
def line(n, x):
    for i in range(n):
        x[i] = x[i] * {number} + 1
"""
numbers = itertools.count(time.time_ns() % 10**9)
ISLPY = 10 << 10
"""More than what islpy (2026.2.2) loses of the heap in a small kernel: 231 times 32 bytes, and
two texts.

Of each argument that isl takes over (`__isl_take`) its generated C++ makes a copy in an object of
its own, `new set(isl_set_copy(…))` in a unique_ptr, and `release()` after the call gives that
object up without deleting it. Every function of its interface does so, and arguments that isl
keeps lose nothing; nor do conversions by a constructor. Texts that isl makes are lost whole:

    s = islpy.Set("{[i]: 0 <= i < 9}")
    for _ in range(10_000):
        s.lexmin()        # grows by 320,000 bytes (mallinfo2); s.intersect(s) by 640,000
        s.is_equal(s)     # by none
        islpy.UnionSet(s) # by none; islpy.UnionSet.from_set(s) by 320,000
        str(s)            # by 480,000; value.to_python() reads a text, value.get_num_si() does not
"""


class Malloc(ctypes.Structure):
    """What glibc's `mallinfo2` gives (mallinfo(3))."""

    NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = tuple((name, ctypes.c_size_t) for name in NAMES.split())


def heap():
    """Bytes of the heap that are in use; Python's own small objects are none of them."""
    gc.collect()
    found = ctypes.CDLL(None).mallinfo2
    found.restype = Malloc
    at = found()
    return at.uordblks + at.hblkhd


def a_kernel_comes_and_goes():
    number, x = next(numbers), np.ones(5)
    po.kernel_from_text(TEXT.format(number=number))(5, x)
    assert x.tolist() == [number + 1.0] * 5


def mapped_libraries(folder):
    lines = Path("/proc/self/maps").read_text().splitlines()
    return len({line.split()[-1] for line in lines if str(folder) in line})


def texts_kept():
    return {name for name in linecache.cache if name.startswith("<kernel ")}


def compile_many(count):
    """What `count` kernels leave in the process, one after the other: bytes for each of them."""
    before = texts_kept()
    each = grown(a_kernel_comes_and_goes, count) / count
    assert texts_kept() <= before
    return each


@pytest.mark.skipif(not STATUS.exists(), reason="reads /proc")
def test_kernels_leave_no_memory_behind(cache_folder):
    a_kernel_comes_and_goes()  # the first brings OpenMP's runtime, which stays
    gc.collect()
    before = mapped_libraries(cache_folder)
    assert compile_many(10) < 128 << 10
    assert mapped_libraries(cache_folder) == before


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc's malloc tells")
def test_a_compilation_loses_what_islpy_loses():
    for _ in range(5):
        a_kernel_comes_and_goes()
    before = heap()
    for _ in range(20):
        a_kernel_comes_and_goes()
    assert (heap() - before) / 20 < ISLPY


def test_a_text_is_kept_as_long_as_a_kernel_of_it():
    first, second = (po.kernel_from_text(TEXT.format(number=0.25)) for _ in range(2))
    file = first.py_func.__code__.co_filename
    del first
    gc.collect()
    assert inspect.getsource(second.py_func).startswith("def line(n, x):")
    del second
    gc.collect()
    assert file not in linecache.cache


def test_a_library_stays_while_its_entry_does(cache_folder):
    kernel, x = po.kernel_from_text(TEXT.format(number=0.125)), np.ones(5)
    entry = kernel.specialize(5, x).entry
    before = mapped_libraries(cache_folder)
    del kernel
    gc.collect()
    entry([5, x], [0, x.ctypes.data])
    assert x.tolist() == [1.125] * 5
    assert mapped_libraries(cache_folder) == before


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


if __name__ == "__main__":  # python tests/runtime/test_leaks.py
    bytes_grown = grown(calls_of_every_kind, 12_500)
    print(f"100,000 calls, half of them refused: grown by {bytes_grown / 1024:.0f} KiB")
    print(f"200 compilations: grown by {compile_many(200) / 1024:.1f} KiB each")
    at_first = heap()
    compile_many(200)
    print(f"220 more: the heap by {(heap() - at_first) / 220 / 1024:.1f} KiB each")
