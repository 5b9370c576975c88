"""How loops and statements are referred to."""

from __future__ import annotations

import numpy as np
import pytest
from kernels_here import copy, scaled, time_steps, two_loops, two_statements
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po
from polyopt.transform.edit import places, resolve

N = po.symbols("N")


def test_short_names_where_they_are_unique():
    assert original(copy).loops == ("i", "j")
    assert original(copy).statements == ("S1",)


def test_names_by_statement_where_they_are_not():
    assert original(time_steps).loops == ("t", "S1.i", "S2.i")
    assert original(two_loops).loops == ("S1.i", "S2.i")


def test_every_name_listed_resolves():
    s = original(time_steps).tile({"t": 2}).strip_mine("S1.i", 2).strip_mine("S2.i", 3)
    for name in s.loops:
        s.unroll(name, 2)


def test_a_statement_says_which_even_where_the_name_is_unique():
    s = original(copy)
    assert s.parallel("S1.i") == s.parallel("S1.i")
    assert s.parallel("S1.i").tree == s.parallel("i").tree


def test_a_fused_loop_answers_to_both_names():
    def apart(A, B):
        for i in range(len(A)):
            A[i] = 1.0
        for k in range(len(A)):
            B[k] = 2.0

    fused = original(apart, po.f64[...], po.f64[...]).fuse("i", "k")
    assert fused.loops == ("i",)
    assert fused.parallel("k").tree == fused.parallel("i").tree
    tiled = fused.strip_mine("k", 4)
    assert tiled.loops == ("i_tile", "i")
    assert tiled.parallel("k_tile").tree == tiled.parallel("i_tile").tree


def test_a_statement_calls_a_fused_loop_by_its_own_iterator():
    def crossed(A, x, y):
        for i in range(len(x)):
            for j in range(len(x)):
                A[i, j] = x[i]
        for i in range(len(x)):
            for j in range(len(x)):
                y[i] += A[j, i]

    s = original(crossed, po.f64[N, N], po.f64[N], po.f64[N]).permute("S2.j", "S2.i")
    fused = s.fuse("S1.i", "S2.j").fuse("S1.j", "S2.i")
    assert fused.loops == ("S1.i", "S1.j")
    positions = {name: resolve(fused.tree, name).position for name in ("S1.i", "S1.j")}
    assert positions == {"S1.i": 0, "S1.j": 1}
    assert resolve(fused.tree, "S2.j").position == 0
    assert resolve(fused.tree, "S2.i").position == 1


def test_a_name_that_is_taken_gets_a_number():
    s = original(copy).strip_mine("i", 4, name="j_tile").strip_mine("j", 4)
    assert s.loops == ("j_tile", "i", "j_tile2", "j")


def test_parts_have_names_of_their_own():
    s = original(copy).tile({"i": 2, "j": 2}).separate("i", "j")
    assert s.loops == ("i_tile", "j_tile", "i", "j", "i_edge", "j_edge")
    s = original(two_statements).split("i", at="N // 2").split("i2", at="N - 1")
    assert s.loops == ("i", "i2", "i3")


def test_an_ambiguous_name_lists_the_ways_to_say_it():
    assert refused(lambda: original(time_steps).parallel("i"), po.NoSuchLoopError) == (
        '"i" names 2 loops. Say which by a statement inside it: "S1.i", "S2.i".'
    )


def test_an_unknown_name_lists_those_that_resolve():
    assert refused(lambda: original(time_steps).parallel("j"), po.NoSuchLoopError) == (
        'no loop is called "j". Loops here: "t", "S1.i", "S2.i".'
    )
    assert refused(lambda: original(copy).parallel("S9.i"), po.NoSuchLoopError) == (
        'no loop is called "S9.i". Loops here: "i", "j".'
    )


def test_no_loops_at_all():
    def one(A):
        A[0] = 1.0

    s = original(one, po.f64[...])
    assert s.loops == ()
    assert refused(lambda: s.parallel("i"), po.NoSuchLoopError) == (
        'no loop is called "i". Loops here: none.'
    )


def test_a_name_with_a_statement_lists_the_loops_around_it():
    s = original(labelled).strip_mine("S1.i", 4)
    assert refused(lambda: s.parallel("S1.j"), po.NoSuchLoopError) == (
        'no loop is called "S1.j". Loops around S1: "i_tile", "S1.i".'
    )
    assert refused(lambda: s.parallel("third.i_tile"), po.NoSuchLoopError) == (
        'no loop is called "third.i_tile". Loops around third: "S2.i".'
    )


# ---- names last ------------------------------------------------------------------------------


def nest(A: po.f64[N, N], B: po.f64[N, N]):
    n = len(A)
    for i in range(1, n):
        for j in range(n):
            A[i, j] = A[i - 1, j] + 1
    for r in range(1, n):
        for c in range(n):
            B[r, c] = A[r, c] * 2
            B[r, c] = B[r, c] + 1


LATER = {
    "order": lambda s: s.interchange("i", "j").permute("c", "r").reverse("j"),
    "skew": lambda s: s.skew("j", by="i").shift("S1", "i", 2),
    "tiles": lambda s: s.tile({"i": 4, "j": 4}).tile({"i": 2}).strip_mine("r", 8, name="block"),
    "parts": lambda s: s.tile({"i": 4}).separate("i").split("r", at="N // 2").peel("c"),
    "fusion": lambda s: s.fuse("i", "r").fuse("j", "c").tile({"r": 2, "c": 2}),
    "distribution": lambda s: s.distribute("c", before="S3").strip_mine("S2.c", 4),
    "marks": lambda s: s.parallel("j").vectorize("c").unroll("i", 2).unroll_and_jam("r", 2),
    "there and back": lambda s: s.distribute("r", before="S3").fuse("S2.r", "S3.r"),
    "storage": lambda s: s.strip_mine("c", 4).separate("c").promote("B", at="c"),
}


