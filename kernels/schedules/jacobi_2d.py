"""jacobi-2d: diamond tiles in time and rows, all of a front at once; vectors along the columns."""

from __future__ import annotations

from polyopt import Schedule


def schedule(s: Schedule) -> Schedule:
    """for t_tile: parallel for i_tile: for j_tile: for t: for i: vectors of j

    A tile of 64 half steps by 64 rows at most and 512 columns of two arrays of doubles has 512 KB:
    it stays in a core's second-level cache over 32 time steps.
    """
    s = s.diamond("t", "i", size=64, inner={"j": 512})
    return s.vectorize("S1.j").vectorize("S2.j")
