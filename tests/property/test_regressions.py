"""What the property test has found, cut down to a few lines each."""

from __future__ import annotations

import pytest
from engine import SIZES, Examiner
from oracle import Case
from random_program import ArraySpec, Program

from polyopt.errors import BadArgumentError, IllegalScheduleError
from polyopt.pipeline import auto_schedule as auto
from polyopt.transform.schedule import Schedule
from polyopt.transform.text import parse_affine

N, M, SIZE = (1, 0, 0), (0, 1, 0), (1, 1, 6)


def case(body: str, arrays: str, scalars: tuple[str, ...] = ()) -> Case:
    """A kernel of integer arrays such as "A1 B2", the digits being ranks, large enough for all."""
    specs = tuple(
        ArraySpec(a[0], "i64", (SIZE,) * int(a[1]), declared=True) for a in arrays.split()
    )
    names = ", ".join(["N", "M", *scalars, *(s.name for s in specs)])
    return Case.of(Program("k", f"def k({names}):\n{body}", specs, scalars, True, "arguments"))


def agrees(found: Case, schedule: Schedule) -> None:
    """The schedule, lowered and run, gives plain Python's results."""
    runner = found.runner(schedule)
    for seed in range(3):
        assert found.check(runner, schedule.fp, SIZES, seed)


def test_multiples_of_quotients_read_back():
    for text in ("3*((i)//2)", "i - ((i)//4)", "-((i)//2) + 1", "2*((i + 1)%3)"):
        assert str(parse_affine(str(parse_affine(text)))) == str(parse_affine(text))
        values = {"i": 7}
        assert parse_affine(str(parse_affine(text))).evaluate(values) == eval(text, {"i": 7})


SCALAR = """
    for i in range(N):
        t = A[i]
        for j in range(M):
            t = t + j
        A[i] = t
"""


def test_private_scalar_in_a_loop_that_runs_once():
    found = case(SCALAR, "A1")
    agrees(found, found.original("strict").tile({"i": 1}).privatize("t"))


def test_private_scalar_where_isl_leaves_the_loop_out():
    body = """
    for i in range(5):
        for j in range(2, i + 1):
            for k in range(M - 3, 1, -1):
                if i == N // 2:
                    t = A[j, k] + j
                    A[j, k] = t
"""
    found = case(body, "A2")
    agrees(found, found.original("strict").privatize("t"))
    agrees(found, auto(found.original("strict")))


def test_private_scalar_in_a_strided_loop():
    body = """
    for i in range(N // 2, N - 1):
        for j in range(i, M + 1):
            t = A[i, j]
            A[i + 1, j] = t
"""
    found = case(body, "A2")
    s = found.original("strict").tile({"j": 1}).wavefront("j_tile", "j").privatize("t")
    agrees(found, s)


def test_strides_offset_from_one_another():
    body = """
    for i in range(N - 3, 0, -2):
        for j in range(1, N - 1):
            D[i - 1, j + 2] = 1
        C[i + 1] = 1
"""
    found = case(body, "C1 D2")
    agrees(found, found.original("strict").shift("S2", "i", 1))


def test_first_instance_of_a_block_under_a_condition():
    body = """
    for i in range(1, N):
        D[i, 2] = D[i + i, 1]
        for j in range(max(i - 1, 0), min(N - 1, i + 3)):
            t = D[N - i + M, j + 2]
            A[i + 1] = t
        for j in range(3):
            D[N - i, j] += 1
"""
    specs = (
        ArraySpec("A", "i32", ((1, 0, 2),), declared=True),
        ArraySpec("D", "i32", ((2, 1, 0), (1, 0, 3)), declared=False),
    )
    found = Case.of(Program("k", f"def k(N, M, A, D):\n{body}", specs, (), True, "arguments"))
    rows = """
    i = [S1 S2 S3 S4: i]
      j = [S1: i + 1, S2 S3: j + 2, S4: i + j]
        S1
        S2
        S3
        S4
    """
    s = found.original("strict").privatize("t").restructure(rows)
    agrees(found, s.tile({"i": 32, "j": 32}).wavefront("i_tile", "j_tile"))


def test_separated_parts_are_not_fused():
    found = case("    for i in range(N):\n        A[i + 1] = A[i] + i\n", "A1")
    s = found.original("strict").strip_mine("i", 2).separate("i")
    with pytest.raises(BadArgumentError, match="parts of their statements"):
        s.fuse("i", "i_edge")


def test_separated_parts_are_distributed():
    body = "    for i in range(N):\n        A[i] = i\n        B[i] = A[i] + i\n"
    found = case(body, "A1 B1")
    s = found.original("strict").strip_mine("i", 2).separate("i")
    agrees(found, s.distribute("i_tile", before="S2"))


