"""Blocks of factorisations: when, and that results stay those of plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po
from polyopt.machine import Machine
from polyopt.transform.auto import auto
from polyopt.transform.schedule import Schedule

MACHINE = Machine("test", 2, 32 * 1024, 64 * 1024, 32 * 1024 * 1024, 64, 512, fma=True)
SIDE = 48
"""The side of a block on that machine."""

Random = np.random.Generator


def lu(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, n):
            for k in range(i):
                A[i, j] -= A[i, k] * A[k, j]


def lu_with_sums(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            w = A[i, j]
            for k in range(j):
                w -= A[i, k] * A[k, j]
            A[i, j] = w / A[j, j]
        for j in range(i, n):
            w = A[i, j]
            for k in range(i):
                w -= A[i, k] * A[k, j]
            A[i, j] = w


def cholesky(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[j, k]
            A[i, j] /= A[j, j]
        for k in range(i):
            A[i, i] -= A[i, k] * A[i, k]
        A[i, i] = math.sqrt(A[i, i])


def right_looking(A):
    n = A.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]


def solved(L, B):
    n, m = B.shape
    for i in range(n):
        for j in range(m):
            for k in range(i):
                B[i, j] -= L[i, k] * B[k, j]
            B[i, j] /= L[i, i]


def solved_backwards(U, B):
    n, m = B.shape
    for i in range(n - 1, -1, -1):
        for j in range(m):
            for k in range(i + 1, n):
                B[i, j] -= U[i, k] * B[k, j]
            B[i, j] /= U[i, i]


def from_the_end(A):
    n = A.shape[0]
    for i in range(n - 1, -1, -1):
        for j in range(n - 1, i, -1):
            for k in range(n - 1, j, -1):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, -1, -1):
            for k in range(n - 1, i, -1):
                A[i, j] -= A[i, k] * A[k, j]


def with_diagonal(A, D):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * D[k] * A[j, k]
            A[i, j] /= D[j]
        D[i] = A[i, i]
        for k in range(i):
            D[i] -= A[i, k] * A[i, k] * D[k]


def definite(n: int, random: Random) -> np.ndarray:
    return random.random((n, n)) + 2.0 * n * np.eye(n)


def symmetric(n: int, random: Random) -> np.ndarray:
    half = definite(n, random)
    return half + half.T


MAKERS: dict[Callable[..., None], Callable[[int, Random], tuple[object, ...]]] = {
    lu: lambda n, r: (definite(n, r),),
    lu_with_sums: lambda n, r: (definite(n, r),),
    cholesky: lambda n, r: (symmetric(n, r),),
    right_looking: lambda n, r: (definite(n, r),),
    solved: lambda n, r: (definite(n, r), r.random((n, n + 7))),
    solved_backwards: lambda n, r: (definite(n, r), r.random((n, n + 7))),
    from_the_end: lambda n, r: (definite(n, r),),
    with_diagonal: lambda n, r: (symmetric(n, r).astype(np.float32), np.zeros(n, np.float32)),
}


def scheduled(s: Schedule) -> Schedule:
    """The automatic schedule on a machine with small caches."""
    return auto(s, machine=MACHINE, threads=2)


@pytest.mark.parametrize("function", MAKERS, ids=lambda f: f.__name__)
def test_the_results_are_bit_for_bit_those_of_plain_python(function: Callable[..., None]) -> None:
    kernel = po.kernel(fp="strict", schedule=scheduled, threads=2)(function)
    oracle = po.kernel(fp="strict", schedule="source", target="c")(function)
    random = np.random.default_rng(3)
    sizes = (0, 1, 2, 7, 8, 9, 23, 25, SIDE - 1, SIDE, SIDE + 1, 2 * SIDE + 1, 3 * SIDE)
    for n in sizes:
        same_as(oracle if n > 25 else function, kernel, MAKERS[function](n, random))


@pytest.mark.parametrize("function", MAKERS, ids=lambda f: f.__name__)
def test_blocks_that_are_done_are_taken_in_register_tiles(function: Callable[..., None]) -> None:
    arguments = MAKERS[function](4, np.random.default_rng(0))
    made = scheduled(po.kernel(function).specialize(*arguments).original)
    text = "\n".join(map(str, made.steps))
    assert f"//{SIDE if function is not with_diagonal else 2 * SIDE}" in text
    assert "promote(" in text
    assert "pipeline(" in text or "parallel(" in text


def test_a_target_without_packs_keeps_its_order() -> None:
    spec = po.kernel(lu).specialize(np.eye(4))
    made = auto(spec.original, machine=MACHINE, threads=2, packs=False)
    assert not any(word in str(made) for word in ("pipeline", "promote"))


def test_small_caches_still_hold_two_register_tiles() -> None:
    tiny = replace(MACHINE, l2=1024)
    made = auto(po.kernel(lu).specialize(np.eye(4)).original, machine=tiny, threads=2)
    assert f"//{SIDE}" in str(made)


def known(A: po.f64[40, 40]):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]


def test_sizes_known_to_be_small_are_not_cut_into_blocks() -> None:
    made = scheduled(po.kernel(known).specialize().original)
    assert "//48" not in str(made)
