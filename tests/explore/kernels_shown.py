"""Kernels that the tests of pictures share, and how they are had."""

from __future__ import annotations

import polyopt as po

N, M = po.symbols("N M")


def original(function):
    """The schedule in source order."""
    return po.kernel(function).specialize().original


def smooth(A: po.f64[N, N]):
    N = A.shape[0]
    for i in range(1, N):
        for j in range(N - 1):
            A[i, j] = A[i - 1, j + 1] + A[i, j]


def time_steps(T: int, A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, N - 1):
            B[i] = A[i - 1] + A[i] + A[i + 1]
        for i in range(1, N - 1):
            A[i] = B[i]


def matmul(C: po.f64[N, M], A: po.f64[N, N], B: po.f64[N, M]):
    N, M = C.shape
    for i in range(N):
        for j in range(M):
            for k in range(N):
                C[i, j] += A[i, k] * B[k, j]


def copy(A: po.f64[N, M], B: po.f64[N, M]):
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            B[i, j] = A[i, j]
