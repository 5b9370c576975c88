"""The command line: what it lists, shows and measures, and what it says to a wrong name."""

import ast
import json

import pytest

from polyopt import cli
from polyopt.bench import catalogue, driver
from polyopt.bench.rows import Request

ROW_KEYS = {"kernel", "size", "dtype", "threads", "tool", "seconds", "compile_seconds", "correct"}


def polyopt(capsys, *arguments):
    """Exit code, output and error output of a command."""
    code = cli.main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_names_every_kernel_in_plain_text(capsys):
    code, out, err = polyopt(capsys, "list")
    assert (code, err) == (0, "")
    words = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert set(catalogue.EVERY) <= words
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("command", ["show", "run", "bench"])
def test_an_unknown_kernel_lists_close_names(capsys, command):
    code, out, err = polyopt(capsys, command, "jacobi2d")
    assert (code, out) == (1, "")
    assert err == 'there is no benchmark "jacobi2d"; close names: jacobi-2d, jacobi-1d, atax\n' or (
        err.startswith('there is no benchmark "jacobi2d"; close names: jacobi-2d, ')
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("run", "gemm", "--size", "HUGE"),
            f'there is no data set "HUGE"; the data sets are {", ".join(catalogue.SETS)}\n',
        ),
        (
            ("bench", "gemm", "--dtype", "f16"),
            'there is no element type "f16"; the types are f64, f32\n',
        ),
        (
            ("bench", "gemm", "--peers", "gcc,icc"),
            (
                'there is no peer "icc"; the peers are gcc, clang, polly, numpy, scipy, numba, '
                "pythran, jax, script, opencl, pluto, ppcg, all\n"
            ),
        ),
        (
            ("bench", "--suite", "spec"),
            'there is no suite "spec"; the suites are polybench, other, sparse, all\n',
        ),
        (
            ("bench", "gemm", "--threads", "0"),
            '--threads takes counts from 1, as in 1,2; it was "0"\n',
        ),
        (("bench", "gemm", "--repeat", "0"), "--repeat takes a number of samples from 1\n"),
    ],
)
def test_a_wrong_option_says_what_it_takes(capsys, arguments, message):
    assert polyopt(capsys, *arguments) == (1, "", message)


def test_a_wrong_stage_is_refused_by_name(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["show", "gemm", "--stage", "assembly"])
    assert stopped.value.code == 2
    assert "explain" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("source", "def gemm(alpha, beta, C, A, B):"),
        ("scop", "S1"),
        ("dependences", "flow"),
        ("schedule", "S1"),
        ("loops", "for"),
        ("c", "#pragma omp"),
        ("explain", "gemm"),
    ],
)
def test_every_stage_shows(capsys, stage, expected):
    code, out, err = polyopt(capsys, "show", "gemm", "--stage", stage, "--threads", "2")
    assert (code, err) == (0, "")
    assert expected in out


def test_the_script_of_a_schedule_is_python(capsys):
    code, out, _ = polyopt(capsys, "show", "gemm", "--stage", "script")
    assert code == 0
    ast.parse(out)


def test_run_compiles_times_and_checks(capsys):
    code, out, err = polyopt(capsys, "run", "gemm", "--size", "MINI", "--threads", "1", "--check")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == 'gemm MINI (NI=20, NJ=25, NK=30), f64, 1 thread, fp="reassociate"'
    assert lines[-2:] == [
        "  agrees with the plain Python function at MINI",
        "  agrees with plain C at this size",
    ]


def test_bench_writes_a_row_per_tool(capsys, tmp_path):
    file = tmp_path / "rows.json"
    code, out, err = polyopt(
        capsys, "bench", "atax", "--size", "MINI", "--threads", "1,2", "--peers", "gcc,numpy",
        "--repeat", "1", "--json", str(file),
    )  # fmt: skip
    assert (code, err) == (0, "")
    rows = json.loads(file.read_text())
    assert [(row["threads"], row["tool"]) for row in rows] == [
        (1, "polyopt"), (1, "gcc"), (1, "numpy"), (2, "polyopt"), (2, "gcc"), (2, "numpy"),
    ]  # fmt: skip
    for row in rows:
        assert set(row) >= ROW_KEYS
        assert (row["kernel"], row["size"], row["dtype"]) == ("atax", "MINI", "f64")
        assert row["correct"] is True
        assert row["error"] == ""
        assert row["seconds"] > 0
    assert "times faster, geometric mean: gcc" in out


