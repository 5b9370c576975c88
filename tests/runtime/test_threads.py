"""How many threads a call uses, counted by the system, each time in a fresh process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TASKS = Path("/proc/self/task")

pytestmark = pytest.mark.skipif(not TASKS.is_dir(), reason="counts threads in /proc")

PROGRAM = """
import os, sys, ctypes
import numpy as np
import polyopt as po

@po.kernel
def double(x, y):
    for i in range(x.shape[0]):
        y[i] = 2 * x[i]

def threads():
    return len(os.listdir("/proc/self/task"))

def run(kernel, size, before=None):
    x, y = np.ones(size), np.zeros(size)
    started = threads()
    for _ in range(3):
        kernel(x, y)
    assert y.tolist() == [2.0] * size
    return threads() - started

SMALL, LARGE = 1000, 400_000
{body}
"""


def more_threads(body, cwd, **environment):
    """What a program prints."""
    file = cwd / "program.py"
    file.write_text(PROGRAM.replace("{body}", body))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    done = subprocess.run(
        [sys.executable, str(file)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={"OPENBLAS_NUM_THREADS": "1", **inherited, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_small_work_stays_on_one_thread_and_large_work_does_not(tmp_path):
    body = "print(run(double, SMALL), run(double, LARGE))"
    assert more_threads(body, tmp_path, OMP_NUM_THREADS="3") == ["0", "2"]


def test_one_thread_where_the_environment_says_so(tmp_path):
    assert more_threads("print(run(double, LARGE))", tmp_path, OMP_NUM_THREADS="1") == ["0"]


def test_the_option_goes_before_the_environment(tmp_path):
    body = "print(run(double.with_options(threads=4), LARGE), run(double, LARGE))"
    assert more_threads(body, tmp_path, OMP_NUM_THREADS="1") == ["3", "0"]


def test_a_limit_set_in_the_runtime_is_kept(tmp_path):
    """As threadpoolctl sets it: by the function of the runtime that is loaded."""
    body = """
double(np.ones(1), np.ones(1))
paths = {line.split()[-1] for line in open("/proc/self/maps") if "libgomp" in line}
for path in paths:
    ctypes.CDLL(path).omp_set_num_threads(1)
print(run(double, LARGE), run(double.with_options(threads=2), LARGE), run(double, LARGE))
print(*[ctypes.CDLL(path).omp_get_max_threads() for path in paths])
"""
    printed = more_threads(body, tmp_path, OMP_NUM_THREADS="4")
    assert printed == ["0", "1", "0", "1"]


def test_forked_children_run_on_one_thread(tmp_path):
    body = """
kernels = double, double.with_options(threads=2)
for kernel in kernels:
    run(kernel, LARGE)
child = os.fork()
if child == 0:
    alone = threads() == 1 and all(run(kernel, LARGE) == 0 for kernel in kernels)
    os._exit(0 if alone else 1)
print(os.waitpid(child, 0)[1])
"""
    assert more_threads(body, tmp_path, OMP_NUM_THREADS="3") == ["0"]
