"""Kernels as extension modules of Python: built as a wheel's, called, and called wrongly."""

import array
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import polyopt as po
from polyopt import cli

HEADER = Path(sysconfig.get_path("include")) / "Python.h"
pytestmark = pytest.mark.skipif(not HEADER.exists(), reason="Python.h is not installed")

FILE = """
import polyopt as po

N, M = po.symbols("N M")

@po.kernel(fp="strict")
def smooth(T: int, A: po.f64[N, M], B: po.f64[N, M], shift: po.i32[M + 1], *, scale: po.f32 = 0.25,
           flip: bool = False, narrow: po.i16 = -3):
    po.assume(M > 1)
    for t in range(T):
        for i in range(1, N - 1):
            for j in range(1, M - 1):
                B[i, j] = scale * (A[i, j - 1] + A[i, j + 1]) + A[i - 1, j] + shift[j + 1]
        for i in range(1, N - 1):
            for j in range(1, M - 1):
                A[i, j] = -B[i, j] if flip else B[i, j] + narrow

@po.kernel
def beyond(n: int, x: po.f64[...]):
    for i in range(n):
        x[i + 1] = 100.0

@po.kernel
def total(x: po.f64[N]):
    s = 0.0
    for i in range(N):
        s += x[i]
    return s

@po.kernel
def odd(x: po.f64[N], y: po.f64[N // 2]):
    for i in range(N // 2):
        y[i] = x[i]
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The modules `smooth` and `beyond`, built by setuptools, and their kernels."""
    folder = tmp_path_factory.mktemp("extension")
    (folder / "mine.py").write_text(FILE)
    for name in ("smooth", "beyond"):
        place = str(folder / name)
        assert cli.main(["build", f"{folder}/mine.py:{name}", "-o", place, "--extension"]) == 0
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [p.name for p in Path(place).glob("*.abi3.so")] == [f"{name}.abi3.so"]
        sys.path.insert(0, place)
    sys.path.insert(0, str(folder))
    import beyond  # noqa: PLC0415 they have just been made
    import mine  # noqa: PLC0415
    import smooth  # noqa: PLC0415

    yield mine, smooth.smooth, beyond.beyond
    del sys.path[:3]


def given(n=5, m=6):
    rng = np.random.default_rng(n)
    return [3, rng.random((n, m)), rng.random((n, m)), np.arange(m + 1, dtype=np.int32)]


def test_it_computes_what_the_kernel_does(built):
    mine, smooth, _ = built
    for sizes in ((5, 6), (0, 2), (1, 1 + 1), (33, 65)):
        for options in ({}, {"scale": 0.5}, {"flip": True}, {"narrow": 7, "flip": False}):
            ours, theirs = given(*sizes), given(*sizes)
            kinds = {"scale": np.float32, "narrow": np.int16}
            mine.smooth(*ours, **{k: kinds.get(k, bool)(v) for k, v in options.items()})
            assert smooth(*theirs, **options) is None
            assert ours[1].tobytes() == theirs[1].tobytes()
            assert ours[2].tobytes() == theirs[2].tobytes()


def test_it_needs_no_numpy(built):
    _, _, beyond = built
    x = array.array("d", [0.0] * 4)
    beyond(n=3, x=x)
    assert x.tolist() == [0.0, 100.0, 100.0, 100.0]
    assert beyond.__doc__ == "beyond(n, x)"


def wrong(position, value):
    arguments = given()
    arguments[position] = value
    return arguments


def read_only():
    made = np.ones((5, 6))
    made.flags.writeable = False
    return made


