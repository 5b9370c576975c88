"""Pipelines whose turns hold two iterations of different residues."""

import numpy as np
from harness import always_parallel

import polyopt as po
import polyopt.pipeline


@po.kernel(fp="strict", threads=2)
def twice(T, A, B):
    n = len(A)
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            B[i] = A[i - 1] + A[i] * 2 + A[i + 1]
        for i in range(1, n - 1):
            A[i] = B[i] - B[i - 1]


def in_turns(s):
    """Tiles of one iteration: S1 at every fourth front, S2 two fronts later."""
    return s.diamond("t", "S2.i", size=1).pipeline("t_tile", "i_tile")


def test_a_turn_says_no_more_than_its_next_loop_allows(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(polyopt.pipeline, "print_c", always_parallel)
    kernel = twice.with_options(schedule=in_turns)
    source = kernel.specialize(1, np.zeros(9), np.zeros(9)).source
    reached = [line.strip() for line in source.splitlines() if "pipeline_reach(&" in line]
    assert reached == [
        "pipeline_reach(&slots[own], min(i_tile + 1, (t_tile + 4) / 2));",
        "pipeline_reach(&slots[own], i_tile + 1);",
    ]
    for size in (2, 3, 4, 7, 33):
        for seed in range(20):
            data = np.random.default_rng(seed).random((2, size))
            got, want = data.copy(), data.copy()
            kernel(8, *got)
            twice.py_func(8, *want)
            assert got.tobytes() == want.tobytes()