def test_blocks_of_loops_that_do_not_run():
    body = "    for i in range(1, N // 2 + 1):\n        B[i - i + N] = i\n"
    specs = (ArraySpec("B", "i64", ((2, 0, 0),), declared=True),)
    found = Case.of(Program("k", f"def k(N, M, B):\n{body}", specs, (), True, "arguments"))
    agrees(found, found.original("strict").promote("B", at="i"))


def test_scheduling_of_windows():
    body = """
    for i in range(N // 2 + 1):
        for j in range(max(i - 2, 0), min(N, i + 2)):
            t = A[i + 1, j + 2]
            A[j + 2, i] = t
"""
    found = case(body, "A2")
    agrees(found, auto(found.original("strict")))


def test_vector_reduction_below_separated_tiles():
    body = """
    for i in range(N):
        for j in range(N - 2):
            t = 1
            for k in range(1, N - 1):
                t = min(t, B[j + 1, k])
            A[i, j] = t
"""
    found = case(body, "A2 B2")
    s = found.original("reassociate").vectorize("k").privatize("t")
    agrees(found, s.tile({"j": 2}).separate("j"))


def test_pivots_of_loops_of_their_own():
    body = """
    for i in range(N // 2, N):
        for j in range(2, i + 1, 3):
            t = 0
            for k in range(0, N - 1, 2):
                t += C[i + 1]
            B[i] = t
"""
    found = case(body, "B1 C1")
    agrees(found, auto(found.original("strict")))


def test_extremum_with_a_floored_target():
    body = """
    for i in range(2, N):
        t = i
        for j in range(1, i + 1):
            t = max(t, 5 * A[j + 1])
        A[i // 2] = 1
"""
    found = case(body, "A1")
    agrees(found, auto(found.original("strict")))


def test_skewed_tiles_of_a_private_scalar():
    body = """
    for i in range(N // 2, M - 2):
        for j in range(M - 1):
            for k in range(2, j):
                t = A[j, k] + j
                A[j, k] = t
"""
    found = case(body, "A2")
    s = found.original("strict").privatize("t").wavefront("j", "k").wavefront("j", "k")
    agrees(found, s.skew("k", by="j", factor=2).tile({"j": 5, "k": 4}))


def examined(seed: int) -> list[str]:
    """What goes wrong with a program of the generator under its own schedules."""
    examiner = Examiner(scripts=0, sink=lambda *_: None)
    examiner.examine(seed)
    return [str(f) for f in examiner.failures]


def test_a_block_begins_at_its_users_value_of_a_loop():
    assert examined(3006) == []


def test_no_accumulator_inside_a_block_of_its_element():
    found = case(
        """
    for i in range(3):
        for j in range(3):
            A[0, i] = max(A[0, i], A[i + 2, j + 1] - A[j + 1, i + 2])
""",
        "A2",
    )
    promoted = found.original("reassociate").promote("A", at="j")
    for step in (lambda s: s.vectorize("j"), lambda s: s.reduce("j", partials=2)):
        with pytest.raises(IllegalScheduleError, match="holds that element already"):
            step(promoted)
        agrees(found, step(found.original("reassociate")))


CHOICE = """
    for i in range(1, N // 2 + 1):
        if i < N - 2:
            A[i + 1, 0] += A[i + 1, 1] + A[i + 1, 0]
        else:
            t = B[i + 2, 0]
            B[i + 3, 2] = min(t + M, B[i + 2, 0])
"""


def test_a_bound_that_is_one_of_two():
    """isl begins the second part at `N == 2 ? 1 : N - 2`."""
    found = case(CHOICE, "A2 B2")
    agrees(found, found.original("strict"))
    agrees(found, auto(found.original("strict")))


def test_a_statement_that_never_runs_splits_no_loop():
    found = case(
        """
    for i in range(1, -1, -1):
        t1 = 1
        for j in range(1, i):
            if 1 < t1:
                t1 = 1
""",
        "A2",
    )
    jammed = found.original("strict").unroll_and_jam("i", 2)
    assert jammed.loops == ("i_tile", "i")
    with pytest.raises(BadArgumentError, match='no instance of "S2" runs inside "i_tile"'):
        jammed.distribute("i_tile", before="S2")
    agrees(found, jammed)


def test_strided_iterations_are_all_in_strips():
    """Under the residues that the context has here, isl loses some of them."""
    source = """
def k(X, A):
    N, M = X.shape
    for i in range(N // 2, N - 1, 2):
        t1 = A[i]
        A[i + 1] = 1.0
"""
    sizes, tight = ((1, 0, 0), (0, 1, 0)), ((1, 0, 1),)
    arrays = (
        ArraySpec("X", "f64", sizes, declared=False),
        ArraySpec("A", "f64", tight, declared=False),
    )
    found = Case.of(Program("k", source, arrays, (), True, "shape"))
    agrees(found, found.original("strict").strip_mine("i", 4))


