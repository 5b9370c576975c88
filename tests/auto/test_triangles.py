"""Contractions with triangles: tiles, and results that stay those of plain Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from beside_python import same_as
from run_schedule import same_as_python

import polyopt as po
from polyopt.machine import Machine
from polyopt.transform.auto import auto
from polyopt.transform.auto.tiles import is_tiled, may_contract
from polyopt.transform.schedule import Schedule

MACHINE = Machine("test", 2, 32 * 1024, 64 * 1024, 32 * 1024 * 1024, 64, 256, fma=True)
ROWS, COLUMNS = 6, 8
"""The register tile on that machine; blocks have a side of 48."""
SIZES = (0, 1, 2, ROWS - 1, ROWS, ROWS + 1, COLUMNS + 1, 23, 48, 49, 65, 71)

Random = np.random.Generator
Maker = Callable[[int, Random], tuple[object, ...]]


def by_transposed_lower(alpha, A, B):
    m, n = B.shape
    for i in range(m):
        for j in range(n):
            for k in range(i + 1, m):
                B[i, j] += A[k, i] * B[k, j]
            B[i, j] = alpha * B[i, j]


def by_upper_in_sums(A, B):
    m, n = B.shape
    for i in range(m):
        for j in range(n):
            s = 0.0
            for k in range(i, m):
                s += A[i, k] * B[k, j]
            B[i, j] = s


def by_symmetric_lower(alpha, beta, C, A, B):
    m, n = C.shape
    for i in range(m):
        for j in range(n):
            s = 0.0
            for k in range(i):
                C[k, j] += alpha * B[i, j] * A[i, k]
                s += B[k, j] * A[i, k]
            C[i, j] = beta * C[i, j] + alpha * B[i, j] * A[i, i] + alpha * s


def by_symmetric_upper(C, A, B):
    m, n = C.shape
    for i in range(m):
        for j in range(n):
            for k in range(i + 1, m):
                C[i, j] += A[i, k] * B[k, j]
                C[k, j] += A[i, k] * B[i, j]
            C[i, j] += A[i, i] * B[i, j]


def by_symmetric_from_the_right(C, A, B):
    m, n = C.shape
    for i in range(m):
        for j in range(n):
            for k in range(j):
                C[i, j] += B[i, k] * A[j, k]
                C[i, k] += B[i, j] * A[j, k]
            C[i, j] += B[i, j] * A[j, j]


def squared(alpha, beta, C, A):
    n, m = A.shape
    for i in range(n):
        for j in range(i + 1):
            C[i, j] *= beta
        for k in range(m):
            for j in range(i + 1):
                C[i, j] += alpha * A[i, k] * A[j, k]


def squared_above(C, A):
    m, n = A.shape
    for i in range(n):
        for j in range(i, n):
            for k in range(m):
                C[i, j] -= A[k, i] * A[k, j]


def squared_below(C, A):
    n, m = A.shape
    for i in range(n):
        for j in range(i):
            for k in range(m):
                C[i, j] += A[i, k] * A[j, k]


def of_two(alpha, beta, C, A, B):
    n, m = A.shape
    for i in range(n):
        for j in range(i + 1):
            C[i, j] *= beta
        for k in range(m):
            for j in range(i + 1):
                C[i, j] += A[j, k] * alpha * B[i, k] + B[j, k] * alpha * A[i, k]


def from_the_left_by_lower(A, B):
    m, n = B.shape
    for i in range(m - 1, -1, -1):
        for j in range(n):
            B[i, j] = A[i, i] * B[i, j]
            for k in range(i):
                B[i, j] += A[i, k] * B[k, j]


def from_the_left_by_upper(A, B):
    m, n = B.shape
    for i in range(m):
        for j in range(n):
            B[i, j] *= A[i, i]
            for k in range(i + 1, m):
                B[i, j] += A[i, k] * B[k, j]


def from_the_right_by_upper(A, B):
    m, n = B.shape
    for j in range(n - 1, -1, -1):
        for i in range(m):
            B[i, j] *= A[j, j]
            for k in range(j):
                B[i, j] += B[i, k] * A[k, j]


def from_the_right_by_lower(A, B):
    m, n = B.shape
    for i in range(m):
        for j in range(n):
            B[i, j] *= A[j, j]
            for k in range(j + 1, n):
                B[i, j] += B[i, k] * A[k, j]


def square(n: int, random: Random) -> np.ndarray:
    return random.random((n, n)) + np.eye(n)


def tall(n: int, random: Random) -> np.ndarray:
    return random.random((n, n + 7))


def wide(n: int, random: Random) -> np.ndarray:
    return random.random((n + 7, n))


MAKERS: dict[Callable[..., None], Maker] = {
    by_transposed_lower: lambda n, r: (1.5, square(n, r), tall(n, r)),
    by_upper_in_sums: lambda n, r: (square(n, r), tall(n, r)),
    by_symmetric_lower: lambda n, r: (1.5, 1.2, tall(n, r), square(n, r), tall(n, r)),
    by_symmetric_upper: lambda n, r: (tall(n, r), square(n, r), tall(n, r)),
    squared: lambda n, r: (1.5, 1.2, square(n, r), tall(n, r)),
    squared_above: lambda n, r: (square(n, r), wide(n, r)),
    squared_below: lambda n, r: (square(n, r), tall(n, r)),
    of_two: lambda n, r: (1.5, 1.2, square(n, r), tall(n, r), tall(n, r)),
    by_symmetric_from_the_right: lambda n, r: (wide(n, r), square(n, r), wide(n, r)),
}

IN_BLOCKS: dict[Callable[..., None], Maker] = {
    from_the_left_by_lower: lambda n, r: (square(n, r), tall(n, r)),
    from_the_left_by_upper: lambda n, r: (square(n, r), tall(n, r)),
    from_the_right_by_upper: lambda n, r: (square(n, r), wide(n, r)),
    from_the_right_by_lower: lambda n, r: (square(n, r), wide(n, r)),
}
MAKERS |= IN_BLOCKS


def in_tiles(s: Schedule) -> Schedule:
    """The automatic schedule on a machine with small caches."""
    return auto(s, machine=MACHINE, threads=2)


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
@pytest.mark.parametrize("function", MAKERS, ids=lambda f: f.__name__)
def test_triangular_products_are_those_of_plain_python(
    function: Callable[..., None], fp: str
) -> None:
    kernel = po.kernel(fp=fp, schedule=in_tiles, threads=2)(function)
    random = np.random.default_rng(5)
    for n in SIZES:
        given = MAKERS[function](n, random)
        if fp == "strict":
            same_as(function, kernel, given)
            continue
        wanted = tuple(a.copy() if isinstance(a, np.ndarray) else a for a in given)
        function(*wanted)
        kernel(*given)
        for found, expected in zip(given, wanted, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("function", IN_BLOCKS, ids=lambda f: f.__name__)
def test_products_in_place_with_a_diagonal_have_blocks(function: Callable[..., None]) -> None:
    given = MAKERS[function](4, np.random.default_rng(0))
    text = str(in_tiles(po.kernel(function).specialize(*given).original).script)
    assert "//48" in text
    assert "promote(" in text


@pytest.mark.parametrize(
    "function", [f for f in MAKERS if f not in IN_BLOCKS], ids=lambda f: f.__name__
)
def test_triangular_products_have_packed_tiles(function: Callable[..., None]) -> None:
    given = MAKERS[function](4, np.random.default_rng(0))
    made = in_tiles(po.kernel(function).specialize(*given).original)
    cores = [s.name for s in made.scop.statements if may_contract(s)]
    assert cores
    assert all(is_tiled(made, name) for name in cores)
    text = "\n".join(map(str, made.steps))
    assert text.count("pack(") >= 2 * len(cores)


@pytest.mark.parametrize(
    "function", [squared, squared_above, squared_below, of_two], ids=lambda f: f.__name__
)
def test_tiles_across_a_diagonal_run_as_whole_ones(function: Callable[..., None]) -> None:
    given = MAKERS[function](4, np.random.default_rng(0))
    spec = po.kernel(schedule=in_tiles)(function).specialize(*given)
    text = str(spec.source)
    assert "_edge" not in text
    assert "for (int64_t i = 0; i < 6; i++)" in text
    for n in (0, 1, ROWS, COLUMNS + 1, 23):
        given = MAKERS[function](n, np.random.default_rng(1))
        wholes = tuple(np.round(9 * a) if isinstance(a, np.ndarray) else 2.0 for a in given)
        same_as_python(spec.schedule, function, *wholes)


def test_what_a_tile_adds_up_beyond_the_diagonal_is_dropped() -> None:
    A, C = np.full((23, 9), np.inf), np.full((23, 23), np.nan)
    A[:, 0], C[np.tril_indices(23)] = 0.0, 1.0
    wanted = C.copy()
    squared(1.0, 2.0, wanted, A)
    po.kernel(schedule=in_tiles)(squared)(1.0, 2.0, C, A)
    np.testing.assert_array_equal(C, wanted)
