"""The kernels as functions of arrays over `jax.numpy` and `jax.lax`, as a JAX user writes them.

A form takes the kernel's arguments and returns its outputs, in the order of `Benchmark.outputs`.
Products and factorisations are single calls; loops over time are `fori_loop`, recurrences along a
row `scan` over all rows at once. Importing this module turns JAX's 64-bit types on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular

jax.config.update("jax_enable_x64", True)

Form = Callable[..., tuple[Any, ...]]


def _gemm(alpha, beta, C, A, B):
    return (beta * C + alpha * (A @ B),)


def _2mm(alpha, beta, tmp, A, B, C, D):
    product = alpha * (A @ B)
    return product, beta * D + product @ C


def _3mm(E, A, B, F, C, D, G):
    left, right = A @ B, C @ D
    return left, right, left @ right


def _atax(A, x, y, tmp):
    product = A @ x
    return product @ A, product


def _bicg(A, s, q, p, r):
    return r @ A, A @ p


def _mvt(x1, x2, y1, y2, A):
    return x1 + A @ y1, x2 + y2 @ A


def _gesummv(alpha, beta, A, B, tmp, x, y):
    product = A @ x
    return product, alpha * product + beta * (B @ x)


def _gemver(alpha, beta, A, u1, v1, u2, v2, w, x, y, z):
    updated = A + jnp.outer(u1, v1) + jnp.outer(u2, v2)
    x = x + beta * (y @ updated) + z
    return updated, w + alpha * (updated @ x), x


def _lower(changed, kept):
    return jnp.where(jnp.tri(*kept.shape, dtype=bool), changed, kept)


def _syrk(alpha, beta, C, A):
    return (_lower(beta * C + alpha * (A @ A.T), C),)


def _syr2k(alpha, beta, C, A, B):
    product = A @ B.T
    return (_lower(beta * C + alpha * (product + product.T), C),)


def _trmm(alpha, A, B):
    return (alpha * (B + jnp.tril(A, -1).T @ B),)


def _symm(alpha, beta, C, A, B):
    whole = jnp.tril(A) + jnp.tril(A, -1).T
    return (beta * C + alpha * (whole @ B),)


def _doitgen(A, C4, acc):
    product = A @ C4
    return product, product[-1, -1]


def _covariance(float_n, data, cov, mean):
    mean = data.sum(axis=0) / float_n
    centred = data - mean
    return centred, (centred.T @ centred) / (float_n - 1.0), mean


def _correlation(float_n, data, corr, mean, stddev):
    mean = data.sum(axis=0) / float_n
    centred = data - mean
    stddev = jnp.sqrt((centred * centred).sum(axis=0) / float_n)
    stddev = jnp.where(stddev <= 0.1, 1.0, stddev)
    scaled = centred / (jnp.sqrt(float_n) * stddev)
    product = scaled.T @ scaled
    return scaled, jnp.fill_diagonal(product, 1.0, inplace=False), mean, stddev


def _cholesky(A):
    return (_lower(lax.linalg.cholesky(A, symmetrize_input=False), A),)


def _lu(A):
    return (_factored(A),)


def _factored(A, block=64):
    """L (unit diagonal) and U in one matrix, without pivots: halves down to blocks."""
    n = len(A)
    if n <= block:
        return lax.fori_loop(0, n, _eliminate, A)
    half = n // 2
    first = _factored(A[:half, :half], block)
    right = solve_triangular(first, A[:half, half:], lower=True, unit_diagonal=True)
    below = solve_triangular(first.T, A[half:, :half].T, lower=True).T
    rest = _factored(A[half:, half:] - below @ right, block)
    return jnp.block([[first, right], [below, rest]])


def _eliminate(k, A):
    later = jnp.arange(len(A)) > k
    column = jnp.where(later, A[:, k] / A[k, k], 0.0)
    A = A - jnp.outer(column, jnp.where(later, A[k], 0.0))
    return A.at[:, k].set(jnp.where(later, column, A[:, k]))


def _ludcmp(A, b, x, y):
    factors = _factored(A)
    y = solve_triangular(factors, b, lower=True, unit_diagonal=True)
    return factors, solve_triangular(factors, y), y


def _trisolv(L, x, b):
    return (solve_triangular(L, b, lower=True),)


def _gramschmidt(A, R, Q):
    later = jnp.arange(A.shape[1])

    def step(k, state):
        A, R, Q = state
        norm = jnp.sqrt(A[:, k] @ A[:, k])
        q = A[:, k] / norm
        row = jnp.where(later > k, q @ A, 0.0)
        kept = jnp.where(later > k, row, R[k]).at[k].set(norm)
        return A - jnp.outer(q, row), R.at[k].set(kept), Q.at[:, k].set(q)

    return lax.fori_loop(0, A.shape[1], step, (A, R, Q))


def _in_turn(sweep: Callable[[Any], Any]) -> Form:
    """A stencil from A to the inside of B, then back, so many times."""

    def form(tsteps, A, B):
        inside = (slice(1, -1),) * A.ndim

        def step(_, state):
            A, B = state
            B = B.at[inside].set(sweep(A))
            return A.at[inside].set(sweep(B)), B

        return lax.fori_loop(0, tsteps, step, (A, B))

    return form


def _sweep_1d(A):
    return 0.33333 * (A[:-2] + A[1:-1] + A[2:])


def _sweep_2d(A):
    return 0.2 * (A[1:-1, 1:-1] + A[1:-1, :-2] + A[1:-1, 2:] + A[2:, 1:-1] + A[:-2, 1:-1])


def _sweep_3d(A):
    centre = A[1:-1, 1:-1, 1:-1]
    return (
        0.125 * (A[2:, 1:-1, 1:-1] - 2.0 * centre + A[:-2, 1:-1, 1:-1])
        + 0.125 * (A[1:-1, 2:, 1:-1] - 2.0 * centre + A[1:-1, :-2, 1:-1])
        + 0.125 * (A[1:-1, 1:-1, 2:] - 2.0 * centre + A[1:-1, 1:-1, :-2])
        + centre
    )


def _fdtd_2d(ex, ey, hz, fict):
    def step(t, state):
        ex, ey, hz = state
        ey = ey.at[1:].add(-0.5 * (hz[1:] - hz[:-1])).at[0].set(fict[t])
        ex = ex.at[:, 1:].add(-0.5 * (hz[:, 1:] - hz[:, :-1]))
        curl = ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]
        return ex, ey, hz.at[:-1, :-1].add(-0.7 * curl)

    return lax.fori_loop(0, len(fict), step, (ex, ey, hz))


def _adi(tsteps, u, v, p, q):
    first = -1.0 / tsteps * len(u) ** 2
    second = first / 2.0

    def step(_, state):
        u, v, p, q = state
        new, p, q = _half_step(first, second, u, v.T, p, q)
        u, p, q = _half_step(second, first, new, u, p, q)
        return u, new.T, p, q

    return lax.fori_loop(0, tsteps, step, (u, v, p, q))


def _half_step(implicit, explicit, old, new, p, q):
    """The tridiagonal systems along the rows of `new`, all rows at once."""
    inner = slice(1, -1)
    neighbours = old[inner, :-2] + old[inner, 2:]
    right = (1.0 + 2.0 * explicit) * old[inner, inner] - explicit * neighbours
    one = jnp.ones_like(right[0])

    def forward(before, side):
        p, q = before
        pivot = implicit * p + (1.0 - 2.0 * implicit)
        found = -implicit / pivot, (side - implicit * q) / pivot
        return found, found

    def backward(after, factors):
        value = factors[0] * after + factors[1]
        return value, value

    _, (ps, qs) = lax.scan(forward, (0.0 * one, one), right)
    _, values = lax.scan(backward, one, (ps, qs), reverse=True)
    new = new.at[inner, 0].set(1.0).at[inner, -1].set(1.0).at[inner, inner].set(values.T)
    p = p.at[inner, 0].set(0.0).at[inner, inner].set(ps.T)
    return new, p, q.at[inner, 0].set(1.0).at[inner, inner].set(qs.T)


def _deriche(alpha, image, out, y1, y2):
    decay = jnp.exp(-alpha)
    k = (1.0 - decay) ** 2 / (1.0 + 2.0 * alpha * decay - jnp.exp(2.0 * alpha))
    causal = (k, k * decay * (alpha - 1.0), 0.0)
    anticausal = (0.0, k * decay * (alpha + 1.0), -k * decay**2)
    feedback = (2.0**-alpha, -(decay**2))
    weights = [
        [jnp.asarray(w, image.dtype) for w in (*each, *feedback)] for each in (causal, anticausal)
    ]
    rows = _recurrence(image.T, weights[0]) + _recurrence(image.T, weights[1], reverse=True)
    out = rows.T
    y1, y2 = _recurrence(out, weights[0]), _recurrence(out, weights[1], reverse=True)
    return y1 + y2, y1, y2


def _recurrence(x, weights, *, reverse=False):
    """y[i] = w0 x[i] + w1 x[i - 1] + w2 x[i - 2] + w3 y[i - 1] + w4 y[i - 2], from rest."""
    w0, w1, w2, w3, w4 = weights
    rest = jnp.zeros_like(x[0])

    def step(before, x):
        x1, x2, y1, y2 = before
        y = w0 * x + w1 * x1 + w2 * x2 + w3 * y1 + w4 * y2
        return (x, x1, y, y1), y

    return lax.scan(step, (rest,) * 4, x, reverse=reverse)[1]


def _floyd_warshall(path):
    def step(k, path):
        return jnp.minimum(path, path[:, k, None] + path[k])

    return (lax.fori_loop(0, len(path), step, path),)


FORMS: dict[str, Form] = {
    "2mm": _2mm,
    "3mm": _3mm,
    "adi": _adi,
    "atax": _atax,
    "bicg": _bicg,
    "cholesky": _cholesky,
    "correlation": _correlation,
    "covariance": _covariance,
    "deriche": _deriche,
    "doitgen": _doitgen,
    "fdtd-2d": _fdtd_2d,
    "floyd-warshall": _floyd_warshall,
    "gemm": _gemm,
    "gemver": _gemver,
    "gesummv": _gesummv,
    "gramschmidt": _gramschmidt,
    "heat-3d": _in_turn(_sweep_3d),
    "jacobi-1d": _in_turn(_sweep_1d),
    "jacobi-2d": _in_turn(_sweep_2d),
    "lu": _lu,
    "ludcmp": _ludcmp,
    "mvt": _mvt,
    "symm": _symm,
    "syr2k": _syr2k,
    "syrk": _syrk,
    "trisolv": _trisolv,
    "trmm": _trmm,
}

WITHOUT = {
    "durbin": "no JAX form: each step needs vectors of another length, XLA's shapes are fixed",
    "nussinov": "no JAX form: each element needs vectors of another length, XLA's shapes are fixed",
    "seidel-2d": "no JAX form: each element needs the one before, JAX has no loops over scalars",
}
"""Why there is none."""
