"""Compilers, JAX and recorded ratios as tools that polyopt is measured beside."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from polyopt.bench import catalogue, plain_c
from polyopt.bench.peers import OTHERS, PEERS, absence
from polyopt.bench.plain_c import Way, newest_clang, polly_absence, polly_ways, ways
from polyopt.bench.recorded import RECORDED, recorded_row
from polyopt.bench.rows import Request
from polyopt.bench.setting import Setting
from polyopt.bench.timing import Candidate, Workspace, first_run, worth_repeating
from polyopt.bench.worker import Measurement
from polyopt_kernels import BaselineError, load_baseline


@pytest.fixture
def fresh(monkeypatch):
    """What was found of compilers is forgotten, before and after."""
    for found in (newest_clang, polly_absence):
        found.cache_clear()
    yield monkeypatch
    for found in (newest_clang, polly_absence):
        found.cache_clear()


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_newest_clang_is_taken(fresh, tmp_path):
    program(tmp_path, "clang-9", "")
    program(tmp_path, "clang-19", "")
    program(tmp_path, "clang-format", "")
    (tmp_path / "clang-20").write_text("not a program")
    fresh.setenv("PATH", str(tmp_path))
    assert Path(newest_clang()).name == "clang-19"
    newest_clang.cache_clear()
    program(tmp_path, "clang", "echo clang version 21.1.0")
    assert Path(newest_clang()).name == "clang"


def test_without_clang_or_polly_a_line_says_how_to_get_them(fresh, tmp_path):
    fresh.setenv("PATH", str(tmp_path))
    assert absence("clang") == "clang is not installed: apt install clang"
    assert absence("polly") == "polly is part of clang: apt install clang"
    newest_clang.cache_clear()
    polly_absence.cache_clear()
    program(tmp_path, "clang-19", "exit 1")
    assert absence("clang") == ""
    assert absence("polly") == (
        "clang-19 was built without Polly: Debian's clang from version 13 has it, apt install clang"
    )


def test_compilers_may_rearrange_sums_where_polyopt_may():
    assert [way.flags for way in ways("strict")] == [(), ()]
    assert ways("reassociate")[-1].flags == plain_c.REASSOCIATE
    assert [way.plain for way in ways("reassociate")] == [True, True, False]
    assert not {"-ffast-math", "-Ofast", "-funsafe-math-optimizations"} & set(
        ways("fast")[-1].flags
    )


def test_polly_runs_alone_and_on_threads():
    assert all("-polly" in way.flags for way in polly_ways("reassociate", 2))
    assert [("-polly-parallel" in way.flags) for way in polly_ways("strict", 2)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert not any("-polly-parallel" in way.flags for way in polly_ways("strict", 1))


def test_ways_that_give_the_same_library_are_timed_once():
    benchmark = catalogue.find("gemm")
    sizes = catalogue.sizes_of(benchmark, "MINI")
    workspace = Workspace(catalogue.arguments(benchmark, sizes, "f64"))
    asked = (Way("one", constants=True), Way("two", constants=True), Way("-", constants=False))
    setting = Setting(benchmark, sizes, 1, "strict", "f64")
    made = plain_c._compiled("clang", "gcc", asked, setting, workspace)
    assert [candidate.variant for candidate in made] == ["one", "-"]


def test_a_compiler_that_takes_too_long_is_ended(tmp_path):
    slow = program(tmp_path, "slow", "case $* in *-dM*) exit 0;; esac; exec sleep 60")
    with pytest.raises(BaselineError, match="ended after 0 s"):
        load_baseline(catalogue.find("gemm"), cache=tmp_path, compiler=slow, limit=0.2)


def test_results_of_clang_are_compared(monkeypatch):
    monkeypatch.setattr(plain_c, "newest_clang", lambda: "gcc")
    request = Request("atax", "MINI", "f64", 1, ("clang",), 1, "strict")
    rows = {row.tool: row for row in Measurement(request, lambda _: None).rows()}
    assert rows["clang"].valid, rows["clang"].error


def test_what_recorded_ratios_refer_to_is_timed_however_slow():
    plain, better = Candidate("gcc", "", lambda: None, reference=True), Candidate("gcc", "", int)
    plain.first, better.first = 2.0, 1.0
    assert worth_repeating([plain, better]) == [plain, better]


def test_recorded_times_scale_with_gcc():
    request = Request("gemm", "LARGE", "f64", 1, ("pluto",), 1, "strict")
    row = recorded_row(request, "pluto", 0.29)
    assert row.valid
    assert row.seconds == pytest.approx(2 * 0.0894)
    assert row.variant == "recorded ratio"


@pytest.mark.parametrize(
    ("kernel", "size", "dtype", "baseline", "words"),
    [
        ("gemm", "MINI", "f64", 1.0, "recorded for LARGE and f64 alone"),
        ("gemm", "LARGE", "f32", 1.0, "recorded for LARGE and f64 alone"),
        ("adi", "LARGE", "f64", 1.0, "no recorded time of pluto for this kernel"),
        ("spmv", "LARGE", "f64", 1.0, "no recorded time of pluto for this kernel"),
        ("gemm", "LARGE", "f64", None, "no time of gcc that the recorded ratio could refer to"),
    ],
)
def test_without_a_recorded_time_there_is_a_dash_with_words(kernel, size, dtype, baseline, words):
    row = recorded_row(Request(kernel, size, dtype, 1, ("pluto",), 1, "strict"), "pluto", baseline)
    assert not row.valid
    assert row.error == words


def test_recorded_tools_are_not_run():
    request = Request("atax", "MINI", "f64", 1, ("pluto",), 1, "strict")
    rows = {row.tool: row for row in Measurement(request, lambda _: None).rows()}
    assert tuple(rows) == ("polyopt", "pluto")
    assert rows["pluto"].error == "recorded for LARGE and f64 alone"


def test_all_peers_are_those_that_are_not_polyopt():
    assert set(PEERS) - set(OTHERS) == {"script", "opencl"}
    assert set(RECORDED) <= set(OTHERS)


def test_results_that_stand_elsewhere_are_fetched_after_the_timing():
    values = np.zeros(3)
    candidate = Candidate("jax", "", lambda: None, finish=lambda: values.fill(7))
    first_run(candidate, Workspace((values,)))
    assert (values == 7).all()


def test_jax_forms_compute_their_kernels():
    pytest.importorskip("jax", reason="jax is not installed")
    script = Path(__file__).with_name("jax_forms_run.py")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
