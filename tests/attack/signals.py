"""Filters, sums along an axis, images."""

import numpy as np
from registry import program, small, special, whole


@program(lambda n, r: (whole(r, n + 4), np.array([1.0, 2.0, -1.0, 3.0, 1.0]), np.zeros(n)))
def fir(x, h, y):
    for i in range(len(y)):
        for k in range(5):
            y[i] += h[k] * x[i + 4 - k]


@program(lambda n, r: (whole(r, n), r.random(n)))
def iir(x, y):
    for i in range(2, len(x)):
        y[i] = x[i] + 0.5 * y[i - 1] - 0.25 * y[i - 2]


@program(lambda n, r: (whole(r, n + 7, n + 3), np.zeros((n, n)), whole(r, 8, 4)))
def convolution(image, out, mask):
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            acc = 0.0
            for ky in range(8):
                for kx in range(4):
                    acc += image[y + ky, x + kx] * mask[ky, kx]
            out[y, x] = acc


@program(
    lambda n, r: (
        whole(r, 2, 3, small(n) + 2, small(n) + 2),
        whole(r, 4, 3, 3, 3),
        np.zeros((2, 4, small(n), small(n))),
    )
)
def conv_layer(x, w, y):
    for b in range(2):
        for o in range(4):
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    for c in range(3):
                        for p in range(3):
                            for q in range(3):
                                y[b, o, i, j] += x[b, c, i + p, j + q] * w[o, c, p, q]
                    y[b, o, i, j] = max(0.0, y[b, o, i, j])


@program(lambda n, r: (whole(r, n), np.zeros(n)))
def moving_sum(x, y):
    n = len(x)
    s = 0.0
    for i in range(n):
        s += x[i]
        if i >= 4:
            s -= x[i - 4]
        y[i] = s


@program(lambda n, r: (whole(r, n), np.zeros(n)))
def horner(x, y):
    for i in range(len(x)):
        y[i] = 0.0
        for k in range(5, -1, -1):
            y[i] = y[i] * x[i] + (k + 1)


@program(lambda n, r: (whole(r, 3 * n + 1), np.zeros(n + 1)))
def downsample(x, y):
    for i in range(0, 3 * (len(y) - 1) + 1, 3):
        y[i // 3] = x[i]


@program(lambda n, r: (whole(r, n),))
def reverse_in_place(x):
    n = len(x)
    for i in range(n // 2):
        t = x[i]
        x[i] = x[n - 1 - i]
        x[n - 1 - i] = t


@program(lambda n, r: (whole(r, n), np.zeros(n)))
def backwards(x, y):
    for i in range(len(x) - 1, -1, -1):
        y[i] = x[len(x) - 1 - i]
    for i in range(len(x) - 2, 0, -2):
        y[i] += y[i + 1]


@program(lambda n, r: (whole(r, n, n), np.zeros((n + 1, n + 1))))
def integral_image(A, S):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            S[i + 1, j + 1] = A[i, j] + S[i, j + 1] + S[i + 1, j] - S[i, j]


@program(lambda n, r: (whole(r, n), np.zeros(n)))
def prefix_sum(x, y):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        y[i] = s


@program(lambda n, r: (whole(r, n, n),))
def prefix_in_place(A):
    for i in range(A.shape[0]):
        for j in range(1, A.shape[1]):
            A[i, j] += A[i, j - 1]
    for i in range(1, A.shape[0]):
        for j in range(A.shape[1]):
            A[i, j] += A[i - 1, j]


@program(lambda n, r: (special(r, n, n), np.zeros((n, n))))
def cumulative_max(x, y):
    for i in range(x.shape[0]):
        m = x[i, 0]
        for j in range(x.shape[1]):
            m = max(m, x[i, j])
            y[i, j] = m
