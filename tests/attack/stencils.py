"""Stencils, waves, grids and dynamic programming."""

# ruff: noqa: B007, PLR1730

import numpy as np
from registry import program, whole


@program(lambda n, r: (3, whole(r, n, n), whole(r, n, n)))
def nine_point(T, A, B):
    n = A.shape[0]
    for t in range(T):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                B[i, j] = (
                    A[i - 1, j - 1]
                    + A[i - 1, j]
                    + A[i - 1, j + 1]
                    + A[i, j - 1]
                    - 8.0 * A[i, j]
                    + A[i, j + 1]
                    + A[i + 1, j - 1]
                    + A[i + 1, j]
                    + A[i + 1, j + 1]
                )
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = B[i, j] * 0.0625


@program(lambda n, r: (whole(r, min(n, 17), min(n, 17), min(n, 17)), np.zeros((min(n, 17),) * 3)))
def twenty_seven_point(A, B):
    n = A.shape[0]
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            for k in range(1, n - 1):
                s = 0.0
                for di in range(-1, 2):
                    for dj in range(-1, 2):
                        for dk in range(-1, 2):
                            s += A[i + di, j + dj, k + dk]
                B[i, j, k] = s / 32.0


@program(
    lambda n, r: (4, 0.25, whole(r, n + 1, n + 2), whole(r, n + 1, n + 2), whole(r, n + 1, n + 2))
)
def wave(T, c, u, v, w):
    n, m = u.shape
    for t in range(T):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                lap = v[i - 1, j] + v[i + 1, j] + v[i, j - 1] + v[i, j + 1] - 4.0 * v[i, j]
                w[i, j] = 2.0 * v[i, j] - u[i, j] + c * lap
        for i in range(n):
            w[i, 0] = 0.0
            w[i, m - 1] = w[i, m - 2]
        for j in range(m):
            w[0, j] = w[1, j]
            w[n - 1, j] = 0.0
        for i in range(n):
            for j in range(m):
                u[i, j] = v[i, j]
                v[i, j] = w[i, j]


@program(
    lambda n, r: (
        3,
        r.random((9, min(n, 33) + 2, min(n, 33) + 2)),
        np.zeros((9, min(n, 33) + 2, min(n, 33) + 2)),
    )
)
def lattice_boltzmann(T, f, g):
    n = f.shape[1]
    for t in range(T):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                rho = 0.0
                for q in range(9):
                    rho += f[q, i, j]
                ux = (f[1, i, j] - f[3, i, j] + f[5, i, j] - f[6, i, j]) / rho
                uy = (f[2, i, j] - f[4, i, j] + f[5, i, j] + f[6, i, j]) / rho
                usq = 1.5 * (ux * ux + uy * uy)
                for q in range(9):
                    g[q, i, j] = f[q, i, j] - 0.6 * (f[q, i, j] - rho * (1.0 - usq) / 9.0)
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                f[0, i, j] = g[0, i, j]
                f[1, i, j] = g[1, i - 1, j]
                f[2, i, j] = g[2, i, j - 1]
                f[3, i, j] = g[3, i + 1, j]
                f[4, i, j] = g[4, i, j + 1]
                f[5, i, j] = g[5, i - 1, j - 1]
                f[6, i, j] = g[6, i + 1, j - 1]
                f[7, i, j] = g[7, i + 1, j + 1]
                f[8, i, j] = g[8, i - 1, j + 1]


@program(lambda n, r: (3, whole(r, 2, n)))
def alternating_rows(T, A):
    n = A.shape[1]
    for t in range(T):
        for i in range(1, n - 1):
            A[(t + 1) % 2, i] = A[t % 2, i - 1] + A[t % 2, i] + A[t % 2, i + 1]


@program(lambda n, r: (3, r.random((n, n)), r.random((n, n))))
def red_black(T, u, f):
    n = u.shape[0]
    for t in range(T):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                if (i + j) % 2 == 0:
                    u[i, j] = 0.25 * (
                        u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - f[i, j]
                    )
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                if (i + j) % 2 == 1:
                    u[i, j] = 0.25 * (
                        u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - f[i, j]
                    )


@program(lambda n, r: (2, r.random((n, n)), r.random((n, n))))
def red_black_by_colour(T, u, f):
    n = u.shape[0]
    for t in range(T):
        for colour in range(2):
            for i in range(1, n - 1):
                for j in range(1 + (i + colour) % 2, n - 1, 2):
                    u[i, j] = (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) * 0.25 + f[
                        i, j
                    ]


@program(lambda n, r: (3, r.random((n, n))))
def sor(T, A):
    n = len(A)
    for _ in range(T):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = -0.5 * A[i, j] + 0.375 * (
                    A[i - 1, j] + A[i, j - 1] + A[i + 1, j] + A[i, j + 1]
                )


