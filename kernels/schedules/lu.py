"""lu: tiles from the left, each of them in one go, threads a row of tiles apart."""

from __future__ import annotations

from polyopt import Schedule

_TILES = """
i_tile = [S1 S2 S3: i//64]
  j_tile = [S1 S2 S3: j//256]
    k_tile = [S1 S3: k//64, S2: j//64]
      k = [S1 S3: k, S2: j]
        i = [S1 S2 S3: i]
          S2
          j = [S1 S3: j]
            S1
            S3
"""


def schedule(s: Schedule) -> Schedule:
    """All updates of a tile while it is in the cache (Pluto's tiles of lu), the division at its
    place among them, and the update's innermost loop in vectors along the lines of A.

    A row of tiles follows the one above it tile by tile, so that threads need not wait for whole
    rows.
    """
    return s.restructure(_TILES).pipeline("i_tile", "j_tile").vectorize("j")
