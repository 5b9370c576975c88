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


def rewritten(A: po.f64[4]):
    N = 4
    for i in range(N):
        A[0] = i


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
