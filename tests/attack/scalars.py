"""Scalars, conditions, reductions, types."""

# ruff: noqa: B007, PLR1730

import math

import numpy as np
from registry import program, special, whole


@program(lambda n, r: (special(r, n + 1, n + 1), np.zeros((n + 1, 4))))
def extremes_of_specials(A, out):
    for i in range(A.shape[0]):
        lo = A[i, 0]
        hi = A[i, 0]
        low = math.inf
        high = -math.inf
        for j in range(A.shape[1]):
            lo = min(lo, A[i, j])
            hi = max(hi, A[i, j])
            low = min(A[i, j], low)
            high = max(A[i, j], high)
        out[i, 0] = lo
        out[i, 1] = hi
        out[i, 2] = low
        out[i, 3] = high


@program(lambda n, r: (special(r, n + 1), np.zeros(2)))
def whole_extremes(x, out):
    out[0] = x[0]
    out[1] = x[0]
    for i in range(1, len(x)):
        out[0] = min(out[0], x[i])
        if x[i] > out[1]:
            out[1] = x[i]


@program(lambda n, r: (whole(r, n + 1, n + 1), np.zeros(n + 1, "i8")))
def argmin(A, where):
    for i in range(A.shape[0]):
        best = A[i, 0]
        where[i] = 0
        for j in range(1, A.shape[1]):
            if A[i, j] < best:
                best = A[i, j]
                where[i] = j


@program(lambda n, r: (whole(r, n, n), np.zeros(n + 1, "i8"), np.zeros(n + 1, bool)))
def masks(A, count, any_):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            if A[i, j] > 0.0:
                if A[i, j] < 3.0:
                    count[i] += 1
                elif j > i:
                    count[i + 1] -= 1
                    any_[i] = True
            else:
                any_[i + 1] = any_[i + 1] or A[i, j] == -4.0


@program(lambda n, r: (whole(r, n), whole(r, 3)))
def swapped_scalars(x, out):
    a = out[0]
    b = out[1]
    c = out[2]
    for i in range(len(x)):
        a, b, c = b, c, a + x[i]
    out[0] = a
    out[1] = b
    out[2] = c


@program(lambda n, _: (min(n, 19), np.zeros(n + 1, "i8"), np.zeros(n + 1, "i4")))
def fibonacci(n, f, g):
    a = 0
    b = 1
    for i in range(n):
        f[i] = a
        t = a + b
        a = b
        b = t
    g[0] = 1
    for i in range(1, n + 1):
        g[i] = g[i - 1] * 3


@program(lambda n, r: (whole(r, n), np.zeros(n), np.zeros(n)))
def shared_temporary(x, y, z):
    t = 1.0
    for i in range(len(x)):
        t = x[i] * 2.0
        y[i] = t + 1.0
    for i in range(len(x)):
        z[i] = t * y[i]
        t = t * 0.5


@program(
    lambda n, r: (
        whole(r, n, dtype="i4", low=-(2**31), high=2**31),
        whole(r, n, dtype="i4", low=-(2**31), high=2**31),
        np.zeros(n, "i4"),
        np.zeros(1, "i4"),
    )
)
def wrapping_i32(a, b, c, s):
    for i in range(len(a)):
        c[i] = a[i] * b[i] + (a[i] - b[i])
        s[0] += c[i]


@program(
    lambda n, r: (
        whole(r, n, dtype="i8", low=-20, high=21),
        np.zeros((n, 6), "i8"),
        whole(r, n, dtype="i8", low=-3, high=4),
    )
)
def floor_divisions(a, out, d):
    for i in range(len(a)):
        out[i, 0] = a[i] // 3
        out[i, 1] = a[i] % 3
        out[i, 2] = a[i] // -3
        out[i, 3] = a[i] % -3
        out[i, 4] = a[i] // d[i]
        out[i, 5] = (i - 5) % 4 + (i - 7) // 2


@program(lambda n, r: (special(r, n), special(r, n), np.zeros((n, 3))))
def float_floor_divisions(a, b, out):
    for i in range(len(a)):
        out[i, 0] = a[i] // b[i]
        out[i, 1] = a[i] % b[i]
        out[i, 2] = -a[i] * 0.0


@program(
    lambda n, r: (
        whole(r, n, dtype="f4"),
        whole(r, n, dtype="i4"),
        whole(r, n, dtype="i8"),
        whole(r, n),
        np.zeros((n, 4)),
    )
)
def mixed_types(f, i4, i8, f8, out):
    for i in range(len(f)):
        out[i, 0] = f[i] * 0.1 + f[i]
        out[i, 1] = i4[i] * f[i]
        out[i, 2] = i4[i] + i8[i] * 2
        out[i, 3] = f[i] * f8[i] + i


@program(
    lambda n, r: (r.random(n) > 0.5, r.random(n) > 0.5, np.zeros((n, 5), bool), np.zeros(1, "i8"))
)
def booleans(p, q, out, count):
    for i in range(len(p)):
        out[i, 0] = p[i] and q[i]
        out[i, 1] = p[i] or not q[i]
        out[i, 2] = p[i] != q[i]
        out[i, 3] = p[i] ^ q[i]
        out[i, 4] = not (p[i] and not q[i])
        if out[i, 2]:
            count[0] += 1


@program(lambda n, r: (whole(r, 1), whole(r, n), np.zeros(1)))
def one_element(a, x, s):
    s[0] = 0.0
    for i in range(len(x)):
        s[0] += a[0] * x[i]


