"""Nests without a parallel loop: tiles in a pipeline, long ones along lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po
from polyopt.machine import Machine
from polyopt.transform.auto import auto
from polyopt.transform.schedule import Schedule

MACHINE = Machine("test", 2, 32 * 1024, 128 * 1024, 32 * 1024 * 1024, 64, 512, fma=True)
LINE = 64
"""The length of a tile along lines of three arrays of eight bytes on that machine."""

Random = np.random.Generator


def swept(A):
    n, m = A.shape
    for i in range(1, n):
        for j in range(1, m):
            A[i, j] = A[i, j] + A[i - 1, j] * 0.4 - A[i, j - 1] * 0.5


def scored(a, b, H):
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = H[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -1)
            gap = max(H[i - 1, j], H[i, j - 1]) - 1
            H[i, j] = max(0, pair, gap)


def paired(A):
    n = A.shape[0]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            for k in range(i, j):
                A[i, j] = max(A[i, j], A[i, k] + A[k + 1, j])


def letters(n: int, random: Random) -> tuple[np.ndarray, ...]:
    a, b = random.integers(0, 4, n), random.integers(0, 4, n + 3)
    return a, b, np.zeros((n + 1, n + 4), np.int64)


MAKERS: dict[Callable[..., None], Callable[[int, Random], tuple[np.ndarray, ...]]] = {
    swept: lambda n, r: (r.random((n, n + 2)),),
    scored: letters,
    paired: lambda n, r: (r.integers(0, 99, (n, n)),),
}


def scheduled(s: Schedule) -> Schedule:
    """The automatic schedule on a machine with small caches."""
    return auto(s, machine=MACHINE, threads=2)


@pytest.mark.parametrize("function", MAKERS, ids=lambda f: f.__name__)
def test_the_results_are_bit_for_bit_those_of_plain_python(function: Callable[..., None]) -> None:
    kernel = po.kernel(fp="strict", schedule=scheduled, threads=2)(function)
    random = np.random.default_rng(7)
    for n in (0, 1, 2, 31, 32, 33, LINE - 1, LINE, LINE + 1):
        same_as(function, kernel, MAKERS[function](n, random))


def test_tiles_are_long_where_their_last_loop_runs_along_lines() -> None:
    made = scheduled(po.kernel(scored).specialize(*letters(3, np.random.default_rng(0))).original)
    assert 'tile({"i": 32, "j": 64})' in made.script
    assert 'pipeline("i_tile", "j_tile")' in made.script


def test_a_target_without_packs_runs_tiles_along_wavefronts() -> None:
    spec = po.kernel(scored).specialize(*letters(3, np.random.default_rng(0)))
    made = auto(spec.original, machine=MACHINE, threads=2, packs=False)
    assert 'wavefront("i_tile", "j_tile")' in made.script
