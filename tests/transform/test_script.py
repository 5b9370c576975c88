"""Scripts as data: printing, storing, reading back, replaying, comparing."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from golden import golden
from kernels_here import copy, matmul, scaled, smooth, time_steps
from run_schedule import original

import polyopt as po
from polyopt.model.dependences import analyse
from polyopt.transform.schedule import Schedule

GOLDEN = Path(__file__).parent / "golden"

SCRIPTS = {
    "skewed": lambda: original(smooth).skew("j", by="i").tile({"i": 4, "j": 8}).parallel("j_tile"),
    "named": lambda: original(copy).tile({"i": 4}, names={"i": "block"}).vectorize("j", width=4),
    "restructured": lambda: original(copy).restructure("a = [S1: j]\n  b = [S1: i]\n    S1"),
    "stored": lambda: original(scaled).privatize("t").parallel("i"),
    "split": lambda: original(copy).split("i", at=3).unroll("i2", factor=2),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_read_back_gives_an_equal_schedule(name: str, tmp_path: Path) -> None:
    made = SCRIPTS[name]()
    made.save(tmp_path / "script.py")
    read = po.Script.load(tmp_path / "script.py")
    assert read == po.Script.of(made)
    start = Schedule.source_order(made.origin, analyse(made.origin), made.fp)
    assert read(start) == made
    assert read.replay(start).is_complete
    assert read.replay(start).is_same_kernel
    assert po.Script.parse(made.script).steps == made.steps
    assert str(po.Script.parse(str(read))) == str(read)


def test_the_printed_script_is_python() -> None:
    spec = po.kernel(matmul).specialize()
    made = spec.schedule
    names = {"spec": spec}
    exec(made.script, names)
    assert names["s"] == made


def test_automatic_schedules_replay() -> None:
    spec = po.kernel(time_steps).specialize(5, np.zeros(9), np.zeros(9))
    script = po.Script.of(spec.schedule)
    assert po.Script.parse(str(script))(spec.original) == spec.schedule
    kernel = po.kernel(schedule=script)(time_steps)
    A, B = np.arange(9.0), np.zeros(9)
    expected = A.copy(), B.copy()
    time_steps(5, *expected)
    kernel(5, A, B)
    np.testing.assert_allclose(A, expected[0])


def before(A: po.f64[...], B: po.f64[...]):
    n = A.shape[0]
    for i in range(1, n):
        A[i] = B[i] + 1.0
        B[i] = A[i] * 2.0


def edited(A: po.f64[...], B: po.f64[...]):
    n = A.shape[0]
    for i in range(1, n):
        A[i] = B[i] + 1.0
        B[i] = A[i - 1] * 2.0


def test_replay_on_an_edited_kernel_reports_each_step() -> None:
    script = po.Script.of(original(before).strip_mine("i", 4).parallel("i_tile").unroll("i", 2))
    assert script.replay(original(before)).is_complete
    report = script.replay(original(edited))
    assert not report.is_complete
    assert not report.is_same_kernel
    assert [o.error is None for o in report.outcomes] == [True, False, True]
    assert report.schedule == original(edited).strip_mine("i", 4).unroll("i", 2)
    golden(GOLDEN / "replay.txt", str(report))


def test_layout_and_comments_do_not_change_the_fingerprint() -> None:
    def before(A: po.f64[...], B: po.f64[...]):
        # the same, written otherwise
        n = A.shape[0]
        for i in range(1, n):
            A[i] = (
                B[i]
                + 1.0
            )  # fmt: skip
            B[i] = A[i] * 2.0

    one, other = (po.Script.of(original(f)) for f in (before, globals()["before"]))
    assert one.model == other.model
    assert one.model != po.Script.of(original(edited)).model


def test_differences() -> None:
    s = original(smooth).skew("j", by="i")
    assert s.diff(s) == ""
    text = s.tile({"i": 4, "j": 8}).diff(s.tile({"i": 4, "j": 16}).parallel("j"))
    golden(GOLDEN / "difference.txt", text)
    golden(GOLDEN / "difference_kernels.txt", original(copy).diff(original(smooth)))


def test_scripts_and_replays_can_be_stored() -> None:
    script = po.Script.of(SCRIPTS["stored"]())
    assert pickle.loads(pickle.dumps(script)) == script
    made = SCRIPTS["stored"]()
    assert pickle.loads(pickle.dumps(made)).origin == made.origin


MALFORMED = {
    "not python": "s = = 3",
    "another statement": "import os",
    "another target": "t = spec.original",
    "a call of a function": "s = spec.original\ns = open('x')",
    "an attribute": "s = spec.schedule",
    "no literal": "s = spec.original\ns = s.tile({'i': n})",
    "a call inside": "s = spec.original\ns = s.tile(dict(i=3))",
    "s before it is there": "s = s.tile({'i': 3})",
    "stars": "s = spec.original\ns = s.tile(*[1])",
    "a set": "s = spec.original\ns = s.tile({1, 2})",
    "bytes": "s = spec.original\ns = s.parallel(b'i')",
    "deep": "s = " + "(" * 500,
    "null": "s = '\0'",
}


def test_malformed_scripts() -> None:
    lines = []
    for what, text in MALFORMED.items():
        with pytest.raises(po.BadArgumentError) as caught:
            po.Script.parse(text)
        lines.append(f"{what}\n    {caught.value}")
    golden(GOLDEN / "malformed_scripts.txt", "\n".join(lines))


STEPS = (
    's = spec.original.source_order("x", 2, 3)',
    "s = spec.original.apply(3)",
    "s = spec.original.judged('x')",
    "s = spec.original.__reduce__()",
    "s = spec.original.tile()",
    "s = spec.original.tile({'i': 2}, sizes={'i': 3})",
    "s = spec.original.parallel('i', **{'a': 1})",
    "s = spec.original.nothing()",
)


def test_steps_that_are_none() -> None:
    lines = []
    for text in STEPS:
        with pytest.raises(po.BadArgumentError) as caught:
            po.Script.parse(text)(original(copy))
        lines.append(f"{text}\n    {str(caught.value).partition('Steps are')[0]}")
    golden(GOLDEN / "no_steps.txt", "\n".join(lines))


def test_what_is_no_schedule_has_no_difference() -> None:
    with pytest.raises(po.BadArgumentError, match=r"^diff compares with a Schedule, and this is 3"):
        original(copy).diff(3)


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    made = original(copy).parallel("i")
    (tmp_path / "script").write_text(str(po.Script.of(made)), encoding="utf-8-sig")
    assert po.Script.load(tmp_path / "script") == po.Script.of(made)


def test_files_that_are_no_scripts(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(po.BadArgumentError, match=r"is no script: it is not text in UTF-8\.$"):
        po.Script.load(tmp_path / "binary")
    with pytest.raises(FileNotFoundError):
        po.Script.load(tmp_path / "none")
