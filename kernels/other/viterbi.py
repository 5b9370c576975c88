"""viterbi: the cheapest path through a hidden Markov model, costs as integers.

move [S, S] are the costs of going from a state to another, seen [T, S] those of what was observed;
score and back [T, S] hold the cheapest costs and where they came from, path [T] the states.
A. Viterbi, Error bounds for convolutional codes (1967).
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def viterbi(move, seen, score, back, path):
    steps, states = seen.shape
    for s in range(states):
        score[0, s] = seen[0, s]
    for t in range(1, steps):
        for s in range(states):
            score[t, s] = score[t - 1, 0] + move[0, s]
            back[t, s] = 0
            for r in range(1, states):
                if score[t - 1, r] + move[r, s] < score[t, s]:
                    score[t, s] = score[t - 1, r] + move[r, s]
                    back[t, s] = r
            score[t, s] += seen[t, s]
    path[steps - 1] = 0
    best = score[steps - 1, 0]
    for s in range(1, states):
        if score[steps - 1, s] < best:
            best = score[steps - 1, s]
            path[steps - 1] = s
    for t in range(steps - 2, -1, -1):
        path[t] = back[t + 1, path[t + 1]]


def _make(sizes: Sizes, dtype: DType = np.int32) -> Arguments:
    make, steps, states = np.random.default_rng(11), sizes["T"], sizes["S"]
    move = make.integers(1, 100, (states, states)).astype(dtype)
    seen = make.integers(1, 100, (steps, states)).astype(dtype)
    return move, seen, *(np.zeros((steps, states), dtype) for _ in range(2)), np.zeros(steps, dtype)


def _numpy(move: Array, seen: Array, score: Array, back: Array, path: Array) -> None:
    score[0] = seen[0]
    for t in range(1, len(seen)):
        costs = score[t - 1][:, None] + move
        back[t] = costs.argmin(axis=0)
        score[t] = costs.min(axis=0) + seen[t]
    path[-1] = score[-1].argmin()
    for t in range(len(seen) - 2, -1, -1):
        path[t] = back[t + 1, path[t + 1]]


BENCHMARK = Benchmark(
    name="viterbi",
    kernel=viterbi,
    parameters={
        "move": ("S", "S"),
        **dict.fromkeys(("seen", "score", "back"), ("T", "S")),
        "path": ("T",),
    },
    sizes=datasets(T=(20, 60, 400, 2000, 4000), S=(8, 24, 80, 256, 512)),
    make=_make,
    outputs=("score", "back", "path"),
    reduction_length=lambda _: 1,
    numpy=_numpy,
    flops=lambda s: 2 * s["T"] * s["S"] ** 2,
    dtype=np.dtype(np.int32),
)
