"""Programs of many statements: exact dependences, the schedule that few of them get, few steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po
from polyopt.kernel import Kernel
from polyopt.model.tree import Tree
from polyopt.transform.legality import Judge, Verdict

STENCIL = """\
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            {b}[i, j] = 0.2 * ({a}[i, j] + {a}[i, j-1] + {a}[i, j+1] + {a}[i-1, j] + {a}[i+1, j])
"""


def chained(count: int) -> Kernel:
    """Stencils from A to B and back, one after the other, without a loop around them."""
    nests = (STENCIL.format(a="AB"[n % 2], b="BA"[n % 2]) for n in range(count))
    return po.kernel_from_text(f"def chained(A, B):\n    n = A.shape[0]\n{''.join(nests)}")


def wide(count: int) -> Kernel:
    """Statements in one nest, each of the plane that the one before wrote."""
    lines = [f"            A[{n}, i, j] = 0.5 * A[{n - 1}, i, j - 1] + B[i, j]\n"
             for n in range(1, count)]  # fmt: skip
    return po.kernel_from_text(
        "def wide(A, B):\n    n = A.shape[1]\n"
        f"    for i in range(n):\n        for j in range(1, n):\n{''.join(lines)}"
    )


def test_a_chain_of_stencils_has_dependences_between_neighbours_alone() -> None:
    count = 40
    spec = chained(count).specialize(np.ones((8, 8)), np.ones((8, 8)))
    far = [d for d in spec.dependences if int(d.sink[1:]) - int(d.source[1:]) > 2]
    assert not far
    assert len(spec.dependences) == 3 * count - 4


def test_a_chain_of_stencils_runs_on_threads_in_vectors() -> None:
    count = 40
    spec = chained(count).with_options(threads=2).specialize(np.ones((8, 8)), np.ones((8, 8)))
    levels = [level.member for level in spec.schedule.verdict.levels]
    vectors = {s for member in levels if member.vector for s in member.statements}
    threads = {s for member in levels if member.parallel for s in member.statements}
    assert len(vectors) == len(threads) == count
    assert len(spec.schedule.steps) <= 2 * count


SQUARE = ((9, 9), (9, 9))
EMPTY = ((2, 2), (2, 2))
PLANES = ((16, 7, 7), (7, 7))


@pytest.mark.parametrize(
    ("kernel", "shapes"),
    [(chained(30), SQUARE), (chained(12), EMPTY), (wide(16), PLANES)],
    ids=["chained", "chained-empty", "wide"],
)
def test_long_programs_compute_what_python_does(
    kernel: Kernel, shapes: tuple[tuple[int, ...], ...]
) -> None:
    random = np.random.default_rng(1)
    arguments = [random.random(shape) for shape in shapes]
    same_as(kernel.py_func, kernel.with_options(fp="strict", threads=2), arguments)


def sums_and_copies(count: int) -> Kernel:
    """Nests of three kinds in turn, each reading what the one before wrote."""
    flip = "    for i in range(n):\n        for j in range(n):\n            {b}[i, j] = {a}[j, i]\n"
    add = "    for i in range(n):\n        for j in range(n):\n            {b}[i, 0] += {a}[j, i]\n"
    kinds = (flip, add, STENCIL)
    nests = (kinds[n % 3].format(a="AB"[n % 2], b="BA"[n % 2]) for n in range(count))
    return po.kernel_from_text(f"def mixed(A, B):\n    n = A.shape[0]\n{''.join(nests)}")


def judged(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> int:
    """The statements of all trees that are judged on the way to C."""
    found = 0
    judge = Judge.judge

    def counted(self: Judge, tree: Tree) -> Verdict:
        nonlocal found
        found += len(tree.statements)
        return judge(self, tree)

    with monkeypatch.context() as patch:
        patch.setattr(Judge, "judge", counted)
        assert kernel.with_options(threads=2).specialize(np.ones((8, 8)), np.ones((8, 8))).source
    return found


def test_judging_grows_with_the_length_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = (judged(sums_and_copies(count), monkeypatch) for count in (42, 84))
    assert long < 2.5 * short


@pytest.mark.parametrize("program", [chained, sums_and_copies])
def test_scripts_of_long_programs_make_their_schedules(program: Callable[[int], Kernel]) -> None:
    spec = program(9).specialize(np.ones((8, 8)), np.ones((8, 8)))
    again = spec.original
    for step in spec.schedule.steps:
        again = step.on(again)
    assert again.tree == spec.schedule.tree
