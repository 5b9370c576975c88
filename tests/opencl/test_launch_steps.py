"""What is launched: sums of rows jammed, scalars kept between launches, launches kept for a call
with the same numbers."""

import numpy as np
import pytest

import polyopt as po

TILE = 128
SIZES = [(0, 0), (1, 1), (3, 5), (4, TILE), (9, TILE + 1), (8, TILE - 1)]


@po.kernel
def down_columns(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[j] += A[i, j] * x[i]


@pytest.mark.parametrize("shape", SIZES)
def test_rows_that_are_summed_are_taken_in_fours(eager, shape):
    kernel = down_columns.with_options(target=po.OpenCL(model="cpu"), fp="strict")
    random = np.random.default_rng(1)
    A, x, y = random.random(shape), random.random(shape[0]), random.random(shape[1])
    spec = kernel.specialize(A, x, y)
    assert [step.name for step in spec.schedule.steps].count("unroll_and_jam") == 1
    inner = spec.source.partition("#pragma unroll 4")[2].partition("}")[0]
    assert "f64x4 *)&y[j] +=" in inner
    expected = y.copy()
    for row, factor in zip(A, x, strict=True):
        expected += row * factor
    kernel(A, x, y)
    np.testing.assert_array_equal(y, expected)


@po.kernel
def by_norms(A, out):
    for k in range(A.shape[0]):
        total = 0.0
        for i in range(A.shape[1]):
            total += A[k, i] * A[k, i]
        for i in range(A.shape[1]):
            for j in range(A.shape[1]):
                out[i, j] = out[i, j] * 0.5 + total * A[k, i]


@pytest.mark.parametrize("shape", [(0, 3), (1, 0), (1, 1), (5, 17), (3, 33)])
def test_a_scalar_is_kept_between_the_launches_of_a_loop(eager, model, shape):
    kernel = by_norms.with_options(
        target=po.OpenCL(model=model), fp="strict", schedule=mapped(model)
    )
    A = np.random.default_rng(2).random(shape)
    found, expected = np.ones((shape[1],) * 2), np.ones((shape[1],) * 2)
    assert "for k in 0 .." in kernel.specialize(A, found).source
    kernel(A, found)
    by_norms.with_options(target="c", fp="strict", schedule="source")(A, expected)
    np.testing.assert_array_equal(found, expected)


def mapped(model):
    def steps(s):
        inner = "S3.i"
        return (
            s.parallel(inner) if model == "cpu" else s.map_to_grid(groups=(inner,), items=("S3.j",))
        )

    return steps


def test_launches_are_found_anew_for_other_numbers():
    kernel = by_norms.with_options(target=po.OpenCL(model="cpu"))
    for shape in [(4, 9), (4, 9), (7, 3), (4, 9)]:
        A = np.random.default_rng(3).random(shape)
        found, expected = np.ones((shape[1],) * 2), np.ones((shape[1],) * 2)
        kernel(A, found)
        by_norms.with_options(target="c", schedule="source")(A, expected)
        np.testing.assert_allclose(found, expected)


def test_more_launches_than_are_kept(eager, monkeypatch):
    monkeypatch.setattr("polyopt.runtime.opencl._KEPT_STEPS", 5)
    kernel = by_norms.with_options(target=po.OpenCL(model="cpu"), schedule=mapped("cpu"))
    A = np.random.default_rng(4).random((6, 8))
    found, expected = np.ones((8, 8)), np.ones((8, 8))
    for _ in range(2):
        kernel(A, found)
        by_norms.with_options(target="c", schedule="source")(A, expected)
    np.testing.assert_allclose(found, expected)
