"""`while`, `break` and `return` in loops: flags, and loops that end with them."""

import textwrap

import numpy as np
import pytest
from parsing import define

import polyopt as po

OPTIONS = {"fp": "strict", "cache": False, "target": "c", "schedule": "source"}


@po.kernel(**OPTIONS)
def position(v, x):
    for i in range(len(v)):
        if v[i] > x:
            return i
    return -1


def kernel_of(body, **options):
    text = "def f(v, x):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return po.kernel(**OPTIONS | options)(define(text + "\n", position=position))


BODIES = {
    "return from a loop": """
        for i in range(len(v)):
            if v[i] > x:
                return i, v[i]
        return -1, 0.0
    """,
    "return nothing from a loop": """
        if len(v) > 2:
            for j in range(len(v)):
                if v[j] > x:
                    return
            v[0] = 5
        v[1] = 7
    """,
    "return from two loops": """
        for i in range(len(v)):
            for j in range(len(v)):
                if i + j == 7:
                    break
                if v[j] > x:
                    return i, (j, v[j])
                v[j] += 0.25
            v[i] += 1
        return 0, (0, x)
    """,
    "break": """
        s = 0.0
        for i in range(len(v)):
            if v[i] > x:
                break
            s += v[i]
            v[i] = 0.0
        return s
    """,
    "break of a loop that runs down": """
        for i in range(len(v) - 1, -1, -2):
            v[i] += 1
            if v[i] > x + 1:
                break
    """,
    "break under else, then more": """
        for i in range(3):
            for j in range(len(v)):
                if v[j] > x:
                    v[i] += 0.5
                    break
                else:
                    v[j] += 0.25
                v[j] *= 1.5
            if v[0] > 2:
                break
            for j in range(2):
                v[j] -= x
    """,
    "break and continue": """
        for i in range(len(v)):
            if v[i] < 0.1:
                continue
            v[i] *= 3
            if v[i] > x:
                break
            elif v[i] > 0.5:
                continue
            v[i] = -1
        v[0] += 1
    """,
    "break in a label": """
        for i in range(len(v)):
            with po.label("search"):
                if v[i] > x:
                    break
                v[i] = 3.0
    """,
    "break at once": """
        for i in range(len(v)):
            v[i] = 1.0
            break
    """,
    "while": """
        n = 0
        while v[0] < x:
            v[0] = v[0] * 2 + 0.1
            n += 1
        return n
    """,
    "while around loops": """
        it = 0
        err = 1.0
        while err > 1e-3 and it < 20:
            err = 0.0
            for i in range(1, len(v) - 1):
                old = v[i]
                v[i] = (v[i - 1] + v[i + 1]) / 2
                err += abs(old - v[i])
            it += 1
        return it, err
    """,
    "while True": """
        k = 0
        while True:
            k += 1
            if k > 5:
                break
            if v[k % 3] > x:
                continue
            v[k % 3] += 0.3
        return k
    """,
    "while in while, returned from": """
        while v[0] < x:
            while v[1] < v[0]:
                v[1] += 0.1
            v[0] += 0.3
            if v[1] > 1:
                return -1.0
        return v[1]
    """,
    "while under a condition on data": """
        if v[0] > 0.5:
            v[2] = 0.0
            while v[2] < v[0]:
                v[2] += 0.25
        else:
            for i in range(3):
                while v[i] < x:
                    v[i] += 0.5
    """,
    "while that never runs, around another": """
        while v[0] > 100:
            while v[1] < 100:
                v[1] += 1
            v[0] = 0
    """,
    "while on sizes": """
        n = len(v)
        while n > 1:
            n = n // 2
            for i in range(3):
                v[i] += n
    """,
    "a kernel that returns from its loop": """
        k = position(v, x)
        for i in range(3):
            j = position(v, v[i])
            v[i] = j
        return k
    """,
    "one name for several loops": """
        for i in range(3):
            if v[i] > x:
                break
            v[i] = 1.0
        for i in range(3):
            if v[i] > x:
                break
            v[i] += 1.0
    """,
}