SHARED = np.ones((6, 6))
MISTAKES = [
    ([], {}, TypeError, "missing required argument 'T' (pos 1)"),
    (wrong(0, 1.5), {}, TypeError, "'float' object cannot be interpreted as an integer"),
    (wrong(0, 2**63), {}, OverflowError, "int too big to convert"),
    (
        wrong(0, 2**40),
        {},
        OverflowError,
        "smooth: argument T is 1099511627776, and it must be from -1099511627776 to 1099511627775",
    ),
    (
        wrong(1, np.ones((2**50, 0))),
        {},
        ValueError,
        "smooth: argument A has an extent beyond 2**40",
    ),
    (given(), {"narrow": 2**15}, OverflowError,
     "smooth: argument narrow is 32768, and it must be from -32768 to 32767"),
    (given(), {"scale": "x"}, TypeError, "must be real number, not str"),
    (wrong(1, None), {}, TypeError, "a bytes-like object is required, not 'NoneType'"),
    (wrong(1, np.ones(5)), {}, TypeError,
     ("smooth: argument A is an array of format 'd' and rank 1, and it must be an aligned f64 of "
     "rank 2")),
    (wrong(1, np.ones((5, 6), np.float32)), {}, TypeError,
     ("smooth: argument A is an array of format 'f' and rank 2, and it must be an aligned f64 of "
     "rank 2")),
    (wrong(1, np.ones((5, 6), ">f8")), {}, TypeError,
     ("smooth: argument A is an array of format '>d' and rank 2, and it must be an aligned f64 of "
     "rank 2")),
    (wrong(1, np.ones((6, 5)).T), {}, ValueError, "ndarray is not C-contiguous"),
    (wrong(1, read_only()), {}, ValueError, "buffer source array is read-only"),
    (wrong(2, np.ones((4, 6))), {}, ValueError,
     "smooth: argument B has extent 4 in dimension 0, and it is declared f64[N, M], here 5"),
    (wrong(3, np.ones(6, np.int32)), {}, ValueError,
     "smooth: argument shift has extent 6 in dimension 0, and it is declared i32[M + 1], here 7"),
    ([1, SHARED[:5], SHARED[1:], np.ones(7, np.int32)], {}, ValueError,
     "smooth: arguments A and B overlap in memory"),
    (given(5, 1), {}, ValueError, "the assumption M > 1"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_mistakes(built, number):
    args, kwargs, error, text = MISTAKES[number]
    before = [a.tobytes() for a in args if isinstance(a, np.ndarray)]
    with pytest.raises(error) as caught:
        built[1](*args, **kwargs)
    assert text in str(caught.value)
    assert [a.tobytes() for a in args if isinstance(a, np.ndarray)] == before


def test_bounds_are_checked(built):
    x = np.zeros(3)
    with pytest.raises(IndexError) as caught:
        built[2](3, x)
    assert "beyond" not in str(caught.value)[:1]
    assert "(here n = 3, x_shape0 = 3). Nothing was written." in str(caught.value)
    assert not x.any()


def test_calls_leave_nothing_behind(built):
    _, smooth, beyond = built
    x, arguments = np.zeros(9), given()
    before = sys.getrefcount(x), sys.getrefcount(arguments[1])
    for _ in range(1000):
        beyond(3, x)
        with pytest.raises(IndexError):
            beyond(9, x)
        with pytest.raises(TypeError):
            smooth(*arguments[:3], None)
    assert (sys.getrefcount(x), sys.getrefcount(arguments[1])) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "total",
            (
                "total returns a value, and a function of an extension module writes arrays: give "
                "it an array for that value"
            ),
        ),
        (
            "odd",
            (
                "odd: the extent (N)//2 of y is no sum of sizes, which an extension module checks: "
                "declare such arrays with ..."
            ),
        ),
    ],
)
def test_what_no_extension_does(tmp_path, capsys, name, text):
    (tmp_path / "mine.py").write_text(FILE)
    assert cli.main(["build", f"{tmp_path}/mine.py:{name}", "-o", str(tmp_path), "--extension"])
    assert capsys.readouterr().err.strip() == text


def test_a_setup_of_others_stays(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(FILE)
    (tmp_path / "setup.py").write_text("mine")
    assert cli.main(["build", f"{tmp_path}/mine.py:beyond", "-o", str(tmp_path), "--extension"])
    assert capsys.readouterr().err.strip() == (
        f"{tmp_path}/setup.py is there, and not from polyopt: choose another folder"
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.py", "setup.py"]
    assert (tmp_path / "setup.py").read_text() == "mine"
    assert po.__name__ == "polyopt"
