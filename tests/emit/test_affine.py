"""Random quasi-affine expressions and conditions in C against their evaluation."""

from __future__ import annotations

import itertools

import numpy as np
from build import UNDEFINED, build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models import at, indices, run, scop, statement

from polyopt.emit.c import print_c
from polyopt.emit.conditions import negated, simplified
from polyopt.emit.loops import If, Loops
from polyopt.emit.program import Check
from polyopt.model.affine import Affine, All, Any, Compare, Not, evaluate_condition, extreme
from polyopt.model.expr import Index
from polyopt.model.types import i64

NAMES = ("n", "m", "p")
NAMED = st.sampled_from([Affine.name(name) for name in NAMES])
SMALL = st.integers(-9, 9)
QUICK = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def combined(inner):
    divisor = st.integers(1, 7)
    return st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, k: a * k, inner, st.integers(-4, 4)),
        st.builds(lambda a, d: a // d, inner, divisor),
        st.builds(lambda a, d: a % d, inner, divisor),
        st.builds(
            extreme, st.sampled_from(["min", "max"]), st.lists(inner, min_size=1, max_size=3)
        ),
    )


AFFINES = st.recursive(NAMED | SMALL.map(Affine.integer), combined, max_leaves=8)
SIMPLE = st.builds(
    Compare,
    st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
    NAMED,
    st.builds(
        lambda a, k: a * k[0] + k[1], NAMED, st.tuples(st.integers(-1, 1), st.integers(-2, 2))
    ),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda o: All(tuple(o))),
        st.lists(inner, max_size=3).map(lambda o: Any(tuple(o))),
        inner.map(Not),
    ),
    max_leaves=8,
)
VALUES = st.lists(st.tuples(*[st.integers(-20, 20)] * 3), min_size=8, max_size=8)


def known(values):
    return dict(zip(NAMES, values, strict=True))


@settings(max_examples=300, **QUICK)
@given(CONDITIONS, VALUES)
def test_shorter_conditions_mean_the_same(condition, values):
    short, opposite = simplified(condition), negated(condition)
    for value in map(known, values):
        truth = evaluate_condition(condition, value)
        assert evaluate_condition(short, value) == truth
        assert evaluate_condition(opposite, value) != truth
        assert evaluate_condition(simplified(opposite), value) != truth


@settings(max_examples=8, **QUICK)
@given(
    st.lists(AFFINES, min_size=20, max_size=30),
    st.lists(CONDITIONS, min_size=10, max_size=20),
    VALUES,
)
def test_affines_and_guards(affines, conditions, values):
    guards = [Compare(">=", a, b) for a, b in itertools.pairwise(affines)] + conditions
    stores = [
        statement(f"S{k + 1}", "", "x", indices(k), Index(a, i64))
        for k, a in enumerate([*affines, *[Affine.integer(1)] * len(guards)])
    ]
    model = scop(stores, {"x": (i64, (len(stores),))}, parameters=" ".join(NAMES))
    body = [run(s.name) for s in stores[: len(affines)]]
    body += [If(g, (run(s.name),)) for g, s in zip(guards, stores[len(affines) :], strict=True)]
    program = print_c(model, Loops(tuple(body)), (), "strict", False, "kernel")
    call = build(program, "-w", *UNDEFINED, level="-O1")
    for value in values:
        x = np.zeros(len(stores), "i8")
        assert call(*value, x) == 0
        wanted = [a.evaluate(known(value)) for a in affines]
        wanted += [evaluate_condition(g, known(value)) for g in guards]
        assert x.tolist() == wanted


@settings(max_examples=8, **QUICK)
@given(st.lists(CONDITIONS, min_size=1, max_size=30), VALUES)
def test_checks_find_the_first_that_fails(conditions, values):
    checks = tuple(Check(c, "bounds", "", at(1)) for c in conditions)
    program = print_c(
        scop([], {}, parameters=" ".join(NAMES)), Loops(()), checks, "strict", False, "f"
    )
    call = build(program, "-w", *UNDEFINED, level="-O1")
    for value in values:
        truths = [evaluate_condition(c, known(value)) for c in conditions]
        assert call(*value) == (0 if all(truths) else 1 + truths.index(False))
