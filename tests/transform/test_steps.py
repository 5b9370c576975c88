"""Every step: the loops after it, and that they compute what the plain function does."""

# ruff: noqa: E501 (expected loops are as long as they are)

from __future__ import annotations

import pickle
from textwrap import dedent

import pytest
from kernels_here import (
    copy,
    down,
    matmul,
    scaled,
    smooth,
    sums,
    time_steps,
    two_loops,
    two_statements,
)
from run_schedule import loops, original, same_as_python, small

VECTORS = [(small(n), small(n, seed=2)) for n in (0, 1, 2, 3, 4, 5, 9)]
SQUARES = [(small(n, n),) for n in (0, 1, 2, 3, 5, 8)]
PAIRS = [(small(n, m), small(n, m, seed=2)) for n, m in ((0, 3), (1, 1), (3, 4), (5, 9), (8, 8))]
TIMES = [(t, *v) for t, v in zip((0, 1, 3, 2, 4, 5, 3), VECTORS, strict=True)]
ROWS = [(small(n, m), small(n)) for n, m in ((0, 3), (3, 0), (1, 1), (5, 9), (8, 8))]
PRODUCTS = [
    (small(n, m), small(n, n, seed=2), small(n, m, seed=3))
    for n, m in ((0, 3), (2, 0), (1, 1), (3, 5), (4, 8), (5, 9))
]


def shows(schedule, function, data, text):
    """Assert the loops of a schedule, and its results on some arguments."""
    assert loops(schedule) == dedent(text).strip("\n")
    for arguments in data:
        same_as_python(schedule, function, *arguments)


def test_interchange():
    shows(original(copy).interchange("i", "j"), copy, PAIRS, """
        for j in range(0, M):
            for i in range(0, N):
                S1(i, j)
        """)  # fmt: skip


def test_permute():
    shows(original(matmul).permute("k", "i", "j"), matmul, PRODUCTS, """
        for k in range(0, N):
            for i in range(0, N):
                for j in range(0, M):
                    S1(i, j, k)
        """)  # fmt: skip


def test_permute_leaves_the_loops_that_it_does_not_name():
    shows(original(matmul).permute("k", "i"), matmul, PRODUCTS, """
        for k in range(0, N):
            for j in range(0, M):
                for i in range(0, N):
                    S1(i, j, k)
        """)  # fmt: skip


def test_reverse():
    shows(original(copy).reverse("i"), copy, PAIRS, """
        for i in range(-N + 1, 1):
            for j in range(0, M):
                S1(-i, j)
        """)  # fmt: skip


def test_reverse_of_a_loop_that_runs_down():
    def halved(A):
        for i in range(len(A) - 1, -1, -1):
            A[i] = A[i] / 2

    shows(original(halved, small(3)).reverse("i"), halved, [(small(n),) for n in (0, 1, 5)], """
        for i in range(0, A_shape0):
            S1(i)
        """)  # fmt: skip


def test_skew():
    shows(original(smooth).skew("j", by="i"), smooth, SQUARES, """
        for i in range(1, N):
            for j in range(i, N + i - 1):
                S1(i, -i + j)
        """)  # fmt: skip


def test_skewing_frees_the_interchange():
    shows(original(smooth).skew("j", by="i").interchange("i", "j"), smooth, SQUARES, """
        for j in range(1, 2*N - 2):
            for i in range(max(1, -N + j + 2), min(N - 1, j) + 1):
                S1(i, -i + j)
        """)  # fmt: skip


def test_skewing_by_a_negative_factor():
    shows(original(copy).skew("j", by="i", factor=-2), copy, PAIRS, """
        for i in range(0, N):
            for j in range(-2*i, M - 2*i):
                S1(i, 2*i + j)
        """)  # fmt: skip


def test_shift():
    shows(original(two_statements).shift("S2", "i", 1), two_statements, VECTORS, """
        if N >= 2:
            for i in range(1, N + 1):
                if N >= i + 1:
                    S1(i)
                if i >= 2:
                    S2(i - 1)
        """)  # fmt: skip


def test_shift_of_a_loop_that_runs_down():
    shows(original(down).shift("S1", "i", -2), down, [(small(n),) for n in (0, 1, 2, 7)], """
        for i in range(-N - 1, -2):
            S1(-i - 2)
        """)  # fmt: skip


