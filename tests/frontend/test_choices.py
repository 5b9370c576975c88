"""Integers that a condition chooses, and remainders by sizes, are exact subscripts."""

import numpy as np
import pytest
from parsing import define, nest_of

import polyopt as po
from polyopt.frontend.choices import choices
from polyopt.model.affine import Affine, Choice, Compare, Extreme, choice
from polyopt.model.expr import loads


def subscript(line, *before):
    """The subscript of `w` that a line under `for i in range(n)` reads."""
    body = "\n".join(f"                {text}" for text in (*before, line))
    f = define(
        f"""
        def f(n, v, w):
            for i in range(n):
{body}
    """
    )
    nest = nest_of(f, 5, np.zeros(20), np.zeros(20))
    (found,) = (s for e in loads(_last(nest.body[0]).value) if e.array == "w" for s in e.subscripts)
    return found


def _last(loop):
    return loop.body[-1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("w[i % n]", "i"),
        ("w[(i + 1) % n]", "(i - n + 1 if i + 1 >= n else i + 1)"),
        ("w[(i - 1) % n]", "(i + n - 1 if i - 1 < 0 else i - 1)"),
        ("w[(n - i) % n]", "(-i if -i + n >= n else -i + n)"),
        ("w[i - 1 if i > 0 else n - 1]", "(i - 1 if i > 0 else n - 1)"),
        ("w[i if i > 0 else i]", "i"),
        ("w[abs(i - 3)]", "max(i - 3, -i + 3)"),
    ],
)
def test_subscripts(text, shown):
    assert str(subscript(f"v[i] = {text}")) == shown


def test_the_names_that_branches_leave():
    found = subscript("v[i] = w[k]", "if i < 3:", "    k = i + n", "else:", "    k = 0")
    assert str(found) == "(i + n if i < 3 else 0)"


def test_a_name_that_one_branch_changes():
    found = subscript("v[i] = w[k]", "k = i", "if i >= 3:", "    k = 0")
    assert str(found) == "(0 if i >= 3 else i)"


def test_names_of_too_many_branches_are_data():
    changes = [line for k in range(6) for line in (f"if i > {k}:", f"    k = k + {k} * k")]
    assert subscript("v[i] = w[k % 20]", "k = i", *changes).is_data


def test_a_remainder_that_may_lie_further_off_is_data():
    assert subscript("v[i] = w[(3 * i) % n]").is_data
    assert subscript("v[i] = w[(i + n + 1) % n]").is_data


def test_a_size_that_may_be_zero_is_no_divisor():
    """Python raises there: the remainder is taken by the run, which refuses its place."""

    @po.kernel
    def first(v, w):
        for i in range(3):
            v[i] = w[i % w.shape[0]]

    v = np.zeros(3)
    first(v, np.array([1.0, 2.0]))
    assert v.tolist() == [1.0, 2.0, 1.0]
    with pytest.raises(po.BoundsError):
        first(v, np.zeros(0))


def test_dependences_of_wrapped_places_are_exact():
    def ring(v):
        n = v.shape[0]
        for i in range(1, n):
            v[i] = v[(i + 1) % n]

    found = po.kernel(ring).specialize(np.zeros(5)).dependences
    assert {d.kind for d in found} == {"anti"}


def test_choices_fold():
    i, n = Affine.name("i"), Affine.name("n")
    one = choice(Compare("<", i, n), i, n)
    assert isinstance(one.terms[0][0], Choice)
    assert one.names() == {"i", "n"}
    assert one.substitute({"i": Affine.integer(2), "n": Affine.integer(3)}) == Affine.integer(2)
    assert one.evaluate({"i": 5, "n": 3}) == 3
    assert choice(Compare("<", i, n), i, i) == i
    assert choices(one + choice(Compare("==", one, i), one, n)) == 4
    bent = Affine(((Extreme("min", (i, n)), 1),))
    assert (bent + 1).replace_atoms({bent.terms[0][0]: i}) == i + 1
