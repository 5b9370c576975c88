"""Many small programs beside plain Python: every bit under strict, up to rounding otherwise."""

import numpy as np
import pytest
from harness import always_parallel, compiled, mismatch
from programs import PROGRAMS

import polyopt as po
import polyopt.pipeline

SIZES = (0, 1, 2, 9, 17)
CASES = [(name, ("strict", "reassociate")[k % 2]) for k, name in enumerate(PROGRAMS)]


@pytest.fixture(autouse=True)
def _threads_everywhere(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(polyopt.pipeline, "print_c", always_parallel)


@pytest.mark.parametrize(("name", "fp"), CASES)
def test_program_computes_what_python_computes(name, fp):
    kernel = compiled(name, fp=fp, threads=2)
    for size in SIZES:
        assert mismatch(name, kernel, size) == ""


HAND_WRITTEN = {
    "sor": lambda s: s.skew("j", by="i").interchange("i", "j"),
    "smith_waterman": lambda s: (
        s.privatize("score").tile({"i": 4, "j": 8}).wavefront("i_tile", "j_tile")
    ),
    "integral_image": lambda s: s.skew("j", by="i").tile({"i": 3, "j": 5}),
    "product_jki": lambda s: (
        s.permute("i", "k", "j")
        .parallel("i")
        .tile({"i": 4, "j": 8, "k": 3})
        .permute("i", "j", "k")
        .vectorize("j")
    ),
    "restriction": lambda s: s.vectorize("j").tile({"i": 3, "j": 5}).separate("i", "j"),
    "convolution": lambda s: (
        s.privatize("acc").parallel("y").tile({"y": 4, "x": 4}).separate("y", "x")
    ),
    "transpose_in_place": lambda s: s.privatize("t").parallel("i").tile({"i": 3, "j": 2}),
    "argmin": lambda s: s.privatize("best").privatize("_cond").parallel("i").strip_mine("j", 3),
    "backwards": lambda s: s.reverse("S1.i").vectorize("S1.i", 3).strip_mine("S1.i", 7),
}


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_program_in_an_order_written_by_hand(name):
    kernel = compiled(name, fp="strict", threads=2, schedule=HAND_WRITTEN[name])
    spec = kernel.specialize(*PROGRAMS[name][1](9, np.random.default_rng(0)))
    scope = {"spec": spec}
    exec(spec.schedule.script, scope)
    assert scope["s"] == spec.schedule
    for size in SIZES:
        assert mismatch(name, kernel, size) == ""


@po.kernel
def sums(A, rows, columns, total):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            rows[i] += A[i, j]
            columns[j] += A[i, j] * 0.1
            total[0] += A[i, j] * A[i, j]


@pytest.mark.parametrize("size", [10, 300])
def test_sums_do_not_depend_on_the_number_of_threads(size):
    data = np.random.default_rng(1).random((size, size + 3))
    found = set()
    for threads in (1, 2, 5):
        results = [np.zeros(size), np.zeros(size + 3), np.zeros(1)]
        sums.with_options(threads=threads)(data, *results)
        found.add(b"".join(r.tobytes() for r in results))
    assert len(found) == 1


@po.kernel
def names_of_underscores(_1, __2, _):
    for _3 in range(_):
        for __ in range(2):
            _1[_3, __] += __2


def test_names_of_underscores_and_digits():
    data = np.zeros((3, 2))
    names_of_underscores(data, 2.0, 3)
    assert (data == 2.0).all()
