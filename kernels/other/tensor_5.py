"""tensor-5: a contraction over five indices, C[a, b, c] += A[a, d, e, b] B[d, c, e].

Two indices are summed, and no operand has its indices in the target's order: the shape of a term
of coupled-cluster chemistry (Springer and Bientinesi, Design of a high-performance GEMM-like
tensor-tensor multiplication, 2018).
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def tensor_5(C, A, B):
    na, nb, nc = C.shape
    nd, ne = A.shape[1], A.shape[2]
    for a in range(na):
        for b in range(nb):
            for c in range(nc):
                for d in range(nd):
                    for e in range(ne):
                        C[a, b, c] += A[a, d, e, b] * B[d, c, e]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    na, nb, nc, nd, ne = (sizes[name] for name in ("NA", "NB", "NC", "ND", "NE"))
    a, d, e, b = np.ogrid[:na, :nd, :ne, :nb]
    A = (a * d + 3 * b + 5 * e + 1) % nd / nd
    d, c, e = np.ogrid[:nd, :nc, :ne]
    B = (d * (c + 2) + e) % nc / nc
    return np.zeros((na, nb, nc), dtype), A.astype(dtype), B.astype(dtype)


def _numpy(C: Array, A: Array, B: Array) -> None:
    C += np.tensordot(A, B, axes=((1, 2), (0, 2)))


BENCHMARK = Benchmark(
    name="tensor-5",
    kernel=tensor_5,
    parameters={"C": ("NA", "NB", "NC"), "A": ("NA", "ND", "NE", "NB"), "B": ("ND", "NC", "NE")},
    sizes=datasets(
        NA=(4, 8, 20, 40, 64),
        NB=(6, 10, 24, 48, 80),
        NC=(7, 12, 28, 56, 96),
        ND=(3, 9, 22, 44, 72),
        NE=(5, 11, 26, 52, 88),
    ),
    make=_make,
    outputs=("C",),
    reduction_length=lambda s: s["ND"] * s["NE"] + 1,
    numpy=_numpy,
    flops=lambda s: 2 * s["NA"] * s["NB"] * s["NC"] * s["ND"] * s["NE"],
)
