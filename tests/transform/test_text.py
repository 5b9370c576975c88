"""The text form of trees, and restructure, which reads it."""

from __future__ import annotations

from textwrap import dedent

import pytest
from kernels_here import copy, down, matmul, smooth, time_steps, two_loops, two_statements
from run_schedule import original, refused, same_as_python, small

import polyopt as po
from polyopt.transform.text import parse_affine


def test_source_order():
    assert (
        str(original(time_steps))
        == dedent("""
        t = [S1 S2: t]
          i = [S1: i]
            S1
          i = [S2: i]
            S2
    """).strip()
    )


def test_rows_that_differ_by_statement():
    assert (
        str(original(two_statements).shift("S2", "i", 1))
        == dedent("""
        i = [S1: i, S2: i + 1]
          S1
          S2
    """).strip()
    )


def test_marks_tiles_and_parts():
    s = original(copy).tile({"j": 4}).separate("j").parallel("i").vectorize("j").unroll("j_edge")
    assert (
        str(s)
        == dedent("""
        i = [S1: i]   parallel
          j_tile = [S1: (j)//4]
            where [N, M] -> { S1[i, j] : 0 <= i < N and 0 <= j < M and 4*floor((j)/4) <= -4 + M }
              j = [S1: j]   vector 8
                S1
            where [N, M] -> { S1[i, j] : 0 <= i < N and 0 <= j < M and 4*floor((j)/4) >= -3 + M }
              j_edge = [S1: j]   unroll -1
                S1
    """).strip()
    )


ORDERS = [
    (copy, lambda s: s.interchange("i", "j")),
    (copy, lambda s: s.tile({"i": 4, "j": 8}).parallel("i_tile").vectorize("j").unroll("i", 4)),
    (copy, lambda s: s.skew("j", by="i", factor=-3).unroll("j")),
    (smooth, lambda s: s.skew("j", by="i").tile({"i": 2, "j": 2}).wavefront("i_tile", "j_tile")),
    (down, lambda s: s.strip_mine("i", 3)),
    (matmul, lambda s: s.permute("k", "j", "i").tile({"i": 2}).skew("i", by="i_tile", factor=3)),
    (two_loops, lambda s: s.fuse("S1.i", "S2.i").parallel("i")),
    (two_statements, lambda s: s.shift("S2", "i", 2).strip_mine("i", 4)),
    (time_steps, lambda s: s.parallel("S1.i")),
]


@pytest.mark.parametrize(("kernel", "steps"), ORDERS)
def test_text_reads_back(kernel, steps):
    tree = steps(original(kernel)).tree
    again = original(kernel).restructure(str(tree)).tree
    assert str(again) == str(tree)
    if kernel is not two_loops:  # a fused loop's second name is not in the text
        assert again == tree


def test_restructure_fuses_shifts_and_skews_at_once():
    s = original(time_steps).restructure("""
        t = [S1 S2: t]
          x = [S1: 2*t + i, S2: 2*t + i + 1]
            S1
            S2
    """)
    same_as_python(s, time_steps, 3, small(8), small(8, seed=2))
    assert s.loops == ("t", "x")
    assert s.tile({"t": 2, "x": 4}).loops == ("t_tile", "x_tile", "t", "x")


def test_restructure_of_one_nest_leaves_the_others():
    s = original(two_loops).parallel("S1.i").restructure("r = [S2: -i]\n  S2")
    assert s.loops == ("i", "r")
    assert str(s) == "i = [S1: i]   parallel\n  S1\nr = [S2: -i]\n  S2"
    assert s.steps[-1].arguments == ("r = [S2: -i]\n  S2",)


def test_statements_on_one_line_run_one_after_another():
    together = original(two_statements).restructure("i = [S1 S2: i]\n  S1 S2")
    assert together.tree == original(two_statements).tree


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("i", "i"),
        ("-i + 2*j - 3", "-i + 2*j - 3"),
        ("2*(i + j)", "2*i + 2*j"),
        ("i//4", "(i)//4"),
        ("3*(i//2)", "3*((i)//2)"),
        ("3*i//2", "(3*i)//2"),
        ("(i + n) % 2 - i//3", "(i + n)%2 - ((i)//3)"),
        ("-(i // 2)", "-((i)//2)"),
    ],
)
def test_rows(text, shown):
    row = parse_affine(text)
    assert str(row) == shown
    assert parse_affine(str(row)) == row
    for i in (-5, 0, 3):
        values = {"i": i, "j": 7, "n": 4}
        assert row.evaluate(values) == eval(text, {}, values)


def test_an_order_has_an_end():
    text = "".join(f"{' ' * i}c{i} = [S1: i]\n" for i in range(2000))
    message = refused(lambda: original(copy).restructure(text), po.BadArgumentError)
    assert message == "an order has at most 64 loops in one another, not 2000."