def test_fuse():
    shows(original(two_loops).fuse("S1.i", "S2.i"), two_loops, VECTORS, """
        for i in range(0, N):
            S1(i)
            S2(i)
        """)  # fmt: skip


def test_fusing_drops_marks():
    marked = original(two_loops).parallel("S1.i").vectorize("S2.i")
    assert marked.fuse("S1.i", "S2.i").tree == original(two_loops).fuse("S1.i", "S2.i").tree


def test_distribute():
    shows(original(two_statements).distribute("i", before="S2"), two_statements, VECTORS, """
        for i in range(1, N):
            S1(i)
        for i in range(1, N):
            S2(i)
        """)  # fmt: skip


def test_distribution_keeps_marks():
    def both(A, B):
        for i in range(len(A)):
            A[i] = A[i] + 1
            B[i] = A[i] * 2

    s = original(both, *VECTORS[2]).parallel("i").vectorize("i")
    for part in s.distribute("i", before="S2").tree.root.children:
        (member,) = part.child.members
        assert (member.parallel, member.vector) == (True, 8)


def test_strip_mine():
    shows(original(two_loops).strip_mine("S1.i", 4), two_loops, VECTORS, """
        for i_tile in range(0, (N - 1)//4 + 1):
            for i in range(4*i_tile, min(N - 1, 4*i_tile + 3) + 1):
                S1(i)
        for i in range(0, N):
            S2(i)
        """)  # fmt: skip


def test_strip_mining_a_loop_that_runs_down():
    shows(original(down).strip_mine("i", 2), down, [(small(n),) for n in (0, 1, 2, 3, 8)], """
        for i_tile in range(-N + (N + 1)//2, 0):
            for i in range(max(-N + 1, 2*i_tile), 2*i_tile + 2):
                S1(-i)
        """)  # fmt: skip


def test_strips_of_marked_loops():
    """The strips run in parallel, and lanes and unrolling stay inside."""
    s = original(two_loops).parallel("S1.i").vectorize("S1.i", 4).unroll("S1.i", 2)
    shows(s.strip_mine("S1.i", 4), two_loops, VECTORS, """
        for i_tile in range(0, (N - 1)//4 + 1):  # parallel
            for i in range(4*i_tile, min(N - 1, 4*i_tile + 3) + 1):  # vector, unroll 2
                S1(i)
        for i in range(0, N):
            S2(i)
        """)  # fmt: skip


def test_tile():
    shows(original(copy).tile({"i": 2, "j": 4}), copy, PAIRS, """
        for i_tile in range(0, (N + 1)//2):
            for j_tile in range(0, (M - 1)//4 + 1):
                for i in range(2*i_tile, min(N - 1, 2*i_tile + 1) + 1):
                    for j in range(4*j_tile, min(M - 1, 4*j_tile + 3) + 1):
                        S1(i, j)
        """)  # fmt: skip


def test_tile_names_and_tiles_of_tiles():
    s = original(copy).tile({"i": 8, "j": 8}, names={"i": "rows"}).tile({"i": 2, "j": 2})
    assert s.loops == ("rows", "j_tile", "i_tile", "j_tile2", "i", "j")


def test_tiles_in_sibling_nests_have_names_of_their_own():
    s = original(two_loops).strip_mine("S1.i", 4).strip_mine("S2.i", 4)
    assert s.loops == ("i_tile", "S1.i", "i_tile2", "S2.i")


def test_tiling_a_parallel_loop():
    s = original(copy).parallel("i").tile({"i": 2, "j": 4})
    assert [m.name for m in s.tree.root.members if m.parallel] == ["i_tile"]


def test_wavefront():
    s = original(smooth).skew("j", by="i").tile({"i": 2, "j": 2}).wavefront("i_tile", "j_tile")
    shows(
        s,
        smooth,
        SQUARES,
        """
        for i_tile in range(0, N + (N + 1)//2 - 2):
            for j_tile in range(max(-N + i_tile + (N)//2 + 1, (i_tile + 1)//2), min(i_tile, (N + 2*i_tile - 1)//4) + 1):  # parallel
                for i in range(max(1, 2*i_tile - 2*j_tile, -N + 2*j_tile + 2), min(N - 1, 2*i_tile - 2*j_tile + 1) + 1):
                    for j in range(max(2*j_tile, i), min(2*j_tile + 1, N + i - 2) + 1):
                        S1(i, -i + j)
        """,
    )


