"""The cache's folder stays clean: unfinished work, locks, and a limit on its size."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

import polyopt as po
from polyopt.runtime import housekeeping
from polyopt.runtime.cache import cache_info, library_path
from polyopt.runtime.folders import work_prefix
from polyopt.runtime.housekeeping import ENTRY, evict, size_limit, tidy

NAME = "0123456789abcdef" * 4


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "cache"
    made.mkdir(mode=0o700)
    return made


def dead_process():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_work_of_dead_processes_goes_and_that_of_living_ones_stays(folder):
    host = work_prefix().split("-")
    living = folder / f"{work_prefix()}abc"
    living.mkdir()
    (folder / f"{work_prefix()}1.call").write_text("")
    dead = "-".join([*host[:-2], str(dead_process()), "abc"])
    (folder / dead).mkdir()
    (folder / dead / "x.c").write_text("")
    (folder / f"{dead}.call").write_text("")
    (folder / "build-elsewhere-1-abc").mkdir()
    ancient = folder / "build-elsewhere-2-abc"
    ancient.mkdir()
    os.utime(ancient, (0, 0))
    (folder / "build-of-a-user.txt").write_text("")
    tidy(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [living.name, f"{work_prefix()}1.call", "build-elsewhere-1-abc", "build-of-a-user.txt"]
    )


def test_locks_that_nobody_holds_go(folder):
    held, left, other = (folder / name for name in (f"{NAME}.lock", f"{NAME[::-1]}.lock", "x.lock"))
    left.write_text("")
    other.write_text("")
    with FileLock(held):
        tidy(folder)
        assert sorted(folder.iterdir()) == sorted([held, other])


def fill(folder, count, size):
    for number in range(count):
        stem = f"{number:064x}"
        for suffix in (".c", ".so", ".call"):
            path = folder / f"{stem}{suffix}"
            path.write_bytes(bytes(size))
            os.utime(path, (number, number))


def test_what_was_used_longest_ago_goes_first(folder):
    fill(folder, 10, 1000)
    (folder / "kept.txt").write_bytes(bytes(10**6))
    evict(folder, 30_000)
    assert len(list(folder.glob("*.so"))) == 10
    os.utime(folder / f"{0:064x}.so", (100, 100))
    evict(folder, 29_999)
    left = sorted(int(path.stem, 16) for path in folder.glob("*.so"))
    assert left == [0, 4, 5, 6, 7, 8, 9]
    assert len(list(folder.iterdir())) == 3 * 7 + 1


def test_a_build_keeps_the_limit(cache_folder, scale, monkeypatch):
    cache_folder.mkdir(mode=0o700)
    fill(cache_folder, 5, 100_000)
    monkeypatch.setenv("POLYOPT_CACHE_MIB", "0.5")
    made = library_path(scale)
    assert made.exists()
    assert cache_info().entries == 2


@pytest.mark.parametrize("text", ["0", "-1", "many", "nan"])
def test_a_limit_that_is_none(text, monkeypatch):
    monkeypatch.setenv("POLYOPT_CACHE_MIB", text)
    with pytest.raises(po.BadArgumentError) as caught:
        size_limit()
    assert str(caught.value) == f"POLYOPT_CACHE_MIB is a number of MiB, not {text!r}"


def test_the_limit_by_default(monkeypatch):
    monkeypatch.delenv("POLYOPT_CACHE_MIB", raising=False)
    assert size_limit() == housekeeping.DEFAULT_MIB * 2**20


STORM = """
import sys
import numpy as np
import polyopt as po

@po.kernel
def scale(x, y):
    for i in range(x.shape[0]):
        y[i] = ROUND * x[i]

ROUND = int(sys.argv[1])
x, y = np.arange(5.0), np.zeros(5)
scale(x, y)
assert y.tolist() == (ROUND * x).tolist()
print("right")
"""


KILLED = """
import os, pathlib, signal, sys
from polyopt.runtime import cache, index

def end(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

if "STAGE" == "parse":
    import polyopt.pipeline
    polyopt.pipeline.parse = end
elif "STAGE" == "compile":
    cache.compile_library = end
else:
    suffix, replace = {"publish": ".so", "remember": ".call"}["STAGE"], pathlib.Path.replace
    pathlib.Path.replace = lambda self, to: end() if to.suffix == suffix else replace(self, to)
"""


def storm(folder, file, processes, rounds, seed):
    """Many processes call one cold kernel; of one in four a random moment is the last."""
    file.write_text(STORM)
    rng = random.Random(seed)
    environment = {**os.environ, "POLYOPT_CACHE_DIR": str(folder), "TMPDIR": str(file.parent)}
    span, killed = 2.0, 0
    for number in range(rounds):
        command = [sys.executable, str(file), str(number)]
        began = time.monotonic()
        started = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
            for _ in range(processes)
        ]
        doomed = started[: max(processes // 4, 1)]
        moments = sorted(rng.uniform(0, span) for _ in doomed)
        for process, moment in zip(doomed, moments, strict=True):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
        words = [process.communicate(timeout=100)[0] for process in started]
        span = time.monotonic() - began
        assert all(word == "right\n" for word in words[len(doomed) :])
        again = subprocess.run(command, capture_output=True, check=True, env=environment)
        assert again.stdout == b"right\n"
    assert left_behind(folder, file.parent) == []
    return killed


def left_behind(folder, temporary):
    """What is unfinished when the next command has looked at the cache."""
    command = [sys.executable, "-m", "polyopt.cli", "cache", "info"]
    environment = {**os.environ, "POLYOPT_CACHE_DIR": str(folder), "TMPDIR": str(temporary)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    names = [path.name for path in folder.iterdir() if not ENTRY.fullmatch(path.name)]
    names += [path.name for path in folder.glob("*.lock")]
    return names + [p.name for p in temporary.iterdir() if p.suffix != ".py" and p != folder]


def test_processes_that_are_killed_leave_nothing_behind(folder, tmp_path):
    storm(folder, tmp_path / "storm.py", processes=4, rounds=2, seed=1)


@pytest.mark.parametrize("stage", ["parse", "compile", "publish", "remember"])
def test_a_process_that_is_killed_in_a_stage(stage, folder, tmp_path):
    """Each stage that holds something on disk is the last once; then all is as new."""
    file, temporary = tmp_path / "storm.py", tmp_path / "temporary"
    temporary.mkdir()
    file.write_text(KILLED.replace("STAGE", stage) + STORM)
    environment = {**os.environ, "POLYOPT_CACHE_DIR": str(folder), "TMPDIR": str(temporary)}
    command = [sys.executable, str(file), "3"]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    file.write_text(STORM)
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert done.stdout == b"right\n"
    assert left_behind(folder, temporary) == []


if __name__ == "__main__":  # python tests/runtime/test_housekeeping.py FOLDER [PROCESSES [ROUNDS]]
    place = Path(sys.argv[1])
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    counts = [int(word) for word in sys.argv[2:]] + [16, 50][len(sys.argv) - 2 :]
    ended = storm(place / "cache", place / "storm.py", *counts, seed=time.time_ns())
    print(f"{ended} processes killed; the others were right, and nothing was left behind")
