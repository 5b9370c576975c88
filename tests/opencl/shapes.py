"""Kernels of the shapes that the OpenCL printer tells apart."""

import math

import numpy as np

import polyopt as po


@po.kernel(fp="strict")
def elementwise(x, y, out):
    for i in range(len(x)):
        out[i] = math.sqrt(abs(x[i])) + y[i] * 2.0


@po.kernel(fp="strict")
def gemm(C, A, B):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]


@po.kernel(fp="strict")
def stencil(T, A, B):
    n = A.shape[0]
    for _ in range(T):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1])
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = B[i, j]


@po.kernel
def reduction(x, y, out):
    for i in range(len(x)):
        out[0] += x[i] * y[i]


@po.kernel(fp="strict")
def triangular(A, x, y):
    n = A.shape[0]
    for i in range(n):
        for j in range(i + 1):
            y[i] += A[i, j] * x[j]


@po.kernel(fp="strict")
def wavefront(A):
    n = A.shape[0]
    m = A.shape[1]
    for i in range(1, n):
        for j in range(1, m):
            A[i, j] = A[i - 1, j] + A[i, j - 1]


@po.kernel(fp="strict")
def branches(A, B, limit):
    n = A.shape[0]
    for i in range(n):
        total = 0.0
        for j in range(A.shape[1]):
            if A[i, j] > limit:
                total += A[i, j]
        for j in range(A.shape[1]):
            if j % 3 == 1:
                B[i, j] = total
            else:
                B[i, j] = A[i, j] // 0.5 % 3.0


@po.kernel(fp="strict")
def integers(a, b, out, flags):
    for i in range(len(a)):
        out[i] = (a[i] // b[i]) * 3 + a[i] % b[i] - abs(a[i]) + max(a[i], b[i])
        flags[i] = a[i] > b[i] or flags[i]


@po.kernel(fp="strict")
def local_arrays(A, out):
    n = A.shape[0]
    row = np.zeros(n)
    for i in range(n):
        for j in range(n):
            row[i] += A[i, j]
    best = 0.0
    for i in range(n):
        best = max(best, row[i])
    for i in range(n):
        out[i] = row[i] / (best + 1.0)


@po.kernel(fp="strict")
def arithmetic(a, b, out, best):
    for i in range(len(a)):
        out[i] = (a[i] + b[i]) * a[i] - (a[i] // b[i]) + a[i] % b[i] + (~a[i] >> b[i])
    for i in range(len(a)):
        best[0] = max(best[0], a[i])
