"""Writes that hide older ones although it depends on data whether they run."""

from __future__ import annotations

import islpy as isl
import numpy as np
import pytest

import polyopt as po

VECTOR, INDEX = po.f64[...], po.i64[...]


def crosses(function, array, *types):
    """Whether a value of an array flows from one iteration of the outermost loop to another."""
    for d in po.kernel(function).specialize(*types).dependences.of_kind("flow"):
        sides = (isl.dim_type.in_, isl.dim_type.out)
        if d.array == array and all(d.relation.dim(side) for side in sides):
            same = d.relation.equate(isl.dim_type.in_, 0, isl.dim_type.out, 0)
            if not d.relation.subtract(same).is_empty():
                return True
    return False


# ---- hidden ------------------------------------------------------------------------------------


def under_a_flag(a, out):
    t = 0.0
    for i in range(len(a)):
        go = a[i] > 0.5
        if go:
            t = a[i] * 2.0
            out[i] = t


def in_a_deeper_loop(a, out):
    t = 0.0
    for i in range(len(a)):
        if a[i] > 0.5:
            t = a[i] * 2.0
            for j in range(3):
                out[i] += t * j


def under_more_conditions(a, out):
    t = 0.0
    for i in range(len(a)):
        go = a[i] > 0.5
        far = a[i] < 0.75
        if go:
            t = a[i] * 2.0
            if far:
                out[i] = t


def after_a_break(a, out):
    new = 0.0
    for i in range(len(a)):
        x = a[i]
        for _ in range(9):
            if x > 4.0:
                break
            new = x * x + a[i]
            x = new
        out[i] = x


def in_loops_over_data(a, out, ptr):
    t = 0.0
    for i in range(len(ptr) - 1):
        for k in range(ptr[i], ptr[i + 1]):
            if a[k] > 0.5:
                t = a[k]
                out[i] += t


# ---- not hidden --------------------------------------------------------------------------------


def the_guard_changes(a, out):
    t = 0.0
    go = False
    for i in range(len(a)):
        if go:
            t = a[i]
        go = a[i] > 0.5
        if go:
            out[i] = t


def the_sink_s_loop_changes_the_guard(a, out):
    t = 0.0
    go = False
    for i in range(len(a)):
        go = a[i] > 0.5
        if go:
            t = a[i]
        for _ in range(2):
            if go:
                out[i] += t
            go = not go


def an_element_of_the_guard_changes(a, out):
    t = 0.0
    for i in range(1, len(a) - 1):
        if a[i] > 0.5:
            t = a[i]
        a[i - 1 + i % 2] = 0.75
        if a[i] > 0.5:
            out[i] = t


def the_write_changes_its_guard(a, out):
    t = 0.75
    for i in range(len(a)):
        if t > 0.5:
            t = a[i]
        if t > 0.5:
            out[i] = t


def read_after_the_branch(a, out):
    t = 0.0
    for i in range(len(a)):
        go = a[i] > 0.5
        if go:
            t = a[i]
        out[i] = t


def read_on_the_other_side(a, out):
    t = 0.0
    for i in range(len(a)):
        go = a[i] > 0.5
        if go:
            t = a[i]
        else:
            out[i] = t


def read_after_the_loop_that_breaks(a, out):
    new = 0.0
    for i in range(len(a)):
        x = a[i]
        for _ in range(9):
            if x > 0.5:
                break
            new = x * x + a[i]
            x = new + 0.25
        out[i] = new


def read_before_it_is_written(a, out):
    t = 0.0
    for i in range(len(a)):
        go = a[i] > 0.5
        if go:
            out[i] = t
            t = a[i]


def another_flag_alone(a, out):
    t = 0.0
    for i in range(len(a)):
        go = a[i] > 0.5
        far = a[i] < 0.75
        if go and far:
            t = a[i]
        if go:
            out[i] = t


def another_element(a, out):
    for i in range(1, len(a)):
        go = a[i] > 0.5
        if go:
            a[i] = 0.75
            out[i] = a[i] + a[i - 1]


def a_guard_reads_it(a, out):
    t = 0.0
    for i in range(len(a)):
        go = a[i] > 0.5
        if go:
            t = a[i]
        if t > 0.5 and go:
            out[i] = 1.0


def a_sum_that_may_be_contracted(a, out):
    t = 0.0
    for i in range(1, len(a)):
        if a[i] * a[i - 1] + 0.25 > 0.5:
            t = a[i]
            out[i] = t


HIDDEN = [under_a_flag, in_a_deeper_loop, under_more_conditions, after_a_break, in_loops_over_data]
CARRIED = [
    the_guard_changes, the_sink_s_loop_changes_the_guard, the_write_changes_its_guard,
    read_after_the_branch, read_on_the_other_side, read_after_the_loop_that_breaks,
    read_before_it_is_written, another_flag_alone, a_guard_reads_it, a_sum_that_may_be_contracted,
    an_element_of_the_guard_changes,
]  # fmt: skip


def arguments(function):
    ptr = np.array([0, 2, 2, 5, 8, 12])
    rng = np.random.default_rng(1)
    arrays = rng.random(12), np.zeros(12)
    return (*arrays, ptr) if function is in_loops_over_data else arrays


def agrees(function):
    kernel = po.kernel(fp="strict", threads=2)(function)
    expected, got = arguments(function), arguments(function)
    function(*expected)
    kernel(*got)
    return all(np.array_equal(a, b) for a, b in zip(expected, got, strict=True))


@pytest.mark.parametrize("function", HIDDEN)
def test_what_runs_under_the_write_s_own_guard_reads_no_older_value(function):
    types = (VECTOR, VECTOR, INDEX) if function is in_loops_over_data else (VECTOR, VECTOR)
    name = "new" if function is after_a_break else "t"
    assert not crosses(function, name, *types)
    assert agrees(function)


@pytest.mark.parametrize("function", CARRIED)
def test_what_may_run_without_the_write_may_read_an_older_value(function):
    name = "new" if function is read_after_the_loop_that_breaks else "t"
    assert crosses(function, name, VECTOR, VECTOR)
    assert agrees(function)


def test_a_write_under_a_guard_hides_no_other_element():
    assert crosses(another_element, "a", VECTOR, VECTOR)
    assert agrees(another_element)


def test_a_loop_that_breaks_leaves_the_one_around_it_parallel():
    report = str(po.kernel(after_a_break).specialize(VECTOR, VECTOR).schedule.script)
    assert any(f's.parallel("{loop}")' in report for loop in ("i", "i_tile"))


def test_a_write_in_a_loop_over_data_hides_no_other_element():
    def next_to_it(ptr, a, t, out):
        for i in range(len(ptr) - 1):
            for k in range(ptr[i], ptr[i + 1]):
                t[i + 1] = a[k]
                out[k] = t[i + 1] + t[i]

    def anywhere(ptr, a, t, out, place):
        for i in range(len(ptr) - 1):
            for k in range(ptr[i], ptr[i + 1]):
                t[0] = a[k]
                out[k] = t[place[k]]
                t[1 + i] = 2.0 * a[k]

    assert crosses(next_to_it, "t", INDEX, VECTOR, VECTOR, VECTOR)
    assert crosses(anywhere, "t", INDEX, VECTOR, VECTOR, VECTOR, INDEX)
