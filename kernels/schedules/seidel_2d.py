"""seidel-2d: a pipeline of tiles over time; inside, eight rows lag one another in registers."""

from __future__ import annotations

from polyopt import Schedule


def schedule(s: Schedule) -> Schedule:
    """pipeline for t_tile: for i_tile: for j_tile: for t: for i_rows: for j: 8 rows i unrolled

    Every point needs its four neighbours before it from the same sweep, so nothing is parallel as
    it stands. Skewed twice, all distances are forward: a thread runs a block of time steps, and
    follows the thread of the block before from one block of rows to the next. Of eight rows, each
    two columns behind the one above, the points at one j are independent: the processor overlaps
    their divisions.
    """
    s = s.skew("i", by="t").skew("j", by="i", factor=2).skew("j", by="t")
    s = s.tile({"t": 16, "i": 32, "j": 1024}).pipeline("t_tile", "i_tile")
    s = s.strip_mine("i", 8, name="i_rows").permute("i_rows", "j", "i")
    return s.separate("i", inside="j").unroll("i").vectorize("i_edge")
