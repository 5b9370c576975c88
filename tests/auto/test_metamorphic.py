"""What must not matter to the automatic scheduler: names, the order of arguments and of loops that
may run in any order, the layout, other statements, and how an update is written."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pytest

import polyopt as po
from polyopt.machine import Machine
from polyopt.transform.auto import auto
from polyopt.transform.auto.context import Search
from polyopt.transform.schedule import Schedule

MACHINE = Machine("test", 2, 32 * 1024, 1024 * 1024, 32 * 1024 * 1024, 64, 512, fma=True)


class Program(NamedTuple):
    """A kernel's text and the ranks of its arguments; 0 is a count."""

    text: str
    ranks: dict[str, int]


PRODUCT = Program(
    """
def kernel(C, A, B):
    n, m = C.shape
    p = A.shape[1]
    for i in range(n):
        for j in range(m):
            for k in range(p):
                C[i, j] += A[i, k] * B[k, j]
""",
    {"C": 2, "A": 2, "B": 2},
)
SWEEPS = Program(
    """
def kernel(T, A, B):
    n, m = A.shape
    for t in range(T):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1])
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                A[i, j] = 0.25 * (B[i - 1, j] + B[i + 1, j] + B[i, j - 1] + B[i, j + 1])
""",
    {"T": 0, "A": 2, "B": 2},
)
TRIANGLE = Program(
    """
def kernel(C, A):
    n, m = A.shape
    for i in range(n):
        for j in range(i + 1):
            C[i, j] *= 0.5
        for k in range(m):
            for j in range(i + 1):
                C[i, j] += A[i, k] * A[j, k]
""",
    {"C": 2, "A": 2},
)
VECTORS = Program(
    """
def kernel(A, x, y):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            x[i] = x[i] + A[i, j] * y[j]
""",
    {"A": 2, "x": 1, "y": 1},
)
PROGRAMS = {
    "product": PRODUCT,
    "sweeps": SWEEPS,
    "triangle": TRIANGLE,
    "vectors": VECTORS,
}
every = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)


def original(program: Program) -> Schedule:
    """The schedule in source order."""
    arguments = [np.ones((8,) * rank) if rank else 8 for rank in program.ranks.values()]
    kernel = po.kernel_from_text(program.text, "kernel")
    return kernel.specialize(*arguments).original


def scheduled(program: Program) -> Schedule:
    """The automatic schedule on the fixed machine."""
    return auto(original(program), machine=MACHINE, threads=2)


def cost(schedule: Schedule, statements: frozenset[str] | None = None) -> float:
    """What the scheduler expects a schedule, or some statements of it, to take."""
    return Search(MACHINE, 2).cost(schedule, statements)


def renamed(text: str, names: dict[str, str]) -> str:
    """The text with whole words replaced, all at once."""
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda m: names.get(m[0], m[0]), text)


@every
def test_names_do_not_matter(program: Program) -> None:
    """Loops, arrays and sizes under other names; tile loops are named after their loops."""
    old = (*"ijktnmp", *"ABCxyT")
    new = ("row", "col", "deep", "step", "rows", "cols", "depth")
    new += ("first", "zeta", "m2", "out", "ahead", "steps")
    names = dict(zip(old, new, strict=True))
    tiles = {f"{old}_{kind}": f"{new}_{kind}" for old, new in names.items()
             for kind in ("tile", "block", "edge")}  # fmt: skip
    ranks = {names[name]: rank for name, rank in program.ranks.items()}
    other = Program(renamed(program.text, names), ranks)
    assert scheduled(other).script == renamed(scheduled(program).script, names | tiles)


@every
def test_the_order_of_arguments_does_not_matter(program: Program) -> None:
    ranks = dict(reversed(program.ranks.items()))
    signature = f"def kernel({', '.join(ranks)}):"
    other = Program(re.sub(r"def kernel\(.*\):", signature, program.text), ranks)
    assert scheduled(other).script == scheduled(program).script


@pytest.mark.parametrize("order", ["ikj", "jik", "jki", "kij", "kji"])
def test_the_order_of_independent_loops_does_not_matter(order: str) -> None:
    ends = {"i": "n", "j": "m", "k": "p"}
    head, _, body = PRODUCT.text.partition("    for i")
    update = body.splitlines()[-1].strip()
    loops = [f"{'    ' * (d + 1)}for {v} in range({ends[v]}):" for d, v in enumerate(order)]
    text = "\n".join([head.rstrip(), *loops, "    " * 4 + update])
    made = scheduled(Program(text, PRODUCT.ranks))
    assert str(made.tree) == str(scheduled(PRODUCT).tree)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("for i in range(1, n - 1):\n            for j in range(1, m - 1):",
         "for j in range(1, m - 1):\n            for i in range(1, n - 1):"),
    ],
)  # fmt: skip
def test_sweeps_written_across_lines_run_along_them(before: str, after: str) -> None:
    made = scheduled(Program(SWEEPS.text.replace(before, after), SWEEPS.ranks))
    assert cost(made) <= 1.01 * cost(scheduled(SWEEPS))


@every
def test_a_transposed_layout_is_as_good(program: Program) -> None:
    """Every matrix transposed: columns are contiguous where rows were. Products with a vector
    turn from sums along rows to updates along columns, which write once more."""
    text = re.sub(r"\b([ABC])\[([^,\]]+), ([^\]]+)\]", r"\1[\3, \2]", program.text)
    text = re.sub(r"(\w+), (\w+) = (\w)\.shape", r"\2, \1 = \3.shape", text)
    text = text.replace("A.shape[1]", "A.shape[0]")
    made = scheduled(Program(text, program.ranks))
    assert cost(made) <= 1.15 * cost(scheduled(program))


@every
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_an_unrelated_statement_changes_nothing_else(program: Program, first: bool) -> None:
    extra = "    for q in range(Z.shape[0]):\n        Z[q] = Z[q] * 0.5\n"
    lines = program.text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("    for"))
    at = at if first else len(lines)
    text = "".join([*lines[:at], extra, *lines[at:]]).replace("):", ", Z):", 1)
    made = scheduled(Program(text, program.ranks | {"Z": 1}))
    alone = scheduled(program)
    others = frozenset(s.name for s in made.scop.statements if s.array != "Z")
    assert len(others) == len(alone.statements)
    assert cost(made, others) == pytest.approx(cost(alone), rel=0.01)
    assert len(made.steps) <= len(alone.steps) + 2


@every
def test_an_update_may_be_written_out(program: Program) -> None:
    update = re.compile(r"^( *)(\S.*\]) ([+*])= (.*)$", re.MULTILINE)
    if update.search(program.text):
        text = update.sub(r"\1\2 = \2 \3 \4", program.text)
    else:
        text = re.sub(r"(x\[i\]) = x\[i\] \+ ", r"\1 += ", program.text)
    assert scheduled(Program(text, program.ranks)).script == scheduled(program).script
