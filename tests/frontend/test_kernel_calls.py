"""Kernels that call kernels: they compute what Python does, and what does not fit is refused."""

import textwrap

import numpy as np
import pytest
from parsing import define

import polyopt as po

N, M = po.symbols("N M")
OPTIONS = {"fp": "strict", "cache": False, "target": "c", "schedule": "source"}
alpha = 3.0


@po.kernel(**OPTIONS)
def scale(x, a=2.0):
    for i in range(len(x)):
        x[i] *= a * alpha


@po.kernel(**OPTIONS)
def changed(x, a):
    a += 1
    for i in range(len(x)):
        x[i] += a
    return a


@po.kernel(**OPTIONS)
def dot(x, y):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * y[i]
    return s


@po.kernel(**OPTIONS)
def product(A, B):
    n, m = A.shape[0], B.shape[1]
    C = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]
    return C


@po.kernel(**OPTIONS)
def added(A: po.f64[N, M], x: po.f64[M], n: int):
    for i in range(N):
        for j in range(M):
            A[i, j] += x[j] * n


@po.kernel(**OPTIONS)
def largest(v, top):
    m = v[0]
    for i in range(len(v)):
        m = max(m, v[i])
    if m > top:
        return top
    return m


@po.kernel(**OPTIONS)
def several(v):
    scale(v, v[0])
    return len(v) // 2, v[0], v


@po.kernel(**OPTIONS)
def either(x, y):
    if x[0] > y[0]:
        return x
    return y


@po.kernel(**OPTIONS)
def endless(v):
    endless(v)


@po.kernel(**OPTIONS)
def sometimes(v):
    if v[0] > 0:
        return v[0]
    return None


OUTSIDE = {
    k.__name__: k
    for k in (scale, changed, dot, product, added, largest, several, either, endless, sometimes)
}


def kernel_of(body, **options):
    text = "def f(A, B, v, n):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return po.kernel(**OPTIONS | options)(define(text + "\n", **OUTSIDE))


BODIES = {
    "names of both": """
        alpha = 0.5
        i = 7
        scale(v)
        scale(v, alpha)
        scale(a=alpha, x=v)
        t = dot(v, v)
        v[0] = t + i
    """,
    "a number that the callee changes": """
        a = 2.0
        b = changed(v, a)
        return a, b
    """,
    "arrays that are returned": """
        C = product(A, B)
        D = product(C, A)
        scale(v, D[0, 0])
        return D, C
    """,
    "an array returned at once": "return product(A, A)",
    "in loops": """
        for k in range(3):
            scale(v, k)
            s = dot(v, v)
            v[k] = s
            v[k] -= 1.0
            v[k] += largest(v, 10.0)
        return largest(v, 1e9)
    """,
    "an argument of each iteration": """
        for i in range(len(v)):
            v[i] = largest(v, v[i])
    """,
    "under conditions on data": """
        if v[0] > 0.5:
            scale(v)
            v[0] = dot(v, v)
        else:
            x = largest(v, 2.0)
            v[1] = x
        if n > 2:
            scale(v, 5)
    """,
    "declared": "added(A, v, 2)\nadded(B, v, n)",
    "a tuple with the array that was passed": """
        h, a, w = several(v)
        for i in range(h):
            w[i] += a
        return w, v, h
    """,
    "the same array twice": "v[1] = dot(v, v)\nC = product(A, A)\nA[0, 0] = C[1, 1]",
}


@pytest.mark.parametrize("sign", [1.0, -1.0, 0.0])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_it_computes_what_python_does(body, sign):
    rng = np.random.default_rng(1)
    A, B, v = rng.random((4, 4)), rng.random((4, 4)), sign * rng.random(4)
    assert po.check(kernel_of(body), A, B, v, 3)


def test_arrays_are_the_callers_own():
    A = np.ones((3, 3))
    h, a, w = kernel_of("h, a, w = several(v)\nreturn h, a, w")(A, A, v := np.ones(3), 2)
    assert w is v
    assert (h, a) == (1, 3.0)


def test_it_is_optimised_as_one_kernel():
    kernel = kernel_of("C = product(A, B)\nreturn product(C, B)", target="openmp", schedule="auto")
    A = np.random.default_rng(1).random((30, 30))
    assert po.check(kernel.with_options(fp="reassociate"), A, A + 1, A[0].copy(), 1)
    assert kernel.specialize(A, A, A[0], 1).scop.array("C_2").kind == "argument"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("scale(v, 1, 2)", "this call of the helper scale does not fit: too many positional"),
        ("v[0] = dot(v, v) + 1", "a call of another kernel stands alone, or alone on the right of"),
        ("a, b = dot(v, v), 1", "a call of another kernel stands alone, or alone on the right of"),
        ("x = scale(v)", "the kernel scale returns nothing"),
        ("x = several(v)", "a kernel has no tuple values"),
        ("a, b = several(v)", "3 values are assigned to 2 targets"),
        ("endless(v)", "the kernel endless calls itself, or kernels are nested too deeply"),
        ("x = sometimes(v)", "this kernel is read in place of a call, and its returns do not all"),
        (
            "added(v, v, 1)",
            (
                "this call of another kernel does not fit: A is declared f64[N, M], and v is "
                "f64[v_shape0]"
            ),
        ),
        (
            "added(A, 3, 1)",
            "this call of another kernel does not fit: an array is declared for x, and 3 is none",
        ),
        (
            "added(A, v, v[0])",
            "this call of another kernel does not fit: n is declared weak i64, and v[0] is f64",
        ),
        (
            "for i in range(2):\n    C = product(A, B)\nv[0] = C[0, 0]",
            "the local array C is made in a loop or branch that has ended",
        ),
        (
            "for i in range(2):\n    h, a, w = several(v)\nv[0] = w[0]",
            "the local array w is made in a loop or branch that has ended",
        ),
        ("C = product(A, B)\nC = product(A, B)", "C has a value already, and becomes the name of"),
        ("x = either(v, v)", "_returned has a value already, and becomes the name of an array"),
        ("scale(*v)", "the helper scale takes numbers, each by its place or its name"),
        ("scale = 3", ""),
    ],
)
def test_what_does_not_fit_is_refused(body, text):
    A = np.ones((3, 3))
    if not text:
        kernel_of(body)(A, A, A[0].copy(), 3)
        return
    with pytest.raises(po.UnsupportedSyntaxError) as caught:
        kernel_of(body)(A, A, A[0].copy(), 3)
    assert caught.value.msg.startswith(text)


def test_extents_that_declarations_make_equal_are_checked():
    A, v = np.ones((3, 4)), np.ones(5)
    with pytest.raises(po.AssumptionError, match="A_shape1 == v_shape0"):
        kernel_of("added(A, v, 1)")(A, A, v, 3)
    assert np.all(A == 1)
