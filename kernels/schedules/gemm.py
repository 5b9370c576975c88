"""gemm: packed panels and a register tile, as Goto and van de Geijn (TOMS 2008)."""

from __future__ import annotations

from dataclasses import dataclass

from polyopt import Schedule
from polyopt.machine import Machine, detect

COLUMNS = 3072
DEPTH = 256
ROWS = 192


@dataclass(frozen=True)
class RegisterTile:
    """Accumulators that fill the vector registers: `rows` times some vectors of `lanes` columns."""

    rows: int
    columns: int
    lanes: int


def register_tile(machine: Machine, bits: int = 64) -> RegisterTile:
    """8 rows of 3 vectors in 32 registers of 512 bits, 6 rows of 2 vectors in 16 narrower ones."""
    lanes = max(2, machine.vector_bits // bits)
    if machine.vector_bits >= 512:
        return RegisterTile(8, 3 * lanes, lanes)
    return RegisterTile(6, 2 * lanes, lanes)


def schedule(s: Schedule) -> Schedule:
    """C scaled; then panels of B, 256 by 3072, in the last cache, blocks of A, 192 by 256, in the
    second level of each thread's core, and 8 by 24 elements of C in its registers.

    Partial tiles run as whole ones, since panels are padded and what is beyond C is not stored.
    """
    tile = register_tile(detect())
    s = s.distribute("i", before="S2").parallel("S1.i").vectorize("S1.j")
    s = s.tile({"S2.i": ROWS, "k": DEPTH, "S2.j": COLUMNS}, names=_BLOCKS)
    s = s.tile({"S2.i": tile.rows, "S2.j": tile.columns}, names=_TILES)
    order = ("j_block", "k_block", "i_block", "j_tile", "i_tile", "k", "S2.i", "S2.j")
    s = s.permute(*order).parallel("i_block")
    s = s.promote("C", at="k").unroll("S2.i").vectorize("S2.j", tile.lanes)
    panel = {"S2.j": tile.columns}
    s = s.pack("B", at="k_block", order=("S2.j", "k"), panel=panel, pad=True)
    return s.pack("A", at="i_block", panel={"S2.i": tile.rows}, pad=True)


_BLOCKS = {"S2.i": "i_block", "k": "k_block", "S2.j": "j_block"}
_TILES = {"S2.i": "i_tile", "S2.j": "j_tile"}
