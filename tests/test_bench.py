"""Measuring: what is timed, what is compared, and what the report says of losses."""

import io
import itertools

import numpy as np
import pytest
from rich.console import Console

from polyopt import cli
from polyopt.bench import catalogue, timing
from polyopt.bench.peers import MAKERS, absence, polyopt_candidates
from polyopt.bench.report import Results, duration, geometric_mean, print_report, summary
from polyopt.bench.rows import Request, Row, read_rows, write_rows
from polyopt.bench.setting import PeerError, Setting
from polyopt.bench.timing import Candidate, Workspace, fastest, first_run, time_in_turn
from polyopt.bench.worker import Measurement


def row(kernel, tool, seconds, *, threads=1, correct=True, **others):
    return Row(kernel, "MINI", "f64", threads, tool, seconds, correct=correct, **others)


def test_every_run_starts_from_the_pristine_values():
    values = np.arange(4.0)
    workspace = Workspace((3, values))
    seen = []

    def run():
        seen.append(values.copy())
        values[:] *= 2

    candidate = Candidate("tool", "", run)
    first_run(candidate, workspace)
    workspace.note_written()
    workspace.keep_written()
    time_in_turn([candidate], workspace, repeat=2)
    assert len(candidate.samples) == 2
    assert len(seen) > 3  # short: several calls a sample
    assert all((each == np.arange(4.0)).all() for each in seen)


def test_arrays_that_no_run_writes_are_not_copied_back():
    read, written = np.ones(3), np.zeros(3)
    workspace = Workspace((read, written))
    written[1] = np.nan
    workspace.note_written()
    workspace.keep_written()
    assert not written.any()
    read[0] = written[0] = 5
    workspace.reset()
    assert read[0] == 5
    assert written[0] == 0


def test_a_variant_far_behind_its_tool_is_not_repeated():
    workspace = Workspace(())
    good, bad, other = (Candidate(tool, "", lambda: None) for tool in ("a", "a", "b"))
    good.first, bad.first, other.first = 0.2, 0.3, 0.5
    time_in_turn([good, bad, other], workspace, repeat=3)
    assert [len(each.samples) for each in (good, bad, other)] == [3, 0, 3]
    assert fastest([good, bad, other], "a") is good
    assert fastest([bad], "a") is None


@pytest.mark.parametrize(("seconds", "samples"), [(1.0, 8), (3.0, 2), (4.0, 2), (20.0, 1)])
def test_slow_tools_run_few_times(monkeypatch, seconds, samples):
    clock = itertools.count(step=seconds)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    candidate = Candidate("gcc", "", lambda: None)
    first_run(candidate, Workspace(()))
    time_in_turn([candidate], Workspace(()), repeat=9)
    assert candidate.samples == [seconds] * samples


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.377, "1.38 s"),
        (12.31, "12.3 s"),
        (0.02661, "26.6 ms"),
        (0.00031, "310 µs"),
        (9.9e-8, "0.10 µs"),
        (0.0, "0 µs"),
        (None, "-"),
    ],
)
def test_durations_have_three_digits_and_a_unit(seconds, text):
    assert duration(seconds) == text


def test_geometric_mean():
    assert geometric_mean([1.0, 4.0]) == pytest.approx(2.0)
    assert geometric_mean([]) is None


def test_the_summary_starts_with_what_went_wrong():
    results = Results(
        [
            row("good", "polyopt", 1.0),
            row("good", "gcc", 4.0),
            row("slow", "polyopt", 2.0),
            row("slow", "gcc", 1.0),
            row("wrong", "polyopt", None, correct=False, error="wrong result: C[0] is 1"),
            row("wrong", "gcc", 1.0),
        ]
    )
    assert results.worst() == "wrong"
    assert not results.all_valid
    assert summary(results) == [
        "1 thread: no valid result: wrong (wrong result: C[0] is 1)",
        "1 thread: slower than gcc: slow 0.50×",
        "1 thread: times faster, geometric mean: gcc 1.41× (2 of 3)",
    ]


def test_the_summary_tells_what_compiling_took():
    times = {"a": (0.1, 0.3), "b": (0.4, 0.5), "c": (0.2, 0.9)}
    results = Results(
        [
            row(kernel, "polyopt", 1.0, model_seconds=model, compile_seconds=whole)
            for kernel, (model, whole) in times.items()
        ]
    )
    assert summary(results) == [
        "from Python to C: median 200 ms, slowest b 400 ms; with the C compiler: median 500 ms"
    ]


def test_the_summary_says_when_the_machine_was_not_quiet():
    results = Results([row("k", "polyopt", 1.0), row("k", "gcc", 1.0, cpu_share=0.5)])
    assert "the machine was not quiet" in summary(results)[-1]


