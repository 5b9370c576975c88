"""A sample of the kernels under Oclgrind, which tells of data races, accesses out of range and of
memory that nothing has written; `scripts/oclgrind-all` runs all of them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "oclgrind-all"
NEEDED = "POLYOPT_TESTS_NEED_OCLGRIND"
SAMPLE = ("atax", "gemm", "jacobi-2d", "trisolv")


@pytest.fixture(autouse=True)
def oclgrind():
    if shutil.which("oclgrind") is None:
        reason = "Oclgrind is not installed: apt-get install oclgrind"
        assert NEEDED not in os.environ, reason
        pytest.skip(reason)


def watched(*options):
    command = [sys.executable, "-W", "ignore", str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("model", ["cpu", "gpu"])
def test_nothing_is_found_in_a_sample(model):
    done = watched(*SAMPLE, "--model", model, "--fp", "reassociate")
    words = [line.split()[-1] for line in done.stdout.splitlines()[:-1]]
    assert words == ["clean"] * len(SAMPLE), done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("planted", "kernel", "found"),
    [
        ("race", "gemm", "(Read-write|Write-write) data race at global memory"),
        ("barrier", "atax", "Uninitialized value written to local memory"),
        ("range", "gemm", "Invalid (read|write) of size 8 at global memory"),
        ("value", "jacobi-2d", "Uninitialized value"),
    ],
)
def test_a_planted_bug_is_found(planted, kernel, found):
    done = watched(kernel, "--model", "gpu", "--fp", "reassociate", "--plant", planted)
    assert done.returncode == 1
    assert "FINDING" in done.stdout
    assert re.search(found, done.stdout), done.stdout