def test_wavefront_of_a_loop_that_was_parallel():
    s = original(copy).parallel("i").wavefront("i", "j")
    assert [m.name for m in s.tree.root.members if m.parallel] == ["j"]
    same_as_python(s, copy, *PAIRS[3])


def test_parallel():
    shows(original(copy).parallel("i"), copy, PAIRS, """
        for i in range(0, N):  # parallel
            for j in range(0, M):
                S1(i, j)
        """)  # fmt: skip


def test_vectorize_and_unroll():
    shows(original(copy).vectorize("j", 4).unroll("i", 2), copy, PAIRS, """
        for i in range(0, N):  # unroll 2
            for j in range(0, M):  # vector
                S1(i, j)
        """)  # fmt: skip


def test_vectorizing_a_reduction():
    shows(original(sums).vectorize("j"), sums, ROWS, """
        for i in range(0, N):
            with s[i] as s_acc (load,store,add reduction):
                for j in range(0, M):  # vector
                    S1(i, j)
        """)  # fmt: skip


def test_split():
    shows(original(two_loops).split("S1.i", at="N // 2"), two_loops, VECTORS, """
        for i in range(0, (N)//2):
            S1(i)
        for i2 in range((N)//2, N):
            S1(i2)
        for i in range(0, N):
            S2(i)
        """)  # fmt: skip


def test_separate():
    shows(original(copy).tile({"i": 2, "j": 4}).separate("i", "j"), copy, PAIRS, """
        for i_tile in range(0, (N + 1)//2):
            for j_tile in range(0, (M - 1)//4 + 1):
                if (N >= 2*i_tile + 2) and (M >= 4*j_tile + 4):
                    for i in range(0, 2):
                        for j in range(0, 4):
                            S1(i + 2*i_tile, j + 4*j_tile)
                if (N >= 2*i_tile + 2) and (4*j_tile + 3 >= M):
                    for i_edge in range(0, 2):
                        for j_edge in range(4*j_tile, M):
                            S1(i_edge + 2*i_tile, j_edge)
                else:
                    if 2*i_tile + 1 == N:
                        for j_edge in range(4*j_tile, min(M - 1, 4*j_tile + 3) + 1):
                            S1(N - 1, j_edge)
        """)  # fmt: skip


def test_separate_one_loop_of_two_statements():
    s = original(two_statements).strip_mine("i", 4).separate("i")
    assert s.loops == ("i_tile", "i", "i_edge")
    for arguments in VECTORS:
        same_as_python(s, two_statements, *arguments)


def test_separate_after_a_shift():
    s = original(two_statements).shift("S2", "i", 3).strip_mine("i", 4).separate("i")
    for arguments in VECTORS:
        same_as_python(s, two_statements, *arguments)


def test_separating_a_loop_that_runs_down():
    s = original(down).strip_mine("i", 2).separate("i")
    for n in (0, 1, 2, 3, 4, 7):
        same_as_python(s, down, small(n))


def test_privatize():
    shows(original(scaled).privatize("t").parallel("i"), scaled, VECTORS, """
        for i in range(0, N):  # parallel
            with t[i] as t:
                S1(i)
                S2(i)
        # no storage of their own: t
        """)  # fmt: skip


def test_private_copies_of_a_tile():
    s = original(scaled).privatize("t").strip_mine("i", 4).distribute("i", before="S2")
    shows(s.parallel("i_tile").vectorize("S1.i"), scaled, VECTORS, """
        for i_tile in range(0, (N - 1)//4 + 1):  # parallel
            with t[4*i_tile : 4*i_tile + 4] as t:
                for i in range(4*i_tile, min(N - 1, 4*i_tile + 3) + 1):  # vector
                    S1(i)
                for i in range(4*i_tile, min(N - 1, 4*i_tile + 3) + 1):
                    S2(i)
        # no storage of their own: t
        """)  # fmt: skip


