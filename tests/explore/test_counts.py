"""Formulas of what kernels cost, against counting by hand, point by point."""

from __future__ import annotations

import pytest
import sympy
from kernels_shown import copy, matmul, smooth, time_steps

import polyopt as po
from polyopt.bench import catalogue
from polyopt.errors import BadArgumentError
from polyopt.model.counts import cost, operations_of
from polyopt.model.points import integer_points

N, M, T = (n._sympy_() for n in po.symbols("N M T"))
P, Q = po.symbols("P Q")


def of(function):
    return po.kernel(function).specialize().cost()


def counted(scop, values):
    """Runs per statement, operations, elements per array and bytes, each counted one by one."""
    runs = {s.name: integer_points(s.domain, values) for s in scop.statements}
    read, written = {}, {}
    for s in scop.statements:
        for access in s.accesses:
            into = read if access.kind == "read" else written
            for point in runs[s.name]:
                here = {**values, **dict(zip(s.iterators, point, strict=True))}
                place = tuple(e.evaluate(here) for e in access.subscripts)
                into.setdefault(access.array, set()).add(place)
    shaped = {a.name: a.dtype.numpy.itemsize for a in scop.arrays if a.shape}
    elements = {a: len(read.get(a, set()) | written.get(a, set())) for a in shaped}
    traffic = sum(
        size * (len(read.get(a, ())) + len(written.get(a, ()))) for a, size in shaped.items()
    )
    operations = sum(len(runs[s.name]) * operations_of(s) for s in scop.statements)
    return {n: len(p) for n, p in runs.items()}, operations, elements, traffic


def agree(scop, values):
    """Every formula gives what counting gives."""
    formulas = cost(scop)
    at = {po.symbols(name)._sympy_(): value for name, value in values.items()}
    runs, operations, elements, traffic = counted(scop, values)
    assert {n: int(f.subs(at).doit()) for n, f in formulas.instances.items()} == runs
    assert int(formulas.operations.subs(at).doit()) == operations
    found = {n: int(f.subs(at).doit()) for n, f in formulas.elements.items()}
    assert found == {n: elements[n] for n in found}
    assert int(formulas.bytes.subs(at).doit()) == traffic


SIZES = ((0, 0), (1, 1), (1, 4), (2, 2), (2, 5), (3, 3), (5, 3), (6, 7))


def triangle(A: po.f64[P, P]):
    n = A.shape[0]
    for i in range(n):
        for j in range(i + 1):
            for k in range(j, i):
                A[i, j] += A[i, k] * 2.0


def strides(A: po.f64[P], B: po.f64[Q]):
    n, m = A.shape[0], B.shape[0]
    for i in range(1, n, 3):
        A[i] = 1.0
    for i in range(m - 1, -1, -2):
        B[i] = 2.0


def halves(A: po.f64[P, P]):
    n = A.shape[0]
    for i in range(n):
        for j in range(i // 2):
            A[i, 2 * j] = 1.0


def two_ends(A: po.f64[P], B: po.f64[Q]):
    n, m = A.shape[0], B.shape[0]
    for i in range(min(n, m)):
        if i != 3:
            A[i] = -B[m - 1 - i]


def no_loops(A: po.f64[4]):
    A[1] = A[0] + A[2] * 3.0


def never(A: po.f64[P]):
    for i in range(5, 3):
        A[i] = 0.0


POSITIVE = (
    "a tile has a positive number of iterations of i, or a name for it that no size of the kernel "
    "has"
)
KERNELS = (copy, smooth, time_steps, matmul, triangle, strides, halves, two_ends, no_loops, never)


@pytest.mark.parametrize("function", KERNELS, ids=lambda f: f.__name__)
def test_formulas_give_what_counting_gives(function):
    scop = po.kernel(function).specialize().scop
    names = scop.parameter_names
    for sizes in SIZES:
        agree(scop, dict(zip(names, sizes, strict=False)))


@pytest.mark.parametrize("name", ["lu", "jacobi-2d", "gramschmidt", "durbin", "nussinov", "trmm"])
def test_kernels_of_polybench_are_counted(name):
    benchmark = catalogue.find(name)
    arguments = benchmark.make(dict.fromkeys(benchmark.sizes["MINI"], 4), "float64")
    scop = benchmark.kernel.specialize(*arguments).scop
    for size in (3, 4, 6):
        agree(scop, dict.fromkeys(scop.parameter_names, size))


def test_formulas_are_as_a_person_writes_them():
    product = of(matmul)
    assert product.operations == 2 * M * N**2
    assert product.elements["C"] == M * N
    assert str(product.intensity) == "M*N/(12*M + 4*N)"
    stencil = of(time_steps)
    assert stencil.operations == sympy.Piecewise((2 * T * (N - 2), (N >= 3) & (T >= 1)), (0, True))


def test_a_tile_has_a_footprint():
    product, edge = of(matmul), po.symbols("E")._sympy_()
    assert product.footprint({"i": 32, "j": "E", "k": 8}) == {
        "C": 32 * edge,
        "A": 256,
        "B": 8 * edge,
    }
    assert product.footprint_bytes({"i": "E", "j": "E", "k": "E"}) == 24 * edge**2
    assert product.footprint({"i": 16})["A"] == 16 * N
    assert of(time_steps).footprint({"t": 4, "i": 10}) == {"A": 12, "B": 10}


@pytest.mark.parametrize(
    ("tile", "words"),
    [
        ({"x": 4}, "matmul has no loop 'x'. Its loops are: 'i', 'j', 'k'."),
        ({"i": 0}, f"{POSITIVE}, not 0"),
        ({"i": "N"}, f"{POSITIVE}, not 'N'"),
        ({"i": True}, f"{POSITIVE}, not True"),
    ],
)
def test_what_is_no_tile_is_refused(tile, words):
    with pytest.raises(BadArgumentError) as caught:
        of(matmul).footprint(tile)
    assert str(caught.value) == words


def test_costs_are_shown_as_text_and_as_a_table():
    product = of(matmul)
    assert str(product).splitlines()[0] == "operations           2*M*N**2"
    assert "what it costs" in product._repr_mimebundle_()["text/html"]


def gathered(A: po.f64[...], index: po.i64[...], B: po.f64[...]):
    for i in range(len(B)):
        B[i] = A[index[i]]


def rows_by_data(start: po.i64[...], A: po.f64[...], B: po.f64[...]):
    for i in range(len(B)):
        for k in range(start[i], start[i + 1]):
            B[i] += A[k]


def test_elements_that_data_choose_count_as_all_there_are():
    sizes = {n._sympy_(): v for n, v in zip(po.symbols("A_shape0 B_shape0"), (7, 3), strict=True)}
    found = of(gathered)
    assert {n: f.subs(sizes) for n, f in found.elements.items()} == {"A": 7, "index": 3, "B": 3}


def test_what_data_alone_decide_has_no_formula():
    with pytest.raises(BadArgumentError, match="data decide how often S1 runs"):
        of(rows_by_data)


def remainders(A: po.f64[po.symbols("N")]):
    for i in range(len(A)):
        for j in range(i % 2, len(A), 2):
            A[j] = A[j] + 1.0


def test_starts_at_remainders_are_refused():
    with pytest.raises(po.BadArgumentError, match="its loops begin at remainders"):
        _ = po.kernel(remainders).specialize().cost().operations
