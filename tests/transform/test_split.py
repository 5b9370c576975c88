"""Splitting where a statement is at a distance from the place."""

from __future__ import annotations

from run_schedule import original, refused, same_as_python, small

import polyopt as po


def solved(L, B):
    n, m = B.shape
    for i in range(n):
        for j in range(m):
            B[i, j] = B[i, j] + 1.0
            for k in range(i + 1, n):
                B[i, j] += L[i, k] * B[k, j]


def test_a_statement_that_stands_at_a_distance_is_whole_on_one_side() -> None:
    s = original(solved, small(4, 4), small(4, 5), fp="strict").restructure(
        """
        i_tile = [S1 S2: (i)//2]
          k_tile = [S1: (i)//2, S2: (k)//2]
            i = [S1 S2: i]
              k = [S1: i, S2: k]
                j = [S1 S2: j]
                  S1
                  S2
        """
    )
    for at in ("i_tile + 1", "i_tile", "i_tile - 1"):
        for n in (0, 1, 2, 3, 5):
            same_as_python(s.split("k_tile", at=at), solved, small(n, n), small(n, 3, seed=2))
    text = refused(lambda: s.split("i_tile", at="i // 2 + 1"), po.BadArgumentError)
    assert "moves with the loop itself" in text
