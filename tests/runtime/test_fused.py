"""No fused multiply-add under strict, whatever the compiler makes of neighbouring products."""

import numpy as np
import pytest

import polyopt as po
from polyopt.runtime.fused import is_fused, is_x86, may_be_fused


def rotated(A, c, s):
    for k in range(A.shape[1]):
        x = A[0, k]
        y = A[1, k]
        A[0, k] = c * x + s * y
        A[1, k] = c * y - s * x


def products(x, y, z):
    for i in range(len(z)):
        z[i, 0] = x[i, 0] * y[i, 0] - x[i, 1] * y[i, 1]
        z[i, 1] = x[i, 0] * y[i, 1] + x[i, 1] * y[i, 0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rotations_of_neighbours_round_every_product(dtype):
    data = np.random.default_rng(0).random((2, 50)).astype(dtype)
    c, s = np.dtype(dtype).type(0.6), np.dtype(dtype).type(0.8)
    expected = data.copy()
    rotated(expected, c, s)
    for layout in ("C", "F"):
        found = np.array(data, order=layout)
        po.kernel(fp="strict")(rotated)(found, c, s)
        np.testing.assert_array_equal(found, expected)


def test_products_of_pairs_round_every_product():
    random = np.random.default_rng(0)
    x, y = random.random((2, 50, 2))
    expected, found = np.zeros((2, 50, 2))
    products(x, y, expected)
    po.kernel(fp="strict")(products)(x, y, found)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(not is_x86(), reason="these are instructions of x86")
@pytest.mark.parametrize(
    ("text", "fused"),
    [
        ("c4 e2 f1 97 d0", True),  # vfmsubadd132pd xmm2, xmm1, xmm0
        ("c5 f9 59 c1", False),  # vmulpd xmm0, xmm0, xmm1
        ("62 f2 f5 48 b8 c2", True),  # vfmadd231pd zmm0, zmm1, zmm2
        ("62 f1 fd 48 59 c1", False),  # vmulpd zmm0, zmm0, zmm1
    ],
)
def test_fused_instructions_are_known_by_their_bytes(text, fused):
    assert may_be_fused(bytes.fromhex(text)) is fused


def test_fused_instructions_are_known_by_their_names():
    assert is_fused("\tmovq\t%rax, %rbx\n\tvfmaddsub132pd\t%ymm0, %ymm1, %ymm2\n")
    assert not is_fused("\tvmulpd\t%ymm0, %ymm1, %ymm2\n/* vfmaddsub */\n")
