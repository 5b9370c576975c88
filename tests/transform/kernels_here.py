"""Kernels that the tests of steps share."""

from __future__ import annotations

import polyopt as po

VECTOR, MATRIX = po.f64[...], po.f64[..., ...]
N, M = po.symbols("N M")


def copy(A: po.f64[N, M], B: po.f64[N, M]):
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            B[i, j] = A[i, j]


def smooth(A: po.f64[N, N]):
    N = A.shape[0]
    for i in range(1, N):
        for j in range(N - 1):
            A[i, j] = A[i - 1, j + 1] + A[i, j]


def two_loops(A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for i in range(N):
        A[i] = A[i] + 1
    for i in range(N):
        B[i] = A[i] * 2


def two_statements(A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for i in range(1, N):
        A[i] = A[i] + 1
        B[i] = A[i - 1] * 2


def down(A: po.f64[N]):
    N = A.shape[0]
    for i in range(N - 1, 0, -1):
        A[i] = A[i - 1] + A[i]


def time_steps(T: int, A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, N - 1):
            B[i] = A[i - 1] + A[i] + A[i + 1]
        for i in range(1, N - 1):
            A[i] = B[i]


def sums(A: po.f64[N, M], s: po.f64[N]):
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            s[i] += A[i, j]


def scaled(A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for i in range(N):
        t = A[i] * 2
        B[i] = t + 1


def matmul(C: po.f64[N, M], A: po.f64[N, N], B: po.f64[N, M]):
    N, M = C.shape
    for i in range(N):
        for j in range(M):
            for k in range(N):
                C[i, j] += A[i, k] * B[k, j]


def guarded_store(A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for i in range(1, N):
        if B[i] > 0:
            A[i] = A[i - 1] + B[i]


def kept_value(A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    t = 0.0
    for i in range(N):
        if A[i] > 0:
            t = A[i]
        B[i] = t
