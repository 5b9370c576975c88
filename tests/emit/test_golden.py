"""The emitted text of five shapes, as it stands in tests/emit/golden.

POLYOPT_UPDATE_GOLDEN=1 rewrites the files.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from build import build
from models import at, indices, load, run, scop, statement

from polyopt.emit.c import print_c
from polyopt.emit.loops import For, If, Loops, Promote
from polyopt.emit.program import Check
from polyopt.emit.show import show_loops
from polyopt.model.affine import Affine, All, Any, Compare, extreme
from polyopt.model.expr import Binary, Call, Comparison, Const, ScalarArg, Select
from polyopt.model.types import f64, i64

GOLDEN = Path(__file__).parent / "golden"
ZERO = Affine()
N, M, P, T = (Affine.name(x) for x in ("n", "m", "p", "steps"))
I, J, K = (Affine.name(x) for x in "ijk")
I_TILE, J_TILE, K_TILE = (Affine.name(f"{x}_tile") for x in "ijk")


def loop(variable, upper, *body, lower=ZERO, step=1, **marks):
    return For(variable, lower, upper, step, body, variable, **marks)


def multiply(*factors):
    first, *rest = factors
    for factor in rest:
        first = Binary("mul", first, factor, f64)
    return first


def add(left, right):
    return Binary("add", left, right, f64)


def tiled_gemm():
    """Full tiles in a local block, the edges point by point."""
    update = add(
        load("C", "i", "j"),
        multiply(ScalarArg("alpha", f64), load("A", "i", "k"), load("B", "k", "j")),
    )
    model = scop(
        [
            statement("S1", "i j", "C", indices("i", "j"),
                      multiply(load("C", "i", "j"), ScalarArg("beta", f64)),
                      text="C[i, j] *= beta", line=6),
            statement("S2", "i j k", "C", indices("i", "j"), update,
                      text="C[i, j] += alpha * A[i, k] * B[k, j]", line=9),
        ],
        {"C": (f64, ("n", "m")), "A": (f64, ("n", "p")), "B": (f64, ("p", "m"))},
        scalars={"alpha": f64, "beta": f64},
        parameters="n m p",
        name="gemm",
    )  # fmt: skip
    tile = loop("i", ZERO + 8, loop("j", ZERO + 24, run("S2", I_TILE + I, J_TILE + J, "k"),
                vector=True), unroll=-1)  # fmt: skip
    full = Promote("C", "acc", (I_TILE, J_TILE), (8, 24), (loop("k", P, tile),), True, True)
    edge = loop("k", P, loop("i", extreme("min", [N, I_TILE + 8]), loop(
        "j", extreme("min", [M, J_TILE + 24]), run("S2", "i", "j", "k"), lower=J_TILE, vector=True),
        lower=I_TILE))  # fmt: skip
    fits = All((Compare("<=", I_TILE + 8, N), Compare("<=", J_TILE + 24, M)))
    tiles = loop("i_tile", N, loop("j_tile", M, If(fits, (full,), (edge,)), step=24), step=8,
                 parallel=True, work=(N, M, P), work_scale=2)  # fmt: skip
    scale = loop("i", N, loop("j", M, run("S1", "i", "j"), vector=True), parallel=True, work=(N, M))
    extents = Check(Compare(">=", P, N - M), "bounds", "", at(9))
    return model, Loops((scale, tiles)), (extents,)


def stencil():
    """A time loop around two sweeps, skewed and in wavefronts."""

    def sweep(name, target, source):
        points = add(add(load(source, "i"), load(source, I - 1)), load(source, I + 1))
        value = multiply(Const(1 / 3, f64), points)
        text = f"{target}[i] = (1 / 3) * ({source}[i] + {source}[i-1] + {source}[i+1])"
        return statement(name, "t i", target, indices("i"), value, text=text, line=int(name[1]) + 3)

    model = scop(
        [sweep("S1", "B", "A"), sweep("S2", "A", "B")],
        {"A": (f64, ("n",)), "B": (f64, ("n",))},
        parameters="steps n",
        name="jacobi_1d",
    )
    t, w = Affine.name("t"), Affine.name("wave")
    lower = extreme("max", [t * 2 + 1, I_TILE * 32])
    upper = extreme("min", [t * 2 + N, I_TILE * 32 + 32])
    body = loop("i", upper, If(Compare(">=", N - 2, I - t * 2), (run("S1", "t", I - t * 2),)),
                If(Compare(">=", I - t * 2 - 1, ZERO + 1), (run("S2", "t", I - t * 2 - 1),)),
                lower=lower)  # fmt: skip
    times = loop("t", extreme("min", [T, (w - I_TILE) * 32 + 32]), body,
                 lower=extreme("max", [ZERO, (w - I_TILE) * 32]))  # fmt: skip
    tiles = loop("i_tile", extreme("min", [w + 1, (T * 2 + N - 1).floordiv(32) + 1]), times,
                 lower=extreme("max", [ZERO, w - (T - 1).floordiv(32)]), parallel=True,
                 work=(N, T.floordiv(32)), work_scale=6)  # fmt: skip
    waves = loop("wave", (T * 3 + N - 1).floordiv(32) + 1, tiles)
    return model, Loops((waves,)), ()


def elementwise():
    """A flat parallel vector loop with functions, a guard, and a conditional expression."""
    x = load("x", "i")
    soft = Call("log1p", (Call("exp", (x,), f64),), f64)
    value = Select(Comparison(">", x, Const(30.0, f64)), x, soft, f64)
    model = scop(
        [
            statement("S1", "i", "y", indices("i"), value,
                      text="y[i] = x[i] if x[i] > 30.0 else math.log1p(math.exp(x[i]))", line=4),
            statement("S2", "i", "hits", indices("i"),
                      Binary("add", load("hits", "i", dtype=i64), Const(1, i64), i64),
                      Comparison("<", load("y", "i"), Const(0.5, f64)),
                      text="hits[i] += 1", line=6),
        ],
        {"x": (f64, ("n",)), "y": (f64, ("n",)), "hits": (i64, ("n",))},
        parameters="n",
        name="softplus",
    )  # fmt: skip
    body = loop("i", N, run("S1", "i"), run("S2", "i"), parallel=True, vector=True, work=(N,),
                work_scale=40)  # fmt: skip
    return model, Loops((body,)), ()


def reduction():
    """A dot product for each row, in lanes."""
    model = scop(
        [statement("S1", "i j", "y", indices("i"),
                   add(load("y", "i"), multiply(load("A", "i", "j"), load("x", "j"))),
                   text="y[i] += A[i, j] * x[j]", line=5)],
        {"y": (f64, ("n",)), "A": (f64, ("n", "m")), "x": (f64, ("m",))},
        parameters="n m",
        name="matvec",
    )  # fmt: skip
    inner = loop("j", M, run("S1", "i", "j"), vector=True)
    row = Promote("y", "sum", (I,), (1,), (inner,), True, True, "add")
    body = loop("i", N, row, parallel=True, work=(N, M), work_scale=2)
    return model, Loops((body,)), ()


def local_arrays():
    """Memory for a local array, a private scalar, and checks with alternatives."""
    s = load("s", "i", "j")
    model = scop(
        [
            statement("S1", "i j", "t", indices("i", "j"), load("x", "i", "j"),
                      text="t[i, j] = x[i, j]", line=5),
            statement("S2", "i j", "s", indices("i", "j"),
                      Binary("pow", load("t", "i", "j"), Const(2.0, f64), f64),
                      text="s = t[i, j] ** 2.0", line=8),
            statement("S3", "i j", "x", indices("i", "j"), add(s, s),
                      text="x[i, j] = s + s", line=9),
        ],
        {"x": (f64, ("n", "m"))},
        {"t": (f64, ("n", M + 2)), "s": (f64, ("n", "m"))},
        parameters="n m",
        name="square",
    )  # fmt: skip
    first = loop("i", N, loop("j", M, run("S1", "i", "j")))
    private = Promote("s", "s", (I, J), (1, 1), (run("S2", "i", "j"), run("S3", "i", "j")), False,
                      False)  # fmt: skip
    second = loop("i", N, loop("j", M, private))
    busy = All((Compare(">=", N, ZERO + 1), Compare("<=", M, N)))
    check = Check(Any((busy, Compare("<", N, ZERO + 1))), "bounds", "", at(5))
    return model, Loops((first, second), ("s",)), (check,)


SHAPES = {
    "gemm": (tiled_gemm, "reassociate"),
    "jacobi_1d": (stencil, "strict"),
    "softplus": (elementwise, "reassociate"),
    "matvec": (reduction, "reassociate"),
    "square": (local_arrays, "strict"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_emitted_text(name):
    make, fp = SHAPES[name]
    model, loops, checks = make()
    program = print_c(model, loops, checks, fp, True, name)
    build(program)
    for path, text in (
        (GOLDEN / f"{name}.c", program.source),
        (GOLDEN / f"{name}.loops", f"{show_loops(loops)}\n"),
    ):
        if os.environ.get("POLYOPT_UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: POLYOPT_UPDATE_GOLDEN=1"
