"""life: Conway's Game of Life for 2 TSTEPS generations, between two boards [H, W] of 0 and 1.

M. Gardner, Mathematical Games (Scientific American, 1970). The border of a cell stays as it is.
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def life(tsteps, old, new):
    h, w = old.shape
    for _ in range(tsteps):
        for i in range(1, h - 1):
            for j in range(1, w - 1):
                upper = old[i - 1, j - 1] + old[i - 1, j] + old[i - 1, j + 1]
                lower = old[i + 1, j - 1] + old[i + 1, j] + old[i + 1, j + 1]
                alive = upper + lower + old[i, j - 1] + old[i, j + 1]
                new[i, j] = 1 if alive == 3 or (alive == 2 and old[i, j] == 1) else 0
        for i in range(1, h - 1):
            for j in range(1, w - 1):
                upper = new[i - 1, j - 1] + new[i - 1, j] + new[i - 1, j + 1]
                lower = new[i + 1, j - 1] + new[i + 1, j] + new[i + 1, j + 1]
                alive = upper + lower + new[i, j - 1] + new[i, j + 1]
                old[i, j] = 1 if alive == 3 or (alive == 2 and new[i, j] == 1) else 0


def _make(sizes: Sizes, dtype: DType = np.int32) -> Arguments:
    board = np.random.default_rng(9).integers(0, 2, (sizes["H"], sizes["W"])).astype(dtype)
    return sizes["TSTEPS"], board, board.copy()


def _numpy(tsteps: int, old: Array, new: Array) -> None:
    def generation(old: Array, new: Array) -> None:
        rows = old[:, :-2] + old[:, 1:-1] + old[:, 2:]
        alive = rows[:-2] + rows[1:-1] + rows[2:] - old[1:-1, 1:-1]
        new[1:-1, 1:-1] = (alive == 3) | ((alive == 2) & (old[1:-1, 1:-1] == 1))

    for _ in range(tsteps):
        generation(old, new)
        generation(new, old)


BENCHMARK = Benchmark(
    name="life",
    kernel=life,
    parameters={"tsteps": COUNT, "old": ("H", "W"), "new": ("H", "W")},
    sizes=datasets(
        TSTEPS=(4, 10, 40, 100, 200), H=(20, 60, 300, 1500, 3000), W=(24, 80, 400, 2000, 4000)
    ),
    make=_make,
    outputs=("old", "new"),
    reduction_length=lambda _: 1,
    numpy=_numpy,
    flops=lambda s: 24 * s["TSTEPS"] * s["H"] * s["W"],
    dtype=np.dtype(np.int32),
)
