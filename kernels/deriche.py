"""deriche: Deriche's recursive filter that smooths an image; all arrays [W, H], single precision.

A causal and an anticausal pass along each row, their sum, and the same along each column.
PolyBench/C 4.2.1, medley; R. Deriche, Recursively implementing the Gaussian and its derivatives.
"""

from __future__ import annotations

import math

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def deriche(alpha, imgIn, imgOut, y1, y2):
    w, h = imgIn.shape
    k = (
        (1.0 - math.exp(-alpha))
        * (1.0 - math.exp(-alpha))
        / (1.0 + 2.0 * alpha * math.exp(-alpha) - math.exp(2.0 * alpha))
    )
    a1 = k
    a5 = k
    a2 = k * math.exp(-alpha) * (alpha - 1.0)
    a6 = a2
    a3 = k * math.exp(-alpha) * (alpha + 1.0)
    a7 = a3
    a4 = -k * math.exp(-2.0 * alpha)
    a8 = a4
    b1 = 2.0 ** (-alpha)
    b2 = -math.exp(-2.0 * alpha)
    c1 = 1.0
    c2 = 1.0
    for i in range(w):
        ym1 = 0.0
        ym2 = 0.0
        xm1 = 0.0
        for j in range(h):
            y1[i, j] = a1 * imgIn[i, j] + a2 * xm1 + b1 * ym1 + b2 * ym2
            xm1 = imgIn[i, j]
            ym2 = ym1
            ym1 = y1[i, j]
    for i in range(w):
        yp1 = 0.0
        yp2 = 0.0
        xp1 = 0.0
        xp2 = 0.0
        for j in range(h - 1, -1, -1):
            y2[i, j] = a3 * xp1 + a4 * xp2 + b1 * yp1 + b2 * yp2
            xp2 = xp1
            xp1 = imgIn[i, j]
            yp2 = yp1
            yp1 = y2[i, j]
    for i in range(w):
        for j in range(h):
            imgOut[i, j] = c1 * (y1[i, j] + y2[i, j])
    for j in range(h):
        tm1 = 0.0
        ym1 = 0.0
        ym2 = 0.0
        for i in range(w):
            y1[i, j] = a5 * imgOut[i, j] + a6 * tm1 + b1 * ym1 + b2 * ym2
            tm1 = imgOut[i, j]
            ym2 = ym1
            ym1 = y1[i, j]
    for j in range(h):
        tp1 = 0.0
        tp2 = 0.0
        yp1 = 0.0
        yp2 = 0.0
        for i in range(w - 1, -1, -1):
            y2[i, j] = a7 * tp1 + a8 * tp2 + b1 * yp1 + b2 * yp2
            tp2 = tp1
            tp1 = imgOut[i, j]
            yp2 = yp1
            yp1 = y2[i, j]
    for i in range(w):
        for j in range(h):
            imgOut[i, j] = c2 * (y1[i, j] + y2[i, j])


def _make(sizes: Sizes, dtype: DType = np.float32) -> Arguments:
    w, h = sizes["W"], sizes["H"]
    i, j = np.ogrid[:w, :h]
    image = (313 * i + 991 * j) % 65536 / 65535.0
    zeros = (np.zeros((w, h), dtype) for _ in range(3))
    return 0.25, image.astype(dtype), *zeros


def _numpy(alpha: float, imgIn: Array, imgOut: Array, y1: Array, y2: Array) -> None:
    decay = math.exp(-alpha)
    k = (1.0 - decay) ** 2 / (1.0 + 2.0 * alpha * decay - math.exp(2.0 * alpha))
    causal = (k, k * decay * (alpha - 1.0))
    anticausal = (k * decay * (alpha + 1.0), -k * decay**2)
    feedback = (2.0**-alpha, -(decay**2))
    for source, axis in ((imgIn.T, 1), (imgOut, 0)):
        forward, backward = (y1.T, y2.T) if axis else (y1, y2)
        _recurse(source, forward, (*causal, 0.0), feedback)
        _recurse(source[::-1], backward[::-1], (0.0, *anticausal), feedback)
        np.add(y1, y2, out=imgOut)


def _recurse(
    x: Array, y: Array, weights: tuple[float, float, float], feedback: tuple[float, float]
) -> None:
    """y[i] = Σ weights[d] x[i - d] + feedback[0] y[i - 1] + feedback[1] y[i - 2], from rest."""
    for i in range(len(x)):
        y[i] = weights[0] * x[i]
        for delay in range(1, min(i, 2) + 1):
            y[i] += weights[delay] * x[i - delay] + feedback[delay - 1] * y[i - delay]


BENCHMARK = Benchmark(
    name="deriche",
    kernel=deriche,
    parameters={
        "alpha": REAL,
        "imgIn": ("W", "H"),
        "imgOut": ("W", "H"),
        "y1": ("W", "H"),
        "y2": ("W", "H"),
    },
    sizes=datasets(W=(64, 192, 720, 4096, 7680), H=(64, 128, 480, 2160, 4320)),
    make=_make,
    outputs=("imgOut", "y1", "y2"),
    # The recursion's poles have magnitude exp(-0.25): an error fades within about 16 elements.
    reduction_length=lambda _: 16,
    bound="normwise",
    numpy=_numpy,
    flops=lambda s: 32 * s["W"] * s["H"],
    dtype=np.dtype(np.float32),
)
