"""Recurrences, first and last iterations, strings, columns, rotations."""

import math

import numpy as np
from registry import program, small, special, whole


@program(lambda n, r: (r.random((n, n + 3)), *(r.random(n + 3) + k for k in (0, 3, 0, 0))))
def line_solves(rhs, low, main, up, c):
    n, m = rhs.shape
    for i in range(n):
        for j in range(m):
            below = main[j] - (low[j] * c[j - 1] if j > 0 else 0.0)
            c[j] = up[j] / below
            rhs[i, j] = (rhs[i, j] - (low[j] * rhs[i, j - 1] if j > 0 else 0.0)) / below
        for j in range(m - 2, -1, -1):
            rhs[i, j] -= c[j] * rhs[i, j + 1]


@program(lambda n, r: (r.random((n, n + 3)),))
def givens_rotations(A):
    n, m = A.shape
    for j in range(min(n, m)):
        for i in range(n - 1, j, -1):
            h = math.sqrt(A[i - 1, j] * A[i - 1, j] + A[i, j] * A[i, j]) + 1e-30
            c = A[i - 1, j] / h
            s = A[i, j] / h
            for k in range(j, m):
                x = A[i - 1, k]
                y = A[i, k]
                A[i - 1, k] = c * x + s * y
                A[i, k] = c * y - s * x


@program(lambda n, r: (r.random((n, 2)), r.random((n, 2)), np.zeros((n, 2))))
def products_of_pairs(x, y, z):
    for i in range(len(z)):
        z[i, 0] = x[i, 0] * y[i, 0] - x[i, 1] * y[i, 1]
        z[i, 1] = x[i, 0] * y[i, 1] + x[i, 1] * y[i, 0]


@program(lambda n, r: (r.random((n, n + 5)),))
def diffused_errors(a):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            old = a[i, j]
            new = 1.0 if old > 0.5 else 0.0
            e = old - new
            a[i, j] = new
            if j + 1 < m:
                a[i, j + 1] += e * 7 / 16
            if i + 1 < n:
                if j > 0:
                    a[i + 1, j - 1] += e * 3 / 16
                a[i + 1, j] += e * 5 / 16


@program(lambda n, r: (whole(r, n, n + 2, dtype="i4", low=0, high=2), np.zeros((n, n + 2), "i4")))
def distances(a, d):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            d[i, j] = 0 if a[i, j] == 0 else n + m
            if i > 0:
                d[i, j] = min(d[i, j], d[i - 1, j] + 1)
            if j > 0:
                d[i, j] = min(d[i, j], d[i, j - 1] + 1)
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            if i < n - 1:
                d[i, j] = min(d[i, j], d[i + 1, j] + 1)
            if j < m - 1:
                d[i, j] = min(d[i, j], d[i, j + 1] + 1)


@program(
    lambda n, r: (
        *(whole(r, k, dtype="i1", low=0, high=3) for k in (n, n + 4)),
        *(np.zeros((n + 1, n + 5), "i4") for _ in range(3)),
    )
)
def affine_gaps(a, b, H, E, F):
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            E[i, j] = max(E[i, j - 1] - 1, H[i, j - 1] - 3)
            F[i, j] = max(F[i - 1, j] - 1, H[i - 1, j] - 3)
            pair = H[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -2)
            H[i, j] = max(0, pair, E[i, j], F[i, j])


@program(lambda n, r: (*(whole(r, k, low=0, high=3) for k in (n, n + 4)), np.zeros(n + 5, "i8")))
def common_letters_in_one_row(a, b, row):
    for i in range(len(a)):
        diagonal = row[0]
        for j in range(1, len(b) + 1):
            t = row[j]
            if a[i] == b[j - 1]:
                row[j] = diagonal + 1
            else:
                row[j] = max(row[j], row[j - 1])
            diagonal = t


@program(lambda n, r: (special(r, n, n + 3), np.zeros(n + 3), np.zeros(n + 3)))
def extremes_of_columns(X, low, high):
    n, m = X.shape
    for j in range(m):
        a = math.inf
        b = -math.inf
        for i in range(n):
            a = min(a, X[i, j])
            b = max(b, X[i, j])
        low[j] = a
        high[j] = b


@program(lambda n, r: (r.random((n, n + 3)), np.zeros(n + 3)))
def columns_of_a_triangle(X, out):
    n, m = X.shape
    for j in range(m - 1, -1, -1):
        s = 0.0
        for i in range(min(j + 1, n) - 1, -1, -2):
            s += X[i, j]
        out[j] = s


@program(lambda n, r: (whole(r, n, n + 3, dtype="i2", low=-9000, high=9000),))
def sums_of_rows_that_wrap(a):
    n, m = a.shape
    for i in range(n):
        for j in range(1, m):
            a[i, j] += a[i, j - 1]


@program(lambda n, r: (whole(r, n, dtype="u1", low=0, high=256), np.zeros(n + 1, "u1")))
def decay_to_a_floor(a, y):
    for i in range(len(a)):
        y[i + 1] = max(np.uint8(7), a[i], y[i] - np.uint8(3))


@program(lambda n, r: (whole(r, n, n + 2, dtype="?", low=0, high=2)[:, :n],))
def closure(R):
    n = R.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                R[i, j] = R[i, j] or (R[i, k] and R[k, j])


@program(lambda n, r: (whole(r, n),))
def sorted_by_neighbours(x):
    n = len(x)
    for t in range(n):
        for i in range(t % 2, n - 1, 2):
            a = min(x[i], x[i + 1])
            b = max(x[i], x[i + 1])
            x[i] = a
            x[i + 1] = b


@program(lambda n, r: (whole(r, n, dtype="i8", low=1, high=9), np.zeros((n, n), "i8")))
def search_trees(f, c):
    n = small(len(f))
    for length in range(1, n + 1):
        for i in range(n - length + 1):
            s = 0
            for k in range(i, i + length):
                s += f[k]
            b = 1 << 40
            for k in range(i, i + length):
                left = c[i, k - 1] if k > i else 0
                right = c[k + 1, i + length - 1] if k < i + length - 1 else 0
                b = min(b, left + right)
            c[i, i + length - 1] = b + s
