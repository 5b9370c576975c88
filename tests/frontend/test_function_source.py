"""Functions as text: places in the file, captured names, annotations, size symbols."""

import numpy as np
import pytest
from parsing import define

import polyopt as po
from polyopt.errors import PolyoptError
from polyopt.frontend.parse import annotated_types, parse
from polyopt.frontend.source import FunctionSource
from polyopt.model.affine import Affine
from polyopt.model.symbols import Symbol, symbols
from polyopt.model.types import ArrayType, ScalarType, bool_, f32, f64, i32, i64

N, M = symbols("N M")
VECTOR = {"v": ArrayType(f64, (None,))}


def place(function, types=VECTOR):
    """The error of a kernel: line, the text under the carets, and the line's text."""
    with pytest.raises(PolyoptError) as caught:
        parse(FunctionSource.of(function), types)
    where = caught.value.location
    return where.line, where.text[where.column : where.end_column]


def test_decorators_and_indentation_do_not_move_places():
    function = define("""
        class Holder:
            if True:
                def decorate(function):
                    return function

                @decorate
                @(lambda f: f)
                def kernel(v):
                    for i in range(len(v)):
                        v[i] = unknown + 1
        kernel = Holder.kernel
    """)
    assert place(function) == (10, "unknown")
    source = FunctionSource.of(function)
    assert (source.location.line, source.first_line) == (8, 6)
    assert source.location.text[source.location.column :] == "def kernel(v):"


def test_comments_and_strings_at_the_margin():
    function = define(
        "if True:\n"
        "    def f(v):\n"
        '        """A docstring\n'
        'that leaves the indentation."""\n'
        "# a comment at the margin\n"
        "        v[0] = unknown\n"
    )
    assert place(function) == (6, "unknown")


def test_columns_count_characters():
    function = define("""
        def f(v):
            é = 1.0; v[0] = é + ünknown
    """)
    assert place(function) == (2, "ünknown")


def test_a_span_over_lines():
    function = define("""
        def f(v):
            v[
                unknown(
                    1
                )
            ] = 1
    """)
    with pytest.raises(PolyoptError) as caught:
        parse(FunctionSource.of(function), VECTOR)
    assert (caught.value.lineno, caught.value.offset) == (3, 9)


def test_nested_functions_are_found_by_name():
    def kernel(v):
        v[0] = 1

    source = FunctionSource.of(kernel)
    assert source.name == "kernel"
    assert source.node.name == "kernel"
    assert source.file == __file__
    assert source.location.short.startswith("test_function_source.py:")


def test_globals_are_looked_up_late():
    function = define("def f(v):\n    v[0] = LATER\n")
    source = FunctionSource.of(function)
    function.__globals__["LATER"] = 4
    assert parse(source, VECTOR).captured == (("LATER", "int 4"),)


# ---- annotations -------------------------------------------------------------------------------


def test_annotated_types():
    def f(  # noqa: PLR0917
        a: po.f64[N, M],
        b: f32[..., 2 * N + 1],
        c: float,
        d: int,
        e: bool,
        g: np.float32,
        h: i32,
        k: np.bool_,
    ):
        pass

    n, m = Affine.name("N"), Affine.name("M")
    assert annotated_types(FunctionSource.of(f)) == {
        "a": ArrayType(f64, (n, m)),
        "b": ArrayType(f32, (None, n * 2 + 1)),
        "c": ScalarType(f64, weak=True),
        "d": ScalarType(i64, weak=True),
        "e": ScalarType(bool_, weak=True),
        "g": ScalarType(f32, weak=False),
        "h": ScalarType(i32, weak=False),
        "k": ScalarType(bool_, weak=False),
    }


def test_no_annotation_gives_no_types():
    def f(a, b):
        pass

    assert annotated_types(FunctionSource.of(f)) is None


def test_annotations_as_strings_and_from_closures():
    K = symbols("K")

    def f(a: "po.f64[N]", b: "f64[K, 3]"):
        for k in range(K):
            a[k] = b[k, 0]

    types = annotated_types(FunctionSource.of(f))
    assert [str(t) for t in types.values()] == ["f64[N]", "f64[K, 3]"]


def test_symbols_are_parameters():
    def f(a: po.f64[N, M], b: po.f64[M + 1]):
        n = a.shape[0]
        for i in range(n):
            for j in range(1, M):
                a[i, j] = b[j + 1]

    source = FunctionSource.of(f)
    nest = parse(source, annotated_types(source))
    assert [(p.name, p.origin) for p in nest.parameters] == [
        ("N", ("extent", "a", 0)),
        ("M", ("extent", "a", 1)),
    ]
    assert str(nest.array("b").shape[0]) == "M + 1"
    assert str(nest.body[0].upper) == "N"


def test_an_integer_argument_may_be_an_extent():
    def f(a: po.f64[N], N: int):
        for i in range(N):
            a[i] = N

    source = FunctionSource.of(f)
    nest = parse(source, annotated_types(source))
    assert [(p.name, p.origin) for p in nest.parameters] == [("N", ("argument", "N", 0))]


def test_the_plain_function_with_sizes():
    K = symbols("K")

    def f(a: po.f64[N, K]):
        for i in range(N):
            for k in range(K):
                a[i, k] = i + k

    a = np.zeros((2, 3))
    FunctionSource.of(f).with_sizes({"N": 2, "K": 3})(a)
    assert a.tolist() == [[0, 1, 2], [1, 2, 3]]


# ---- symbols -----------------------------------------------------------------------------------


def test_symbols():
    assert symbols("N") == Symbol("N")
    assert symbols("N, M") == (Symbol("N"), Symbol("M"))
    assert len({symbols("N"), symbols("N"), M}) == 2
    with pytest.raises(PolyoptError, match="identifiers separated by spaces"):
        symbols("2N")
    with pytest.raises(PolyoptError):
        symbols("")


def test_arithmetic_of_symbols_is_affine():
    assert str(2 * N + M - 1) == "M + 2*N - 1"
    assert str(1 - N) == "-N + 1"
    assert str(-N + M) == "M - N"
    assert str(N // 2) == str(N.as_affine() // 2)
    assert str(N % 8) == str(N.as_affine() % 8)
    assert str(N - M) == "-M + N"
    with pytest.raises(PolyoptError, match="by positive integer constants only, not by 0"):
        N // 0


def test_comparisons_of_symbols_are_conditions():
    assert [str(c) for c in (N < M, N <= 3, N > M + 1, N >= 0)] == [
        "N < M", "N <= 3", "N > M + 1", "N >= 0",
    ]  # fmt: skip


def test_symbols_convert_to_sympy():
    import sympy  # noqa: PLC0415  (slow, and not needed elsewhere here)

    assert sympy.sympify(N) == sympy.Symbol("N", integer=True, nonnegative=True)


def test_markers_do_nothing_in_python():
    assert po.assume(N > 3) is None
    with po.label("update"):
        pass