def test_promote():
    s = original(matmul).permute("k", "i", "j").tile({"i": 2, "j": 4})
    s = s.permute("i_tile", "j_tile", "k", "i", "j").separate("i", "j").promote("C", at="k")
    shows(s.parallel("i_tile").vectorize("j"), matmul, PRODUCTS, """
        for i_tile in range(0, (N + 1)//2):  # parallel
            for j_tile in range(0, (M - 1)//4 + 1):
                if (N >= 2*i_tile + 2) and (M >= 4*j_tile + 4):
                    with C[2*i_tile : 2*i_tile + 2, 4*j_tile : 4*j_tile + 4] as C_acc (load,store):
                        for k in range(0, N):
                            for i in range(0, 2):
                                for j in range(0, 4):  # vector
                                    S1(i + 2*i_tile, j + 4*j_tile, k)
                for k_edge in range(0, N):
                    if (N >= 2*i_tile + 2) and (4*j_tile + 3 >= M):
                        for i_edge in range(0, 2):
                            for j_edge in range(4*j_tile, M):
                                S1(i_edge + 2*i_tile, j_edge, k_edge)
                    else:
                        if 2*i_tile + 1 == N:
                            for j_edge in range(4*j_tile, min(M - 1, 4*j_tile + 3) + 1):
                                S1(N - 1, j_edge, k_edge)
        """)  # fmt: skip


def test_promote_one_element():
    shows(original(matmul).promote("C", at="k").parallel("i"), matmul, PRODUCTS, """
        for i in range(0, N):  # parallel
            for j in range(0, M):
                with C[i, j] as C_acc (load,store):
                    for k in range(0, N):
                        S1(i, j, k)
        """)  # fmt: skip


def test_a_distributed_part_keeps_only_the_blocks_that_it_uses():
    def kernel(A, B):
        for i in range(A.shape[0]):
            for j in range(2):
                A[i, j] = A[i, j] + 1
                B[i, j] = 2.0

    s = original(kernel, *PAIRS[2]).promote("A", at="j").distribute("j", before="S2")
    assert loops(s).count("with ") == 1
    same_as_python(s, kernel, *PAIRS[2])


def test_apply():
    def tiled(s):
        return s.tile({"i": 2, "j": 4}).parallel("i_tile")

    assert original(copy).apply(tiled) == tiled(original(copy))


def test_a_schedule_is_a_value():
    s = original(copy)
    s.tile({"i": 2, "j": 4})
    assert s.steps == ()
    assert s == original(copy)
    assert s.parallel("i") != s


def test_schedules_can_be_stored():
    s = original(scaled).privatize("t").tile({"i": 4}).separate("i").parallel("i_tile")
    again = pickle.loads(pickle.dumps(s))
    assert again == s
    assert loops(again) == loops(s)
    assert str(again.dependences) == str(s.dependences)
    assert again.unroll("i") == s.unroll("i")


def test_the_script_rebuilds_the_schedule():
    s = original(time_steps).shift("S2", "i", 1).fuse("S1.i", "S2.i")
    s = s.skew("i", by="t", factor=2).tile({"t": 2, "i": 4}, names={"i": "block"})
    s = s.wavefront("t_tile", "block").unroll("t", 2)
    assert (
        s.script
        == dedent("""
        s = spec.original
        s = s.shift("S2", "i", 1)
        s = s.fuse("S1.i", "S2.i")
        s = s.skew("i", by="t", factor=2)
        s = s.tile({"t": 2, "i": 4}, names={"i": "block"})
        s = s.wavefront("t_tile", "block")
        s = s.unroll("t", factor=2)
    """).strip()
    )
    assert replayed(s.script, original(time_steps)) == s
    for arguments in TIMES:
        same_as_python(s, time_steps, *arguments)


@pytest.mark.parametrize(
    "steps",
    [
        'strip_mine("S1.i", 4, name="rows").separate("S1.i")',
        'restructure("i = [S1: i]\\n  S1\\nj = [S2: i]   vector 4\\n  S2")',
        'reverse("S1.i").vectorize("S1.i", 4).parallel("S2.i")',
        'split("S1.i", at="N // 2 + 1").unroll("i2")',
    ],
)
def test_scripts_replay(steps):
    s = eval(f"original(two_loops).{steps}")
    assert replayed(s.script, original(two_loops)) == s
    for arguments in VECTORS:
        same_as_python(s, two_loops, *arguments)


def replayed(script, start):
    """The schedule that a script makes from another start."""
    scope = {"spec": type("spec", (), {"original": start})}
    exec(script, scope)
    return scope["s"]
