"""Ways out that a refusal prints: one of each kind, and that each is legal as printed."""

from __future__ import annotations

import pytest
from kernels_here import scaled, smooth, two_loops
from run_schedule import original, same_as_python, small

import polyopt as po
from polyopt.transform.schedule import Schedule

VECTOR, MATRIX = po.f64[...], po.f64[..., ...]


def first_holds(A: VECTOR):
    n = A.shape[0]
    for i in range(n):
        A[i] = A[i] + A[0]


def last_holds(A: VECTOR):
    n = 16
    for i in range(n):
        A[i] = A[i] + A[15]


def recurrence_beside(A: VECTOR, B: VECTOR):
    n = A.shape[0]
    for i in range(1, n):
        A[i] = A[i - 1] + B[i]
        B[i] = B[i] * 2.0


def forward_pair(A: VECTOR, B: VECTOR):
    n = A.shape[0]
    for i in range(1, n):
        A[i] = B[i] + 1.0
        B[i] = A[i - 1] * 2.0


def diagonal(A: MATRIX):
    n, m = A.shape
    for i in range(1, n):
        for j in range(1, m):
            A[i, j] = A[i - 1, j - 1] * 0.5


def late(A: VECTOR, B: VECTOR):
    n = A.shape[0]
    for i in range(n):
        A[i] = A[i] + 1.0
    for i in range(n - 1):
        B[i] = A[i + 1] * 2.0


def ways(refused: po.IllegalScheduleError) -> list[str]:
    """The scripts under "legal, tried for you"."""
    lines = str(refused).partition("  legal, tried for you:\n")[2].splitlines()
    return [line.strip() for line in lines if line.startswith("    s.")]


def refusal(step) -> po.IllegalScheduleError:
    with pytest.raises(po.IllegalScheduleError) as caught:
        step()
    return caught.value


FOUND = {
    "skew": (
        smooth, lambda s: s.tile({"i": 2, "j": 2}), (small(6, 6),),
        's.skew("j", by="i", factor=1).tile({"i": 2, "j": 2})',
    ),
    "privatize": (
        scaled, lambda s: s.parallel("i"), (small(6), small(6)),
        's.privatize("t").parallel("i")',
    ),
    "shift": (
        late, lambda s: s.fuse("S1.i", "S2.i"), (small(7), small(7)),
        's.shift("S2", "S2.i", 1).fuse("S1.i", "S2.i")',
    ),
    "split": (
        first_holds, lambda s: s.parallel("i"), (small(6),),
        's.split("i", at="1").parallel("i2")',
    ),
    "fission": (
        forward_pair, lambda s: s.parallel("i"), (small(6), small(6)),
        's.distribute("i", before="S2").parallel("S1.i").parallel("S2.i")',
    ),
    "interchange": (
        diagonal, lambda s: s.parallel("i"), (small(5, 6),),
        's.interchange("i", "j").parallel("i")',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_ways_are_found_and_legal_as_printed(name: str) -> None:
    function, step, arguments, expected = FOUND[name]
    start = original(function, *arguments)
    found = ways(refusal(lambda: step(start)))
    assert expected in found
    for way in found:
        made = po.Script.parse(f"s = spec.original\ns = {way}")(start)
        same_as_python(made, function, *arguments)


def test_a_kernel_whose_last_iteration_is_in_the_way() -> None:
    start = original(last_holds, small(16))
    found = ways(refusal(lambda: start.parallel("i")))
    assert found
    for way in found:
        same_as_python(
            po.Script.parse(f"s = spec.original\ns = {way}")(start), last_holds, small(16)
        )


def test_where_nothing_helps_nothing_is_promised() -> None:
    start = original(recurrence_beside, small(6), small(6))
    assert not ways(refusal(lambda: start.reverse("i")))


def test_a_reduction_says_which_mode_allows_it() -> None:
    def total(A: VECTOR, s: VECTOR):
        n = A.shape[0]
        for i in range(n):
            s[0] += A[i]

    text = str(refusal(lambda: original(total, fp="strict").reverse("i")))
    assert 'fp="reassociate" lets this reduction be reordered' in text


def test_a_search_does_not_search_within_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    original_then = Schedule.judged

    def counted(self: Schedule, *args: object) -> object:
        calls.append(self.steps[-1].name if self.steps else "")
        return original_then(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Schedule, "judged", counted)
    refusal(lambda: original(two_loops).shift("S1", "S1.i", 1).fuse("S1.i", "S2.i"))
    assert len(calls) < 60