def test_a_peer_that_is_not_installed_is_left_out_with_a_note(capsys, monkeypatch):
    asked = []

    def measured(request, limit):
        asked.append(request.peers)
        return [request.row(tool, seconds=1.0, correct=True) for tool in request.tools]

    monkeypatch.setattr(cli, "measure", measured)
    monkeypatch.setattr(
        cli, "absence", lambda peer: f"{peer} is not installed" if peer == "numba" else ""
    )
    code, out, _ = polyopt(
        capsys, "bench", "harris", "--threads", "1", "--peers", "gcc,numba", "--size", "MINI"
    )
    assert (code, asked) == (0, [("gcc",)])
    assert out.splitlines()[0] == "left out: numba is not installed"
    assert "numba" not in "".join(out.splitlines()[1:])


def test_a_suite_is_all_its_kernels(capsys, monkeypatch):
    asked = []

    def measured(request, limit):
        asked.append(request.kernel)
        return [request.row(tool, seconds=1.0, correct=True) for tool in request.tools]

    monkeypatch.setattr(cli, "measure", measured)
    for suite in ("polybench", "other", "sparse", "all"):
        asked.clear()
        assert polyopt(capsys, "bench", "--suite", suite, "--threads", "1")[0] == 0
        assert tuple(asked) == catalogue.suite(suite)


def test_tools_with_threads_of_their_own_are_measured_in_a_process_of_their_own(monkeypatch):
    asked = []

    def run(request, limit):
        asked.append((request.peers, request.apart))
        return [request.row(tool, seconds=1.0, correct=True) for tool in request.tools]

    monkeypatch.setattr(driver, "_measured", run)
    rows = driver.measure(Request("atax", "MINI", "f64", 1, ("numpy", "gcc"), 1, "strict"), 9)
    assert asked == [(("gcc",), False), (("numpy",), True)]
    assert [row.tool for row in rows] == ["polyopt", "numpy", "gcc"]


def test_a_worker_that_fails_is_one_bad_row():
    request = Request("no-such-kernel", "MINI", "f64", 1, ("gcc",), 1, "strict")
    own, peer = driver.measure(request, limit=60)
    assert (own.tool, peer.tool) == ("polyopt", "gcc")
    assert not own.correct
    assert own.seconds is None
    assert 'there is no benchmark "no-such-kernel"' in own.error


def test_a_worker_that_hangs_is_ended():
    request = Request("gemm", "EXTRALARGE", "f64", 1, ("gcc",), 1, "strict")
    (own, _) = driver.measure(request, limit=0.2)
    assert own.error.startswith("ended after 0 s")


def test_machine_says_what_it_found(capsys):
    code, out, _ = polyopt(capsys, "machine")
    assert code == 0
    assert "vectors" in out


def test_devices_are_listed(capsys):
    code, out, _ = polyopt(capsys, "devices")
    assert code == 0
    assert "compute unit" in out


def test_the_cache_tells_its_size_and_empties(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(tmp_path))
    polyopt(capsys, "run", "atax", "--size", "MINI")
    code, out, _ = polyopt(capsys, "cache", "info")
    assert code == 0
    assert out.startswith(f"{tmp_path}: 1 libraries")
    assert polyopt(capsys, "cache", "clear") == (0, "removed 1 libraries\n", "")
    assert polyopt(capsys, "cache", "clear") == (0, "removed 0 libraries\n", "")


def test_launches_are_told_in_a_table(capsys):
    code, out, err = polyopt(capsys, "launches", "jacobi-1d")
    assert (code, err) == (0, "")
    told = [line.split()[:2] for line in out.splitlines()]
    assert told == [
        ["kernel", "launch"],
        ["jacobi-1d", "jacobi_1d_i_tile"],
        ["jacobi-1d", "jacobi_1d_i_tile2"],
        ["jacobi-1d", "(jacobi_1d_t)"],
    ]
