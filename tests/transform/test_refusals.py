"""What the steps refuse, word for word.

POLYOPT_UPDATE_GOLDEN=1 rewrites tests/transform/golden.
"""

from __future__ import annotations

from pathlib import Path

import kernels_here
import pytest
from golden import golden
from kernels_here import (
    copy,
    guarded_store,
    matmul,
    scaled,
    smooth,
    sums,
    time_steps,
    two_loops,
    two_statements,
)
from run_schedule import original, refused

import polyopt as po

GOLDEN = Path(__file__).parent / "golden"
N, M = po.symbols("N M")


def rewritten(A: po.f64[4]):
    N = 4
    for i in range(N):
        A[0] = i


def skewed_reads(A: po.f64[N, N]):
    N = A.shape[0]
    for i in range(N - 1):
        for j in range(1, N):
            A[i, j] = A[i + 1, j - 1] * 2


def overlapping(A: po.f64[N]):
    N = A.shape[0]
    for i in range(N - 1):
        A[i] = i
        A[i + 1] = 2


def rows_of_sums(A: po.f64[N, M], s: po.f64[N]):
    N, M = A.shape
    for i in range(N):
        s[i] = 0.0
        for j in range(M):
            s[i] += A[i, j]
        s[i] = s[i] * 0.5


def halves(A: po.f64[N]):
    N = A.shape[0]
    for i in range(N // 2):
        A[i] = A[2 * i] + 1


def imperfect(A: po.f64[N, N], B: po.f64[N]):
    N = A.shape[0]
    for i in range(1, N):
        B[i] = A[i - 1, 0]
        for j in range(N):
            A[i, j] = B[i] + A[i, j]


def overwritten(A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for i in range(N - 1):
        B[i] = A[i + 1]
        A[i] = i


def one_maximum(A: po.f64[N], m: po.f64[1]):
    N = A.shape[0]
    for i in range(N):
        m[0] = max(m[0], A[i])


def two_stores(A: po.f64[N]):
    N = A.shape[0]
    for i in range(1, N):
        A[i] = 1
    for i in range(1, N):
        A[N - i] = 2


def read_ahead(A: po.f64[N], B: po.f64[N]):
    N = A.shape[0]
    for i in range(N):
        A[i] = i
    for i in range(N):
        B[i] = A[N - 1 - i]


def lagging(A: po.f64[N, N]):
    N = A.shape[0]
    for i in range(1, N):
        for j in range(1, N - 1):
            A[i, j] = A[i, j - 1] + A[i - 1, j + 1]


def running_sum(A: po.f64[N], s: po.f64[1]):
    N = A.shape[0]
    for i in range(N):
        s[0] += A[i]
        A[i] = s[0]


def down_and_up(T: int, A: po.f64[N]):
    N = A.shape[0]
    for t in range(T):
        for i in range(1, N - 1):
            A[i] = A[i - 1] + A[i + 1] + t


def one_of_many(A: po.f64[N], B: po.f64[1]):
    N = A.shape[0]
    for i in range(N):
        if A[i] > 0:
            B[0] = A[i]


ILLEGAL = {
    "interchange_flow": lambda: original(smooth).interchange("i", "j"),
    "reverse_flow": lambda: original(two_statements).reverse("i"),
    "fuse_anti": lambda: original(time_steps).fuse("S1.i", "S2.i"),
    "shift_flow": lambda: original(two_statements).shift("S1", "i", 2),
    "distribute_flow": lambda: original(scaled).distribute("i", before="S2"),
    "reverse_output": lambda: original(rewritten).reverse("i"),
    "parallel_flow": lambda: original(smooth).parallel("i"),
    "parallel_scalar": lambda: original(scaled).parallel("i"),
    "parallel_output": lambda: original(rewritten).parallel("i"),
    "parallel_reduction": lambda: original(sums).parallel("j"),
    "vector_flow": lambda: original(time_steps).vectorize("t"),
    "vector_strict_reduction": lambda: original(sums, fp="strict").vectorize("j"),
    "reverse_strict_reduction": lambda: original(sums, fp="strict").reverse("j"),
    "restructure_together": lambda: original(two_loops).restructure(
        "i = [S1: i, S2: i]\n  S2\n  S1"
    ),
    "tile_negative_distance": lambda: original(smooth).tile({"i": 2, "j": 2}),
    "wavefront_negative_distance": lambda: original(smooth).wavefront("i", "j"),
    "interchange_anti": lambda: original(skewed_reads).interchange("i", "j"),
    "permute_flow": lambda: original(smooth).tile({"i": 2}).permute("j", "i_tile", "i"),
    "tile_anti": lambda: original(skewed_reads).tile({"i": 2, "j": 2}),
    "reverse_anti": lambda: original(halves).reverse("i"),
    "shift_output": lambda: original(overlapping).shift("S1", "i", -2),
    "shift_imperfect": lambda: original(imperfect).shift("S1", "i", 1),
    "shift_anti": lambda: original(overwritten).shift("S2", "i", -2),
    "distribute_output": lambda: original(overlapping).distribute("i", before="S2"),
    "distribute_imperfect": lambda: original(imperfect).distribute("i", before="S2"),
    "fuse_output": lambda: original(two_stores).fuse("S1.i", "S2.i"),
    "fuse_flow": lambda: original(read_ahead).fuse("S1.i", "S2.i"),
    "separate_flow": lambda: (
        original(lagging)
        .strip_mine("i", 3)
        .skew("j", by="i", factor=2)
        .permute("i_tile", "j", "i")
        .separate("i")
    ),
    "jam_flow": lambda: original(smooth).unroll_and_jam("i", 2),
    "pipeline_flow": lambda: original(smooth).pipeline("i", "j"),
    "pipeline_distant": lambda: original(skewed_reads).pipeline("i", "j"),
    "diamond_flow": lambda: original(down_and_up).diamond("t", "i"),
    "grid_flow": lambda: original(smooth).map_to_grid(groups=("i",), items=("j",)),
    "grid_reduction": lambda: original(sums).map_to_grid(groups=("i",), items=("j",)),
    "vector_anti": lambda: original(halves).vectorize("i"),
    "vector_output": lambda: original(overlapping).vectorize("i"),
    "vector_not_innermost": lambda: original(matmul).interchange("j", "k").vectorize("k"),
    "vector_target_used": lambda: original(running_sum).vectorize("i"),
    "strips_strict_reduction": lambda: (
        original(matmul, fp="strict").strip_mine("k", 4).reverse("k_tile")
    ),
    "reduction_start_late": lambda: original(rows_of_sums).restructure(
        "i = [S2: i]\n  j = [S2: j]\n    S2\ni = [S1 S3: i]\n  S1\n  S3"
    ),
    "guard_flow": lambda: original(guarded_store).parallel("i"),
    "guard_output": lambda: original(one_of_many).reverse("i"),
    "parallel_maximum": lambda: original(one_maximum).parallel("i"),
    "private_outlives": lambda: original(scaled).privatize("t").distribute("i", before="S2"),
    "promoted_parallel": lambda: original(matmul).promote("C", at="k").parallel("k"),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal(name):
    golden(GOLDEN / f"{name}.txt", refused(ILLEGAL[name]))


WRONG = """
copy.interchange("i", "k")
copy.interchange("i", "i")
copy.interchange(1, "j")
copy.permute("i")
copy.reverse("x.i")
copy.skew("i", by="j")
copy.skew("j", by="j")
copy.skew("j", by="i", factor=1.5)
copy.tile({})
copy.tile({"i": 0})
copy.tile({"i": 2.0})
copy.tile({"i": True})
copy.tile({"i": 2}, names={"j": "rows"})
copy.tile({"i": 2}, names={"i": "2rows"})
copy.tile({"k": 2})
copy.tile(3)
copy.tile({"i": 2**70})
copy.tile({"i": 2}, names={"i": "j"})
copy.tile({"i": 2}, names={"i": "S1"})
copy.tile({"i": 2, "j": 2}, names={"i": "x", "j": "x"})
copy.strip_mine("i", -1)
copy.strip_mine("i", 4, name="for")
copy.strip_mine("i", 4, name="")
copy.wavefront("j", "i")
copy.vectorize("j", 0)
copy.vectorize("j", True)
copy.unroll("j", 0)
copy.unroll("j", "all")
copy.unroll("j", 10**7)
copy.vectorize("j", 10**7)
copy.skew("j", by="i", factor=2**70)
copy.separate()
copy.separate("i")
copy.tile({"i": 2, "j": 2}).separate("i", inside="j")
copy.tile({"i": 2, "j": 2}).separate("i", inside="k")
copy.split("i", at="k")
copy.split("i", at="i")
copy.split("i", at="N * M")
copy.promote("X", at="i")
copy.promote("A", at="i")
copy.privatize("A")
copy.rename("A")
copy.fuse("i", "j")
copy.distribute("i", before="S1")
copy.distribute("i", before="S2")
copy.shift("S2", "i", 1)
copy.shift("S1", "i", 1.0)
copy.shift("S1", "i", 2**70)
copy.shift("S1", "i", "N")
two_loops.parallel("i")
two_loops.shift("S1", "S2.i", 1)
two_loops.interchange("S1.i", "S2.i")
two_loops.fuse("S2.i", "S1.i")
two_loops.distribute("S1.i", before="S2")
two_statements.strip_mine("i", 2).separate("i").fuse("i", "i_edge")
time_steps.interchange("t", "S1.i")
time_steps.wavefront("t", "S1.i")
scaled.privatize("t", at="k")
scaled.privatize("t").privatize("t")
scaled.privatize("t").rename("t")
scaled.rename("t")
matmul.promote("A", at="j")
matmul.promote("C", at="k").promote("C", at="k")
matmul.promote("C", at="k").tile({"i": 2}).parallel("k")
copy.restructure("i = [S1: i]\\n  S1")
copy.restructure(3)
copy.apply(3)
copy.apply(lambda s: 4)
copy.restructure("S1")
copy.restructure("c = [S1: i + j]\\n  S1")
copy.restructure("i = [S1: i]\\n  i = [S1: j]\\n    S1")
copy.restructure("i = [S1: i]\\n  j = [S1: k]\\n    S1")
copy.restructure("i = [S1: i * j]\\n  S1")
copy.restructure("i = [S1]\\n  S1")
copy.restructure("i = [S1: i]")
copy.restructure("i = [S2: i]\\n  S1")
copy.restructure("S1\\nS1")
copy.restructure("S3")
copy.restructure("")
copy.restructure("  S1\\nS1")
copy.restructure("i = [S1: i]\\n  j = [S1: j]   quick\\n    S1")
copy.restructure("mark promote A\\n  S1")
two_loops.restructure("S1")
copy.reverse(None)
copy.permute()
copy.permute("i", "j", "i")
copy.skew("j", by=None)
copy.shift("S1", 3, 1)
copy.shift(3, "i", 1)
copy.distribute("i", before=3)
copy.tile({1: 2})
copy.tile({"i": 2}, names=["i"])
copy.split("k", at=1)
copy.split("i", at=None)
copy.split("i", at="N // 0")
copy.peel("k")
copy.peel("i", front=-1)
copy.peel("i", back=10**6)
copy.peel("i", front=0, back=0)
copy.unroll_and_jam("k", 4)
copy.unroll_and_jam("i", 1)
copy.unroll_and_jam("i", "4")
copy.map_to_grid()
copy.map_to_grid(groups="i")
copy.map_to_grid(groups=("i", "k"))
copy.map_to_grid(groups=("i", "i"))
copy.map_to_grid(groups=("j", "i"))
copy.map_to_grid(groups=("j",), items=("i",))
copy.tile({"i": 2, "j": 2}).tile({"i": 2}).map_to_grid(groups=("i_tile", "j_tile", "i_tile2", "i"))
time_steps.map_to_grid(groups=("t", "S1.i"))
copy.wavefront("i", "i")
copy.parallel("")
copy.parallel("S1.")
copy.parallel(["i"])
copy.promote("A", at="k")
copy.separate("i", "i")
copy.tile({"i": 2}).separate("i_tile")
two_loops.strip_mine("S1.i", 2).strip_mine("S2.i", 2).separate("S1.i", "S2.i")
time_steps.permute("t", "S1.i")
time_steps.tile({"t": 2, "S1.i": 2})
time_steps.skew("t", by="S1.i")
time_steps.fuse("t", "S1.i")
time_steps.unroll("i")
two_statements.shift("S1", "j", 1)
sums.promote("s", at="i")
matmul.promote("C", at="k").interchange("j", "k")
copy.restructure("i = [S1: i]\\n  j = [S1: j]   vector 0\\n    S1")
copy.restructure("i = [S1: i]\\n  j = [S1: j]   unroll 100000\\n    S1")
copy.restructure("i = [S1: i]\\n  3 = [S1: j]\\n    S1")
copy.restructure("for = [S1: i]\\n  j = [S1: j]\\n    S1")
copy.restructure("S1 = [S1: i]\\n  j = [S1: j]\\n    S1")
copy.restructure("i = [S1: i, S1: j]\\n  j = [S1: j]\\n    S1")
copy.restructure("i = [S1 S2: i]\\n  j = [S1: j]\\n    S1")
copy.restructure("i = [S1: i]\\n  j = [S1: j]\\n    S1 S1")
copy.restructure("i = [S1: i]\\n    j = [S1: j]\\n      S1\\n   S1")
guarded_store.privatize("A")
kept_value.privatize("t")
copy.pipeline("i", "i")
copy.pipeline("j", "i")
copy.pipeline("i", None)
time_steps.pipeline("t", "S1.i")
copy.region()
copy.region("i", "i")
two_loops.region("S1.i", "S2.i")
two_loops.parallel("S1.i").parallel("S2.i").region("S2.i", "S1.i")
copy.diamond("i", "j", size=0)
copy.diamond("j", "i")
copy.diamond("i", "j", inner=3)
time_steps.diamond("t", "S1.i", inner={"k": 2})
copy.pack("X", at="i")
copy.pack(3, at="i")
copy.pack("A", at=None)
copy.pack("A", at="i")
copy.tile({"j": 4}).pack("A", at="j_tile", order=3)
copy.tile({"j": 4}).pack("A", at="j_tile", order="ji")
copy.tile({"j": 4}).pack("A", at="j_tile", order=("i", "i"))
copy.tile({"j": 4}).pack("A", at="j_tile", panel={"k": 3})
copy.tile({"j": 4}).pack("A", at="j_tile", panel={"j": 0})
copy.tile({"j": 4}).pack("A", at="j_tile", panel=3)
copy.tile({"i": 2, "j": 4}).pack("A[j, i]", at="j_tile")
copy.tile({"i": 2, "j": 4}).pack("B", at="j_tile")
copy.tile({"i": 2, "j": 4}).pack("A", at="j_tile").vectorize("i_tile")
copy.tile({"i": 2, "j": 4}).pack("A", at="j_tile").interchange("j_tile", "i")
copy.tile({"i": 2**15, "j": 2**15}).pack("A", at="j_tile")
matmul.tile({"i": 2, "j": 4, "k": 4}).pack("C", at="k_tile")
"""


def test_what_makes_no_sense():
    """Every mistake and its message."""
    lines = []
    for line in WRONG.strip().splitlines():
        kernel, _, steps = line.partition(".")
        start = original(getattr(kernels_here, kernel))
        try:
            eval(f"start.{steps}", {"start": start})
        except po.PolyoptError as refusal:
            lines.append(f"{line}\n    {type(refusal).__name__}: {refusal}\n")
        else:
            lines.append(f"{line}\n    accepted\n")
    assert not [line for line in lines if "accepted" in line]
    golden(GOLDEN / "mistakes.txt", "\n".join(lines))


def test_violations_are_data():
    with pytest.raises(po.IllegalScheduleError) as refusal:
        original(smooth).interchange("i", "j")
    violation = refusal.value.violations[0]
    assert (violation.kind, violation.array, violation.element) == ("flow", "A", (1, 1))
    assert (violation.source, violation.source_instance) == ("S1", (("i", 1), ("j", 1)))
    assert (violation.sink, violation.sink_instance) == ("S1", (("i", 2), ("j", 0)))
    assert violation.distance == {"i": 1, "j": -1}
    assert violation.parameters == (("N", 3),)
    assert violation.source_location.text.strip() == "A[i, j] = A[i - 1, j + 1] + A[i, j]"


def test_errors_are_also_what_python_calls_them():
    with pytest.raises(LookupError):
        original(copy).parallel("k")
    with pytest.raises(ValueError, match="the size of"):
        original(copy).strip_mine("i", 0)
