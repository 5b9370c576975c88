"""Linear algebra."""

import math

import numpy as np
from registry import dominant, program, small, whole


@program(lambda n, r: (dominant(r, min(n, 20)),))
def gauss_jordan(A):
    n = A.shape[0]
    for k in range(n):
        p = 1.0 / A[k, k]
        for j in range(n):
            if j != k:
                A[k, j] *= p
        for i in range(n):
            if i != k:
                f = A[i, k]
                for j in range(n):
                    if j != k:
                        A[i, j] -= f * A[k, j]
                A[i, k] = -f * p
        A[k, k] = p


@program(
    lambda n, r: (dominant(r, min(n, 20)), r.random((min(n, 20), 5)), np.zeros(min(n, 20) + 5))
)
def gauss_with_pivot_row(A, B, row):
    n, m = B.shape
    for k in range(n):
        for j in range(k, n):
            row[j] = A[k, j] / A[k, k]
        for j in range(m):
            row[n + j] = B[k, j] / A[k, k]
        for i in range(k + 1, n):
            f = A[i, k]
            for j in range(k, n):
                A[i, j] -= f * row[j]
            for j in range(m):
                B[i, j] -= f * row[n + j]


@program(lambda n, r: (dominant(r, min(n, 24)), r.random((min(n, 24), 7))))
def lower_solve(L, B):
    n, m = B.shape
    for i in range(n):
        for j in range(m):
            for k in range(i):
                B[i, j] -= L[i, k] * B[k, j]
            B[i, j] /= L[i, i]


@program(lambda n, r: (dominant(r, min(n, 24)), r.random((7, min(n, 24)))))
def upper_solve(U, B):
    m, n = B.shape
    for c in range(m):
        for i in range(n - 1, -1, -1):
            s = B[c, i]
            for k in range(i + 1, n):
                s -= U[i, k] * B[c, k]
            B[c, i] = s / U[i, i]


@program(lambda n, r: (r.random((min(n, 16), min(n, 16))), np.zeros(min(n, 16))))
def householder(A, v):
    n = A.shape[0]
    for k in range(n - 1):
        norm = 0.0
        for i in range(k, n):
            norm += A[i, k] * A[i, k]
        norm = math.sqrt(norm)
        alpha = -norm if A[k, k] > 0.0 else norm
        vv = 0.0
        for i in range(k, n):
            v[i] = A[i, k] - alpha if i == k else A[i, k]
            vv += v[i] * v[i]
        for j in range(k, n):
            dot = 0.0
            for i in range(k, n):
                dot += v[i] * A[i, j]
            dot = 2.0 * dot / vv
            for i in range(k, n):
                A[i, j] -= dot * v[i]


@program(lambda n, r: (dominant(r, min(n, 16)),))
def hessenberg(A):
    n = A.shape[0]
    for k in range(1, n - 1):
        for i in range(k + 1, n):
            f = A[i, k - 1] / A[k, k - 1]
            for j in range(k - 1, n):
                A[i, j] -= f * A[k, j]
            for j in range(n):
                A[j, k] += f * A[j, i]


@program(
    lambda n, r: (r.random((n, 5)), 4.0 + r.random((n, 5)), r.random((n, 5)), r.random((n, 5)))
)
def thomas(a, b, c, d):
    n, m = a.shape
    for j in range(m):
        for i in range(1, n):
            w = a[i, j] / b[i - 1, j]
            b[i, j] = b[i, j] - w * c[i - 1, j]
            d[i, j] = d[i, j] - w * d[i - 1, j]
        d[n - 1, j] = d[n - 1, j] / b[n - 1, j]
        for i in range(n - 2, -1, -1):
            d[i, j] = (d[i, j] - c[i, j] * d[i + 1, j]) / b[i, j]


@program(lambda n, r: (whole(r, n, n),))
def transpose_in_place(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            t = A[i, j]
            A[i, j] = A[j, i]
            A[j, i] = t


@program(lambda n, r: (whole(r, n, n),))
def transpose_by_tuple(A):
    for i in range(A.shape[0]):
        for j in range(i + 1, A.shape[0]):
            A[i, j], A[j, i] = A[j, i], A[i, j]


@program(lambda n, r: (whole(r, n, 4, 4), whole(r, n, 4, 3), np.zeros((n, 4, 3))))
def batched_products(A, B, C):
    for b in range(A.shape[0]):
        for i in range(4):
            for j in range(3):
                C[b, i, j] = 0.0
                for k in range(4):
                    C[b, i, j] += A[b, i, k] * B[b, k, j]


@program(
    lambda n, r: (
        whole(r, small(n), 3, small(n), 4),
        whole(r, small(n), 4, 3, 2),
        np.zeros((small(n), small(n), 2)),
    )
)
def contraction(A, B, C):
    for i in range(A.shape[0]):
        for j in range(A.shape[2]):
            for l in range(B.shape[3]):
                for a in range(A.shape[1]):
                    for b in range(B.shape[1]):
                        C[i, j, l] += A[i, a, j, b] * B[i, b, a, l]


@program(
    lambda n, r: (whole(r, n, n, dtype="f4"), whole(r, n, n, dtype="f4"), np.zeros((n, n), "f4"))
)
def product_jki(A, B, C):
    n = A.shape[0]
    for j in range(n):
        for k in range(n):
            for i in range(n):
                C[i, j] = C[i, j] + A[i, k] * B[k, j]


@program(lambda n, r: (whole(r, n, n), whole(r, n), np.zeros(n), np.zeros(1)))
def quadratic_form(A, x, y, out):
    n = len(x)
    for i in range(n):
        for j in range(n):
            y[i] += A[i, j] * x[j]
    out[0] = 0.0
    for i in range(n):
        out[0] += x[i] * y[i]


@program(lambda n, r: (whole(r, n, 5), np.zeros(5), np.zeros((5, 5))))
def covariance(X, mean, C):
    n, m = X.shape
    for j in range(m):
        mean[j] = 0.0
        for i in range(n):
            mean[j] += X[i, j]
    for j in range(m):
        for k in range(j, m):
            C[j, k] = 0.0
            for i in range(n):
                C[j, k] += X[i, j] * X[i, k]
            C[k, j] = C[j, k]


@program(
    lambda n, r: (whole(r, n, n, dtype="i8"), np.zeros(2 * n + 1, "i8"), np.zeros(2 * n + 1, "i8"))
)
def diagonals(A, main, anti):
    n = A.shape[0]
    for i in range(n):
        for j in range(n):
            main[i - j + n] += A[i, j]
            anti[i + j] += A[i, j]


@program(lambda n, r: (whole(r, n, 5), whole(r, n), np.zeros(n)))
def banded(A, x, y):
    n = len(x)
    for i in range(n):
        for k in range(max(0, i - 2), min(n, i + 3)):
            y[i] += A[i, k - i + 2] * x[k]