@program(lambda n, r: (whole(r, n), np.zeros(n)))
def local_array(x, y):
    n = len(x)
    t = np.zeros(n)
    for i in range(n):
        t[i] = 2.0 * x[n - 1 - i]
    for i in range(1, n):
        y[i] = t[i] + t[i - 1]


@program(lambda n, r: (whole(r, n, n), np.zeros((n, n))))
def local_row(A, B):
    n = A.shape[0]
    row = np.empty(n)
    for i in range(n):
        for j in range(n):
            row[j] = A[j, i] - A[i, j]
        for j in range(n):
            B[i, j] = row[n - 1 - j]


@program(lambda n, r: (r.random(n) + 0.5, r.random(n) + 0.5, np.zeros(n)))
def functions(x, y, z):
    for i in range(len(x)):
        z[i] = math.exp(-x[i]) + math.sin(y[i]) ** 2 + math.atan2(x[i], y[i]) + x[i] ** 1.5


@program(lambda n, r: (r.random(n), r.random(n), r.random(n), r.random((n, 3)), np.zeros((n, 3))))
def pairwise_forces(x, y, m, p, f):
    n = len(x)
    for i in range(n):
        for j in range(n):
            if i != j:
                dx = x[j] - x[i]
                dy = y[j] - y[i]
                d = math.sqrt(dx * dx + dy * dy + 0.01)
                w = m[j] / (d * d * d)
                f[i, 0] += w * dx
                f[i, 1] += w * dy
    for i in range(n):
        for c in range(3):
            p[i, c] += 0.125 * f[i, c]


@program(lambda n, r: (n, whole(r, n, n)))
def triangles(n, A):
    for i in range(n):
        for j in range(n - i):
            A[i, j] += 1.0
        for j in range(n - i, n):
            A[i, j] -= A[n - 1 - i, n - 1 - j]


@program(lambda n, r: (n, n // 2, whole(r, n + 1, n + 1)))
def bounded_by_parameters(n, m, A):
    for i in range(min(m, 3), max(n - m, n // 3)):
        for j in range(i // 2, min(n, 2 * i + 1)):
            if i + j < n and (j >= m or i % 3 == 1):
                A[i, j] = A[i, j] * 2.0 + A[j, i]


@program(lambda n, r: (whole(r, n + 1, 8),))
def constant_columns(A):
    for i in range(A.shape[0] - 1):
        A[i, 0] = A[i + 1, 7]
        A[i, -1] = A[i, 3] + A[i, -2]
        for j in range(1, 7):
            A[i + 1, j] += A[i, j - 1]


@program(lambda n, r: (whole(r, n, n), np.zeros(n), np.zeros(n), np.zeros(1)))
def marginals(A, rows, cols, total):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            rows[i] += A[i, j]
            cols[j] += A[i, j]
            total[0] += A[i, j]


@program(lambda n, r: (whole(r, n, dtype="i8", low=0, high=2**40), np.zeros(4, "i8")))
def bitwise(a, out):
    for i in range(len(a)):
        out[0] ^= a[i]
        out[1] |= a[i] >> 3
        out[2] &= a[i] << 2
        out[3] += (a[i] & 255) * (i % 7)


@program(lambda n, r: (whole(r, n), np.zeros(n), 2))
def smoother_with_scalars(x, y, T):
    n = len(x)
    for t in range(T):
        left = x[0]
        for i in range(1, n - 1):
            here = x[i]
            y[i] = left + 2.0 * here + x[i + 1]
            left = here
        for i in range(1, n - 1):
            x[i] = y[i] * 0.25


@program(lambda n, r: (whole(r, n, n, n if n < 10 else 9), np.zeros((n, n)), 0.5))
def depth_sum(A, B, w):
    for k in range(A.shape[2]):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                B[j, i] += w * A[i, j, k]


@program(lambda n, r: (whole(r, n, n), whole(r, n), 4))
def power_steps(A, x, T):
    n = len(x)
    y = np.zeros(n)
    for t in range(T):
        for i in range(n):
            y[i] = 0.0
            for j in range(n):
                y[i] += A[i, j] * x[j]
        for i in range(n):
            x[i] = y[i] % 7.0


@program(lambda n, r: (np.zeros((n, n)), r.random((n, n)), 30))
def mandelbrot_steps(Z, C, T):
    for i in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            for t in range(5):
                if Z[i, j] * Z[i, j] <= 4.0:
                    Z[i, j] = Z[i, j] * Z[i, j] + C[i, j]


@program(lambda n, r: (whole(r, n + 1),))
def butterfly(x):
    n = len(x) - 1
    for i in range(n // 2):
        a = x[2 * i] + x[2 * i + 1]
        b = x[2 * i] - x[2 * i + 1]
        x[2 * i] = a
        x[2 * i + 1] = b


@program(lambda n, r: (whole(r, n, n), whole(r, n, n), whole(r, n, n)))
def adi_like(X, A, B):
    n = X.shape[0]
    for i in range(n):
        for j in range(1, n):
            X[i, j] = (X[i, j] - X[i, j - 1] * A[i, j]) % 8.0
            B[i, j] = 0.5 * B[i, j] - A[i, j]
    for i in range(n - 2, -1, -1):
        for j in range(n):
            X[i, j] = (X[i, j] - X[i + 1, j]) % 5.0