@pytest.mark.parametrize(
    ("name", "schedule"),
    [(name, "source") for name in BODIES]
    + [(name, "auto") for name in ("return from two loops", "while around loops", "break")],
)
def test_it_computes_what_python_does(name, schedule):
    kernel = kernel_of(BODIES[name], schedule=schedule)
    for x in (-1.0, 0.2, 0.5, 0.9, 1.5):
        for seed in (1, 2, 3):
            v = np.random.default_rng(seed).random(7)
            assert po.check(kernel, v, x)


def test_the_loop_ends_with_its_flag():
    source = kernel_of(BODIES["break"]).specialize(np.ones(3), 0.5).source
    assert "if (!go_)\n            break;" in source


SOLVER = """
    n = v.shape[0]
    w = np.zeros(n)
    change = x + 1.0
    while change > x:
        for i in range(1, n - 1):
            w[i] = (v[i - 1] + v[i + 1]) * 0.5
        change = 0.0
        for i in range(1, n - 1):
            change = max(change, abs(w[i] - v[i]))
            v[i] = w[i]
    return change
"""


def test_nests_inside_run_on_threads_and_in_vectors():
    kernel = kernel_of(SOLVER, target="openmp", schedule="auto", fp="reassociate")
    v = np.random.default_rng(1).random(40)
    assert po.check(kernel, v, 1e-3)
    source = kernel.specialize(v, 1e-3).source
    assert "omp simd" in source
    assert "omp parallel for" in source
    assert "break;" in source


def test_flags_of_iterations_that_run_side_by_side():
    body = """
        for i in range(len(v)):
            s = 0.0
            for j in range(20):
                s += v[i]
                if s > x:
                    break
            v[i] = s
    """
    kernel = kernel_of(body, target="openmp", schedule="auto")
    assert po.check(kernel, np.random.default_rng(1).random(40), 3.0)


def test_steps_that_change_a_while_loop_are_refused():
    spec = kernel_of(BODIES["while"]).specialize(np.ones(3), 0.5)
    (name,) = spec.original.loops
    with pytest.raises(po.IllegalScheduleError, match="is in a while loop, which stays one loop"):
        _ = spec.with_schedule(lambda s: s.strip_mine(name, 4)).source


def test_a_break_stays_right_where_its_loop_is_cut():
    spec = kernel_of(BODIES["break"]).specialize(np.ones(3), 0.5)
    cut = spec.with_schedule(lambda s: s.strip_mine("i", 2))
    for x in (0.1, 0.6, 2.0):
        v, w = (np.random.default_rng(3).random(7) for _ in range(2))
        cut(v, x)
        assert np.array_equal(v, _broken(w, x))


def _broken(v, x):
    for i in range(len(v)):
        if v[i] > x:
            break
        v[i] = 0.0
    return v


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("while v[0] > x:\n    pass\nelse:\n    v[0] = 1", "a loop of a kernel has no else"),
        (
            "for i in range(3):\n    if v[i] > x:\n        return v[i]",
            "some ways through the kernel end with",
        ),
        (
            (
                "for i in range(3):\n    if v[i] > x:\n        return v[i], 1\n    if v[i] < 0:\n"
                "        return v[i]\nreturn x"
            ),
            "return v[i] has another form than the return before",
        ),
        (
            "for i in range(3):\n    if v[i] > x:\n        return v\nreturn v",
            "a second name for the array v is not allowed",
        ),
        (
            "for i in range(3):\n    while v[i] < x:\n        t = np.zeros(i)\n        v[i] = 9",
            "the local array t is made in a loop, and its extent i changes there",
        ),
    ],
)
def test_what_is_refused(body, text):
    with pytest.raises(po.UnsupportedSyntaxError) as caught:
        kernel_of(body)(np.ones(3), 0.5)
    assert caught.value.msg.startswith(text)


def test_opencl_takes_break_and_refuses_while():
    v = np.random.default_rng(1).random(7)
    assert po.check(kernel_of(BODIES["break"], target="opencl"), v, 0.7)
    with pytest.raises(po.UnsupportedSyntaxError, match="has a while loop around this"):
        kernel_of(BODIES["while"], target="opencl")(v, 0.7)