@program(lambda n, r: (whole(r, n + 1, n), whole(r, n, n + 1), whole(r, n, n), 3))
def yee(ey, ex, hz, T):
    n = hz.shape[0]
    for t in range(T):
        for j in range(n):
            ey[0, j] = t
        for i in range(1, n):
            for j in range(n):
                ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(n):
            for j in range(1, n):
                ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(n):
            for j in range(n):
                hz[i, j] -= 0.5 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])


@program(lambda n, r: (whole(r, n + 1), whole(r, 2 * n + 1)))
def prolongation(coarse, fine):
    n = coarse.shape[0] - 1
    for i in range(n + 1):
        fine[2 * i] = coarse[i]
    for i in range(n):
        fine[2 * i + 1] = 0.5 * (fine[2 * i] + fine[2 * i + 2])


@program(lambda n, r: (whole(r, n + 1), whole(r, 2 * n + 1)))
def prolongation_by_halves(coarse, fine):
    n = len(coarse) - 1
    for i in range(2 * n):
        if i % 2 == 0:
            fine[i] = coarse[i // 2]
        else:
            fine[i] = (coarse[i // 2] + coarse[i // 2 + 1]) / 2.0


@program(lambda n, r: (np.zeros((n, n)), whole(r, 2 * n, 2 * n)))
def restriction(coarse, fine):
    for i in range(coarse.shape[0]):
        for j in range(coarse.shape[1]):
            coarse[i, j] = 0.25 * (
                fine[2 * i, 2 * j]
                + fine[2 * i + 1, 2 * j]
                + fine[2 * i, 2 * j + 1]
                + fine[2 * i + 1, 2 * j + 1]
            )


@program(lambda n, r: (whole(r, 2 * n + 1), whole(r, 2 * n + 1), np.zeros(n + 1), 2))
def two_grid(u, f, c, cycles):
    n = c.shape[0] - 1
    for k in range(cycles):
        for i in range(1, 2 * n):
            u[i] = 0.5 * (u[i - 1] + u[i + 1] - f[i])
        for i in range(1, n):
            c[i] = 0.25 * (u[2 * i - 1] + 2.0 * u[2 * i] + u[2 * i + 1])
        for i in range(n):
            u[2 * i] += c[i]
            u[2 * i + 1] += 0.5 * (c[i] + c[i + 1])


@program(lambda n, r: (whole(r, n + 2, n + 2),))
def periodic(A):
    n = A.shape[0] - 2
    for i in range(n + 2):
        A[i, 0] = A[i, n]
        A[i, n + 1] = A[i, 1]
    for j in range(n + 2):
        A[0, j] = A[n, j]
        A[n + 1, j] = A[1, j]


@program(
    lambda n, r: (
        whole(r, n, dtype="i4", low=0, high=4),
        whole(r, n + 3, dtype="i4", low=0, high=4),
        np.zeros((n + 1, n + 4), "i4"),
    )
)
def smith_waterman(a, b, H):
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            score = 3 if a[i - 1] == b[j - 1] else -3
            H[i, j] = max(0, H[i - 1, j - 1] + score, H[i - 1, j] - 2, H[i, j - 1] - 2)


@program(
    lambda n, r: (
        whole(r, n, low=0, high=9),
        whole(r, n, low=0, high=9),
        np.full((n + 1, n + 1), np.inf),
    )
)
def time_warping(x, y, D):
    D[0, 0] = 0.0
    for i in range(1, len(x) + 1):
        for j in range(1, len(y) + 1):
            D[i, j] = abs(x[i - 1] - y[j - 1]) + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])


@program(lambda n, r: (whole(r, min(n, 20), min(n, 20), low=1, high=50, dtype="i8"),))
def shortest_paths(D):
    n = D.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if D[i, k] + D[k, j] < D[i, j]:
                    D[i, j] = D[i, k] + D[k, j]


@program(
    lambda n, r: (
        whole(r, min(n, 20) + 1, low=1, high=9, dtype="i8"),
        np.zeros((min(n, 20), min(n, 20)), "i8"),
    )
)
def matrix_chain(p, m):
    n = m.shape[0]
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            m[i, i + length - 1] = 1000000000
            for k in range(i, i + length - 1):
                m[i, i + length - 1] = min(
                    m[i, i + length - 1],
                    m[i, k] + m[k + 1, i + length - 1] + p[i] * p[k + 1] * p[i + length],
                )


@program(lambda n, _: (np.zeros((n, n), "i8"),))
def pascal(C):
    for i in range(C.shape[0]):
        C[i, 0] = 1
        for j in range(1, i + 1):
            C[i, j] = C[i - 1, j - 1] + C[i - 1, j]
