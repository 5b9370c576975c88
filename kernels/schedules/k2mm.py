"""2mm: both products in one loop over blocks of rows: tmp is used while it is in cache."""

from __future__ import annotations

from polyopt import Schedule
from polyopt.machine import detect

from .gemm import COLUMNS, DEPTH, ROWS, register_tile


def schedule(s: Schedule) -> Schedule:
    """parallel for i_block: tmp = 0; tmp += alpha A B; D *= beta; D += tmp C

    192 rows of tmp of up to 1000 columns are 1.5 MB: the second product finds them in the caches.
    Each thread packs panels of B and C of its own, one copy for 192 multiplications.
    """
    s = s.fuse("S1.i", "S3.i").strip_mine("S1.i", ROWS, name="i_block").parallel("i_block")
    s = s.distribute("i", before="S3").distribute("S1.i", before="S2")
    s = s.distribute("S3.i", before="S4").vectorize("S1.j").vectorize("S3.j")
    return _product(_product(s, "S2", "tmp", "A", "B"), "S4", "D", "tmp", "C")


def _product(s: Schedule, name: str, target: str, left: str, right: str) -> Schedule:
    """One product in panels and register tiles, as in gemm, within its block of rows."""
    tile = register_tile(detect())
    i, j, k = (f"{name}.{loop}" for loop in "ijk")
    i_tile, j_tile, j_block, k_block = (
        f"{loop}_{name}" for loop in ("i_tile", "j_tile", "j_block", "k_block")
    )
    s = s.tile({j: COLUMNS, k: DEPTH}, names={j: j_block, k: k_block})
    s = s.tile({i: tile.rows, j: tile.columns}, names={i: i_tile, j: j_tile})
    s = s.permute(j_block, k_block, j_tile, i_tile, k, i, j)
    s = s.promote(target, at=k).unroll(i).vectorize(j, tile.lanes)
    s = s.pack(right, at=k_block, order=(j, k), panel={j: tile.columns}, pad=True)
    return s.pack(left, at=k_block, order=(i, k), panel={i: tile.rows}, pad=True)
