"""rename of the flag that ends a loop: the loop asks for the one that its statements set."""

import numpy as np
import pytest

import polyopt as po


@po.kernel(fp="strict")
def summed_twice(n, v):
    s = 0.0
    if v[0] > 0:
        for i in range(n):
            if v[i] > 5:
                return s
            s += v[i]
    c = 0
    while c < 4 and v[1] > 0:
        c += 1
        s += v[0]
    return s


@pytest.mark.parametrize("first", [1.0, -1.0])
def test_a_loop_that_stands_twice_ends_by_its_own_flag(first):
    values = 3, np.array([first, 2.0, 3.0])
    assert po.check(summed_twice, *values)
    renamed = summed_twice.with_options(schedule=lambda s: s.rename("_go_1"))
    assert po.check(renamed, *values)
    assert "_go_1_2" in {a.name for a in renamed.specialize(*values).schedule.scop.arrays}


def test_the_statements_of_a_loop_share_its_flag():
    scop = summed_twice.specialize(3, np.ones(3)).original.rename("_go_1").scop
    ended = {s.name: {e.flag for e in s.exits} for s in scop.statements if s.exits}
    assert {flag for flags in ended.values() for flag in flags} == {"_go", "_go_1", "_go_1_2"}
    assert all(len(flags) == 1 for flags in ended.values())