@pytest.mark.parametrize("name", LATER)
def test_names_used_before_resolve_after_later_steps(name):
    """By their statement always; by themselves where there is one such loop still."""
    s = original(nest)
    before = {f"{st}.{p.member.name}" for p in places(s.tree) for st in p.member.statements}
    later = LATER[name](s)
    for loop in before:
        member = resolve(later.tree, loop).member
        assert loop.partition(".")[2] in (member.name, *member.aliases)
    for loop in s.loops:
        if sum(p.member.name == loop for p in places(later.tree)) == 1:
            assert resolve(later.tree, loop).member.name == loop


def test_every_name_of_every_schedule_resolves_to_one_loop():
    for change in LATER.values():
        made = change(original(nest))
        assert len(set(made.loops)) == len(made.loops)
        found = [resolve(made.tree, loop) for loop in made.loops]
        assert len({(p.path, p.position) for p in found}) == len(found)


# ---- labels ------------------------------------------------------------------------------------


def labelled(A: po.f64[N], B: po.f64[N]):
    for i in range(len(A)):
        with po.label("first"):
            A[i] = 1.0
    for i in range(len(A)):
        with po.label("second"):
            A[i] = A[i] + 1
            B[i] = A[i] * 2
        with po.label("third"):
            B[i] = B[i] + 1


def test_labels_do_for_names():
    s = original(labelled)
    assert s.statements == ("S1", "S2", "S3", "S4")
    assert s.parallel("first.i").tree == s.parallel("S1.i").tree
    assert s.parallel("second.i").tree == s.parallel("S2.i").tree
    assert s.shift("third", "i", 1).tree == s.shift("S4", "i", 1).tree
    apart = s.distribute("second.i", before="third")
    assert apart.tree == s.distribute("S2.i", before="S4").tree
    assert apart.script.endswith('s = s.distribute("second.i", before="third")')
    assert s.restructure(str(s.tree)).tree == s.tree


def test_a_label_of_several_statements():
    s = original(labelled)
    assert refused(lambda: s.shift("second", "i", 1), po.NoSuchLoopError) == (
        '"second" names 2 statements. Say which: "S2", "S3".'
    )
    apart = s.distribute("S2.i", before="S3")
    assert refused(lambda: apart.parallel("second.i"), po.NoSuchLoopError) == (
        '"second.i" names 2 loops. Say which: "S2.i", "S3.i".'
    )
    assert refused(lambda: s.shift("fourth", "i", 1), po.NoSuchLoopError) == (
        'no statement is called "fourth". Statements here: "S1", "S2", "S3", "S4", "first", '
        '"second", "third".'
    )


# ---- names that mean something elsewhere -----------------------------------------------------


def test_names_of_isl_and_of_loops_that_it_makes():
    def names(min, MOD, c0, S1, A):  # noqa: A002
        for exists in range(min):
            for c1 in range(MOD):
                A[exists, c1] = A[exists, c1] + S1[c1] * c0

    arguments = (5, 4, 3, small(4), small(5, 4))
    s = original(names, *arguments).tile({"exists": 2, "c1": 3}).separate("exists", "c1")
    same_as_python(s, names, *arguments)
    same_as_python(s.promote("A", at="c1").vectorize("c1"), names, *arguments)


def test_a_size_called_like_a_loop_of_isl():
    def sums(c0, c1, A, s):
        for i in range(c0):
            for j in range(c1):
                s[i] += A[i, j] * c0

    arguments = (3, 4, small(3, 4), small(3))
    s = original(sums, *arguments)
    assert loops(s.vectorize("j").strip_mine("i", 2)) == (
        "for i_tile in range(0, (c0 + 1)//2):\n"
        "    for i in range(2*i_tile, min(c0 - 1, 2*i_tile + 1) + 1):\n"
        "        if c1 >= 1:\n"
        "            with s[i] as s_acc (load,store,add reduction):\n"
        "                for j in range(0, c1):  # vector\n"
        "                    S1(i, j)"
    )
    same_as_python(s.vectorize("j").strip_mine("i", 2), sums, *arguments)


def test_names_beyond_ascii():
    def shifted(α, A):  # noqa: PLC2401
        for β in range(1, α):  # noqa: PLC2401
            A[β] = A[β - 1] + 1

    s = original(shifted, 5, small(5)).strip_mine("β", 2).separate("β")
    assert s.loops == ("β_tile", "β", "β_edge")
    same_as_python(s, shifted, 5, small(5))


def test_odd_names_compile():
    def names(min, MOD, c0, S1, A):  # noqa: A002
        for exists in range(min):
            for register in range(MOD):
                A[exists, register] = A[exists, register] + S1[register] * c0

    arguments = (5, 4, 3, small(4), small(5, 4))
    compiled = po.kernel(schedule=lambda s: s.tile({"exists": 2}).separate("exists"))(names)
    expected = small(5, 4)
    names(5, 4, 3, arguments[3], expected)
    compiled(*arguments)
    assert np.array_equal(arguments[4], expected)


def test_names_in_scripts_are_quoted():
    assert original(scaled).privatize("t").steps[0].short == 'privatize("t")'