def test_the_piped_table_is_plain_text_of_at_most_100_columns():
    rows = [
        row("floyd-warshall", tool, 1.5, threads=threads, compile_seconds=0.25)
        for threads in (1, 2)
        for tool in ("polyopt", "gcc", "numpy", "numba")
    ]
    rows.append(row("broken", "polyopt", None, correct=False, error="died of SIGSEGV"))
    text = io.StringIO()
    print_report(Console(file=text, width=100), Results(rows))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in text.getvalue()
    line = next(line for line in lines if line.startswith("broken"))
    assert line.split() == ["broken", "failed", *"-------"]


def test_many_peers_are_shown_by_their_ratios():
    tools = ("polyopt", "gcc", "numpy", "numba", "scipy", "pythran", "script")
    rows = [row("floyd-warshall", tool, 1.5, compile_seconds=0.25) for tool in tools]
    text = io.StringIO()
    print_report(Console(file=text, width=100), Results(rows))
    heading, line = text.getvalue().splitlines()[1:3]
    assert heading.split()[:4] == ["kernel", "polyopt", "×", "gcc"]
    assert line.split() == ["floyd-warshall", "1.50", "s", *["1.00×"] * 6, "250", "ms"]
    assert max(len(heading), len(line)) <= 100


def test_of_a_crowd_of_peers_the_best_are_shown():
    times = {"polyopt": 1.0, "gcc": 4.0, "clang": 0.8, "polly": 0.9, "numpy": 2.0, "scipy": 0.5}
    times |= {"jax": 0.75, "pluto": 3.0, "script": 0.1, "numba": 1.0}
    rows = [row("floyd-warshall", *each, compile_seconds=0.25) for each in times.items()]
    rows += [row("even", tool, 1.0) for tool in times if tool not in ("scipy", "jax", "numpy")]
    rows.append(row("other", "polyopt", 1.0))
    text = io.StringIO()
    print_report(Console(file=text, width=100), Results(rows))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[2].split()[3:-2] == ["scipy", "0.50×", "clang", "0.80×", "scipy", "0.50×"]
    assert lines[3].split()[3:] == ["clang", "1.00×", "clang", "1.00×", "-", "-", "-"]
    assert lines[4].split()[3:] == ["-"] * 7
    assert summary(Results(rows))[:2] == [
        "1 thread: below 0.95 of the best loop compiler: floyd-warshall 0.80× (clang)",
        "1 thread: below 0.8 of the best library call: floyd-warshall 0.50× (scipy)",
    ]
    assert "the best peer of each kernel 0.71×" in summary(Results(rows))[2]


def test_rows_survive_a_file(tmp_path):
    rows = [row("a", "polyopt", 0.5, model_seconds=0.1), row("a", "gcc", None, correct=False)]
    write_rows(rows, tmp_path / "rows.json")
    assert read_rows(tmp_path / "rows.json") == rows


def test_a_request_makes_rows_of_its_own_kernel():
    request = Request("gemm", "MINI", "f64", 2, ("gcc",), 3, "strict")
    made = request.row("gcc", error="no compiler")
    assert made == Row("gemm", "MINI", "f64", 2, "gcc", error="no compiler")
    assert not made.valid


def test_the_opencl_device_is_a_tool_whose_result_is_compared(monkeypatch):
    request = Request("gemm", "MINI", "f64", 1, ("gcc", "opencl"), 1, "strict")
    rows = {row.tool: row for row in Measurement(request, lambda _: None).rows()}
    assert rows["opencl"].valid, rows["opencl"].error
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert absence("opencl") == 'pyopencl is not installed: pip install "polyopt[opencl]"'


def test_schedules_written_by_hand_are_a_tool_of_their_own():
    benchmark = catalogue.find("jacobi-2d")
    sizes = catalogue.sizes_of(benchmark, "MINI")
    workspace = Workspace(catalogue.arguments(benchmark, sizes, "f64"))
    setting = Setting(benchmark, sizes, 1, "strict", "f64")
    by_hand, *_ = MAKERS["script"](setting, workspace)
    automatic, *_ = polyopt_candidates(setting, workspace)
    assert (by_hand.tool, automatic.tool) == ("script", "polyopt")
    results = []
    for each in (by_hand, automatic):
        workspace.reset()
        each.run()
        results.append([value.copy() for value in workspace.arguments[1:]])
    assert all(map(np.array_equal, *results))


def test_a_kernel_without_a_schedule_written_by_hand():
    benchmark = catalogue.find("durbin")
    assert catalogue.hand_schedule(benchmark) is None
    assert "durbin" not in catalogue.with_hand_schedules()
    with pytest.raises(PeerError, match="no schedule written by hand"):
        MAKERS["script"](Setting(benchmark, {}, 1, "strict", "f64"), Workspace(()))


def test_schedules_are_asked_for_by_an_option(monkeypatch):
    asked = []

    def measured(request, limit):
        asked.append(request)
        return [request.row(tool, seconds=1.0, correct=True) for tool in ("polyopt", "script")]

    monkeypatch.setattr(cli, "measure", measured)
    assert cli.main(["bench", "--schedule", "--threads", "1", "--peers", "gcc"]) == 0
    assert tuple(request.kernel for request in asked) == catalogue.with_hand_schedules()
    assert {request.peers for request in asked} == {("script", "gcc")}
