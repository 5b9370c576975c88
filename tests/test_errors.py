"""Every exception: its place in the tree, its names, and that it survives pickling."""

import inspect
import pickle

import numpy as np
import pytest

import polyopt as po
from polyopt import errors
from polyopt.source import Location

PLACE = Location("kernels.py", 7, 4, 7, 9, "    A[i] = B[i]")
WITNESS = errors.Violation(
    "flow", "S1", "S2", "A", (3,), (("i", 3),), (("i", 2),), (("n", 4),), PLACE, PLACE
)
MADE = {
    "IllegalScheduleError": lambda: po.IllegalScheduleError("no", [WITNESS]),
    "BuildError": lambda: po.BuildError("no", "cc -O3", "k.c"),
    "InternalError": lambda: po.InternalError("no", "the tree"),
}
KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.PolyoptError) and not kind.__name__.startswith("_")
]


def made(kind):
    if issubclass(kind, SyntaxError):
        return kind("no", PLACE)
    return MADE.get(kind.__name__, lambda: kind("no"))()


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_pickles_with_all_it_holds(kind):
    error = made(kind)
    error.add_note("seen in the morning")
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is kind
        assert (str(again), again.args, again.__dict__) == (str(error), error.args, error.__dict__)
    if issubclass(kind, SyntaxError):
        assert (again.lineno, again.offset, again.text) == (7, 5, "    A[i] = B[i]")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_public_and_in_the_drawing(kind):
    assert getattr(po, kind.__name__) is kind
    assert f"{kind.__name__} " in errors.__doc__ or kind is po.PolyoptError


def test_a_wrong_rank_is_an_error_of_syntax_and_of_shape():
    @po.kernel
    def k(A):
        for i in range(len(A)):
            A[i, i] = 0.0

    with pytest.raises(po.ShapeError) as caught:
        k(np.zeros(3))
    assert isinstance(caught.value, po.RankError)
    assert isinstance(caught.value, po.UnsupportedSyntaxError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.msg.startswith("A[i, i] has 2 subscripts: A has 1 dimension.")
    assert caught.value.text[caught.value.offset - 1 :].startswith("A[i, i]")
