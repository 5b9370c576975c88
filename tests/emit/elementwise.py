"""Expressions applied to arrays, by the printer's C and by NumPy's scalars."""

from __future__ import annotations

import numpy as np
from build import build
from evaluate import evaluate
from models import indices, run, scop, statement

from polyopt.emit.c import print_c
from polyopt.emit.loops import For, Loops
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Load
from polyopt.model.types import from_numpy

I = Affine.name("i")


def arrays(**values):
    """Loads of `a[i]`, `b[i]`, … with the types of the arrays given."""
    return tuple(Load(n, indices("i"), from_numpy(v.dtype)) for n, v in values.items())


def program(exprs, inputs, fp="strict", vector=False):
    """`out0[i] = expr0`, `out1[i] = expr1`, … for all i."""
    shapes = {n: (from_numpy(v.dtype), ("n",)) for n, v in inputs.items()}
    outputs = {f"out{k}": (e.dtype, ("n",)) for k, e in enumerate(exprs)}
    statements = [
        statement(f"S{k + 1}", "i", f"out{k}", indices("i"), e) for k, e in enumerate(exprs)
    ]
    model = scop(statements, shapes | outputs, parameters="n")
    body = tuple(run(s.name, "i") for s in statements)
    loop = For("i", Affine(), Affine.name("n"), 1, body, "i", vector=vector)
    return print_c(model, Loops((loop,)), (), fp, False, "kernel")


def all_in_c(exprs, inputs, fp="strict", vector=False, level="-O2"):
    """The values that the compiled program gives, per expression."""
    size = len(next(iter(inputs.values())))
    out = [np.zeros(size, e.dtype.numpy) for e in exprs]
    call = build(program(exprs, inputs, fp, vector), level=level)
    assert call(size, *inputs.values(), *out) == 0
    return out


def in_c(expr, inputs, fp="strict", vector=False, level="-O2"):
    """The values that the compiled program gives for one expression."""
    return all_in_c([expr], inputs, fp, vector, level)[0]


def in_numpy(expr, inputs):
    """The values that NumPy's scalars give."""
    size = len(next(iter(inputs.values())))
    return np.array(
        [evaluate(expr, {"i": i}, lambda name, s: inputs[name][s[0]]) for i in range(size)],
        expr.dtype.numpy,
    )


def same_bits(got, wanted):
    """Equal bit for bit, any nan like any other."""
    if got.dtype.kind == "f":
        both = np.isnan(got) & np.isnan(wanted)
        got, wanted = np.where(both, 0, got), np.where(both, 0, wanted)
    return got.dtype == wanted.dtype and got.tobytes() == wanted.tobytes()


def agree(exprs, inputs, level="-O2"):
    """C gives NumPy's values for each of the expressions, bit for bit."""
    for expr, got in zip(exprs, all_in_c(exprs, inputs, level=level), strict=True):
        wanted = in_numpy(expr, inputs)
        if not same_bits(got, wanted):
            wrong = [k for k in range(len(got)) if not same_bits(got[[k]], wanted[[k]])]
            rows = [({n: v[k] for n, v in inputs.items()}, got[k], wanted[k]) for k in wrong[:5]]
            raise AssertionError((expr, rows))


def operator(op, inputs):
    """`a op b` on two arrays of one type."""
    a, b = arrays(**inputs)
    return Binary(op, a, b, a.dtype)
