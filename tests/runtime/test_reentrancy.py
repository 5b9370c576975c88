"""Kernels that are called in the middle of their own first call, as handlers of signals and
finalizers do, by the same thread, while it holds whatever that call holds; and in children that are
forked in the middle of another thread's."""

import multiprocessing
import threading

import numpy as np
import pytest

import polyopt as po
from polyopt import pipeline
from polyopt.runtime import cache, table

TEXT = """
def shifted(n, x):
    for i in range(n):
        x[i] = x[i] * {number} + 1
"""


def called_within(monkeypatch, place, name, kernel):
    """Have the function of a module call the kernel again, the first time that it is called."""
    original, inner = getattr(place, name), np.ones(3)
    calls = []

    def again(*args, **kwargs):
        calls.append(name)
        if len(calls) == 1:
            kernel(3, inner)
        return original(*args, **kwargs)

    monkeypatch.setattr(place, name, again)
    return inner, calls


@pytest.mark.usefixtures("cache_folder")
@pytest.mark.parametrize(
    ("place", "name"),
    [
        (pipeline, "parse"),
        (pipeline, "extract"),
        (pipeline, "lower"),
        (pipeline, "Stages"),
        (cache, "compile_library"),
        (cache, "seal"),
        (table, "row"),
        (table, "table"),
    ],
)
def test_a_kernel_is_called_in_the_middle_of_its_first_call(place, name, monkeypatch):
    kernel, x = po.kernel_from_text(TEXT.format(number=2.5)), np.ones(5)
    kernel(1, np.ones(1, np.float32))  # what is compiled once for all kernels is there
    inner, calls = called_within(monkeypatch, place, name, kernel)
    worker = threading.Thread(target=kernel, args=(5, x), daemon=True)
    worker.start()
    worker.join(60)
    assert not worker.is_alive()
    assert calls
    assert x.tolist() == [3.5] * 5
    assert inner.tolist() == [3.5] * 3
    kernel(5, x)
    assert x.tolist() == [9.75] * 5
    with pytest.raises(po.BoundsError, match="n = 6"):
        kernel(6, x)
    assert [p.suffix for p in cache.directory().glob("*.lock")] == []


@pytest.mark.usefixtures("cache_folder")
@pytest.mark.filterwarnings("ignore:This process")
@pytest.mark.parametrize("place", ["models", "kernel"])
def test_a_child_that_is_forked_while_another_thread_compiles(place):
    kernel, x = po.kernel_from_text(TEXT.format(number=4.5)), np.ones(5)
    lock = pipeline._MODEL_LOCK if place == "models" else kernel._lock
    held, done = threading.Event(), threading.Event()

    def compile_slowly():
        with lock:
            held.set()
            done.wait()

    worker = threading.Thread(target=compile_slowly)
    worker.start()
    held.wait()
    child = multiprocessing.get_context("fork").Process(target=kernel, args=(5, x))
    child.start()
    child.join(60)
    ended = child.exitcode
    child.kill()
    done.set()
    worker.join()
    assert ended == 0