def test_a_wait_belongs_to_its_own_pipeline():
    """The loop along which the outer pipeline waits runs once; the inner one's is no stand-in."""
    found = case(
        """
    for i in range(1, -1, -1):
        for j in range(4):
            A[i + 1, j] = A[i, M - j + 3]
""",
        "A2",
    )
    schedule = found.original("strict").strip_mine("i", 1).pipeline("i_tile", "i")
    schedule = schedule.unroll_and_jam("i", 3).pipeline("i_edge", "j_edge")
    agrees(found, schedule)


def test_no_block_from_before_the_array():
    """With less than three iterations, the last three begin in front of the first."""
    found = case(
        """
    for i in range(5):
        for j in range(N + 1):
            B[i + 1, j + 1] = A[j, i]
""",
        "A2 B2",
    )
    peeled = found.original("strict").peel("j", 0, 3)
    with pytest.raises(BadArgumentError, match="is not one full box"):
        peeled.promote("A", at="j_back")


def test_a_turn_that_does_nothing_ends_after_the_one_before():
    """Every other turn is empty: the next may not take it for the end of all before it."""
    found = case(
        """
    for i in range(N % 3, N, 2):
        for j in range(i + 2, M + 3, 2):
            if i < N - 1 or N > 3:
                A[i] = j
            else:
                A[i + 1] = j
            B[j] = B[j] * 2 + i
""",
        "A1 B1",
    )
    pipelined = found.original("strict").pipeline("i", "j")
    runner = found.runner(pipelined)
    for seed in range(12):
        assert found.check(runner, "strict", ((6, 5), (7, 7), (5, 6)), seed)


def test_a_turn_of_two_loops_tells_of_what_both_have_done():
    """Even and odd rows are one loop in steps of two, each turn with a loop for either."""
    found = case(
        """
    for i in range(0, N + 4, 2):
        for j in range(M + 2):
            A[i, j] = i
    for i in range(1, N + 4, 2):
        for j in range(M + 2):
            B[j] = B[j] * 2 + i
""",
        "A2 B1",
    )
    pipelined = (
        found.original("strict").fuse("S1.i", "S2.i").fuse("S1.j", "S2.j").pipeline("i", "j")
    )
    runner = found.runner(pipelined)
    for seed in range(12):
        assert found.check(runner, "strict", ((6, 5), (7, 7), (5, 6)), seed)


def test_no_blocks_where_loops_leave_instances_together():
    found = case(
        """
    for i in range(M + 1):
        for j in range(1, i + 1):
            t1 = 1
            for k in range(i // 2, 0, -1):
                t1 = max(t1, (A[i + 1, j + 1] + A[i + 2, j + 1]) % 31)
            A[i + 1, j + 2] = 1
""",
        "A2",
    )
    agrees(found, auto(found.original("reassociate")))


def test_a_breach_of_no_pair_is_none():
    """isl sees only on a second look that nothing is in the order that the last step gives up."""
    found = case(
        """
    for i in range(N - 1, 0, -2):
        for j in range(N + 1):
            B[i + 3] = B[i + 2]
    for i in range(0, N % 3 + 1, 3):
        for j in range(1, i + 2):
            B[j + 1] += 1
""",
        "B1",
    )
    schedule = found.original("reassociate").unroll_and_jam("S2.i", 2).fuse("i", "i_tile")
    agrees(found, schedule.unroll_and_jam("i", 2).vectorize("i_tile2", 2))


def test_blocks_are_where_instances_without_conditions_are():
    """In a loop that runs once isl writes numbers for what conditions fix."""
    found = case(
        """
    for i in range(N):
        for j in range(M):
            if j == 0:
                v = B[i]
            else:
                v = A[i, j - 1]
            A[i, j] += v
""",
        "A2 B1",
    )
    schedule = found.original("strict").privatize("v").strip_mine("j", 2)
    agrees(found, schedule.wavefront("j_tile", "j"))


def test_no_scan_of_what_runs_elsewhere_too():
    found = case(
        """
    for i in range(N):
        B[i] = i
        for j in range(1, M):
            A[i, j] += A[i, j - 1]
            C[j] += 1
""",
        "A2 B1 C1",
    )
    schedule = found.original("strict").unroll_and_jam("i", 2)
    with pytest.raises(BadArgumentError, match="innermost loop"):
        schedule.scan("j_edge")
