"""Kernels taken away: a C program that calls them without Python."""

import subprocess

import numpy as np
import pytest

import polyopt as po
from polyopt import cli

N, M = po.symbols("N M")


@po.kernel
def smooth(T: int, scale: po.f32, A: po.f64[N, M], B: po.f64[N, M], double: po.i32[M]):
    for _t in range(T):
        for i in range(1, N - 1):
            for j in range(1, M - 1):
                B[i, j] = scale * (A[i, j - 1] + A[i, j + 1] + A[i - 1, j] + A[i + 1, j])
        for i in range(1, N - 1):
            for j in range(1, M - 1):
                A[i, j] = B[i, j] + double[j]


MAIN = """
#include <stdio.h>
#include "smooth.h"

int main(void)
{
    double A[30], B[30] = {0};
    int32_t extra[6];
    for (int i = 0; i < 30; i++)
        A[i] = i % 7;
    for (int j = 0; j < 6; j++)
        extra[j] = j;
    if (polyopt_smooth(3, 5, 6, 0.25f, A, B, extra) != 0)
        return 1;
    for (int i = 0; i < 30; i++)
        printf("%.17g\\n", A[i]);
    return 0;
}
"""


@pytest.mark.parametrize("target", ["openmp", "c"])
def test_a_c_program_calls_it(tmp_path, target):
    spec = smooth.with_options(target=target, fp="strict").specialize()
    source, header = spec.write_c(tmp_path / "taken" / "away")
    assert (source.name, header.name) == ("smooth.c", "smooth.h")
    (source.parent / "main.c").write_text(MAIN)
    text = header.read_text()
    (line,) = (line for line in text.splitlines() if "Compile with gcc" in line)
    flags = line.split("Compile with gcc ")[1].removesuffix(" */").replace("…", "main.c -o run")
    subprocess.run(f"gcc {flags}", shell=True, check=True, cwd=source.parent)
    done = subprocess.run(["./run"], capture_output=True, check=True, cwd=source.parent)
    A = (np.arange(30.0) % 7).reshape(5, 6)
    spec(3, np.float32(0.25), A, np.zeros((5, 6)), np.arange(6, dtype=np.int32))
    assert [float(word) for word in done.stdout.split()] == A.ravel().tolist()


def test_the_header_explains_the_call(tmp_path):
    @po.kernel
    def shift(n: int, x: po.f64[...], y: po.f64[...]):
        for i in range(n):
            y[i] = x[i + 1]

    _, header = shift.specialize().write_c(tmp_path)
    text = header.read_text()
    assert "int64_t polyopt_shift(int64_t n, int64_t x_shape0, int64_t y_shape0" in text
    assert "x_shape0: the extent of x in dimension 0" in text
    assert "y: f64[y_shape0], in C's order" in text
    assert "1: test_write_c.py:" in text
    assert "Compile with gcc -std=gnu11 -O3" in text


FILE = """
import polyopt as po

N = po.symbols("N")

@po.kernel
def double(x: po.f64[N]):
    for i in range(N):
        x[i] *= 2

@po.kernel
def bare(x):
    x[0] = 1
"""


def test_the_command_writes_both(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(FILE)
    assert cli.main(["build", f"{tmp_path}/mine.py:double", "-o", str(tmp_path / "out")]) == 0
    written = [tmp_path / "out" / name for name in ("double.c", "double.h")]
    assert capsys.readouterr().out.split() == list(map(str, written))
    subprocess.run(["gcc", "-c", "-fopenmp", "double.c"], check=True, cwd=tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine.py:bare", "bare has no argument types, and C needs them: annotate its arguments, "),
        ("mine.py:other", "/mine.py has no kernel other: it has double, bare"),
        ("mine.py", "/mine.py' names no kernel: write FILE.py:NAME, of a file there is"),
        ("none.py:f", "/none.py:f' names no kernel: write FILE.py:NAME, of a file there is"),
    ],
)
def test_what_the_command_refuses(tmp_path, capsys, name, words):
    (tmp_path / "mine.py").write_text(FILE)
    assert cli.main(["build", f"{tmp_path}/{name}"]) == 1
    assert words in capsys.readouterr().err
