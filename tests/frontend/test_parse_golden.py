"""The text of loop nests."""

# ruff: noqa: FURB136 - a kernel spells a minimum out

import textwrap

import numpy as np
import pytest
from parsing import floats, integers, nest_of, same_as_python

import polyopt_kernels as kernels


def shows(nest, text):
    assert str(nest) == textwrap.dedent(text).strip("\n")


def test_gemm():
    def gemm(alpha, beta, C, A, B):
        n, m = C.shape
        p = A.shape[1]
        for i in range(n):
            for j in range(m):
                C[i, j] *= beta
            for k in range(p):
                for j in range(m):
                    C[i, j] += alpha * A[i, k] * B[k, j]

    shows(
        same_as_python(gemm, 1.5, 1.2, floats(2, 3), floats(2, 4), floats(4, 3)),
        """
        nest gemm(alpha, beta, C, A, B)
          argument alpha: weak f64
          argument beta: weak f64
          argument C: f64[n, m]
          argument A: f64[A_shape0, p]
          argument B: f64[B_shape0, B_shape1]
          parameter n = C.shape[0]
          parameter m = C.shape[1]
          parameter A_shape0 = A.shape[0]
          parameter p = A.shape[1]
          parameter B_shape0 = B.shape[0]
          parameter B_shape1 = B.shape[1]
          for i in range(0, n):
            for j in range(0, m):
              C[i, j] = C[i, j] * beta
            for k in range(0, p):
              for j in range(0, m):
                C[i, j] = C[i, j] + alpha * A[i, k] * B[k, j]
        """,
    )


def test_data_conditions():
    def relu(n, v, w):
        total = 0
        for i in range(n):
            if v[i] > 0 and i > 0:
                w[i] = v[i - 1]
                total += w[i]
            if w[i] != 0:
                w[i] = 1 / w[i]
                v[i] = w[i] if w[i] < 9 else 9
        w[-1] = total

    shows(
        same_as_python(relu, 5, floats(5), floats(5, seed=2)),
        """
        nest relu(n, v, w)
          argument n: weak i64
          argument v: f64[v_shape0]
          argument w: f64[w_shape0]
          parameter n = argument n
          parameter v_shape0 = v.shape[0]
          parameter w_shape0 = w.shape[0]
          local total: f64
          local _cond: bool
          total = 0.0
          for i in range(0, n):
            if i > 0:
              w[i] = v[i - 1]  where v[i] > 0.0
              total = total + w[i]  where v[i] > 0.0
            _cond = w[i] != 0.0
            w[i] = 1.0 / w[i]  where _cond
            v[i] = w[i] if w[i] < 9.0 else 9.0  where _cond
          w[w_shape0 - 1] = total
        """,
    )


def test_types_and_conversions():
    def mixed(x, v, I):
        t = np.zeros(30, dtype=np.float32)
        for i in range(3):
            t[i] += v[i] * x + 0.1
            I[i] += i * i - 2 * i + t[i] // 2
            x = max(x, -t[i], 0)

    shows(
        nest_of(mixed, 0.5, floats(3).astype(np.float32), integers(3)),
        """
        nest mixed(x, v, I)
          argument x: weak f64
          argument v: f32[v_shape0]
          argument I: i32[I_shape0]
          parameter v_shape0 = v.shape[0]
          parameter I_shape0 = I.shape[0]
          local t: f32[30]
          local x_local: f32
          x_local = f32(x)
          for _t_0 in range(0, 30):
            t[_t_0] = f32(0.0)
          for i in range(0, 3):
            t[i] = t[i] + (v[i] * x_local + f32(0.1))
            I[i] = i32(f64(I[i]) + f64(f32(i * i - 2*i) + t[i] // f32(2.0)))
            x_local = max(max(x_local, -t[i]), f32(0.0))
        """,
    )


@pytest.mark.parametrize("name", kernels.NAMES)
def test_every_polybench_kernel_is_read_right(name):
    benchmark = kernels.find(name)
    sizes = {
        size: max(3, min(4 + place, value))
        for place, (size, value) in enumerate(benchmark.sizes["MINI"].items())
    }
    same_as_python(benchmark.kernel.py_func, *benchmark.make(sizes))
