"""The automatic scheduler, top to bottom.

Scalars are privatised. Loops whose range is read from data are marked only. Of other kernels, each
top-level nest with a contraction gets register and cache tiles, parted from other statements where
it has to be, in blocks where it contracts its own results; sums along what they read run side by
side, and iterations that update elements of their own in lanes that read packed rows; any other
nest gets the structure (as written, distributed, a parallel loop sunk, isl's orders, or tiles in a
pipeline) and the loop orders with the least estimated cost; sweeps over time get diamond tiles.
Neighbours that share data are fused, loops that single iterations hold up are split, rows around a
recurrence lagged, and loops are marked last: threads, partial results of a nest that is one sum,
vectors. Every decision is a public step, tried on the schedule and dropped where it is refused.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from polyopt.machine import Machine, detect
from polyopt.transform.auto.apart import contract_apart
from polyopt.transform.auto.column_sums import tile_column_sums
from polyopt.transform.auto.context import Search
from polyopt.transform.auto.factors import block_factors
from polyopt.transform.auto.fusing import fuse_neighbours
from polyopt.transform.auto.in_lanes import rows_in_lanes
from polyopt.transform.auto.lagging import lag_recurrences
from polyopt.transform.auto.marks import mark_loops
from polyopt.transform.auto.pivots import split_at_pivots
from polyopt.transform.auto.private_tiles import tile_private_sums
from polyopt.transform.auto.structure import components, improve_component
from polyopt.transform.auto.temporaries import privatize_temporaries
from polyopt.transform.auto.tiles import tile_contractions
from polyopt.transform.parts import by_nests
from polyopt.transform.schedule import Schedule


def auto(
    schedule: Schedule,
    *,
    machine: Machine | None = None,
    threads: int | None = None,
    packs: bool = True,
    jams: bool = False,
    panels: bool | None = None,
) -> Schedule:
    """The schedule that is expected to run fastest, as steps after those of `schedule`.

    `machine` is this one unless given; `threads` its cores; `packs`: threads may have
    arrays of their own, and wait for one another; `panels`: operands may be packed, as `packs`
    where not given; `jams`: sums of rows are jammed here, not by a compiler.
    The result depends on nothing else: no clock and no measurement decides.
    """
    facts = machine or detect()
    search = Search(facts, threads or facts.cores, packs, jams, packs if panels is None else panels)
    was_brief, schedule = schedule.brief, replace(schedule, brief=True)
    schedule = privatize_temporaries(schedule, arrays=packs)
    if schedule.scop.bounds:  # ranges read from data stay inside the loops that decide them
        return replace(mark_loops(search, schedule), brief=was_brief)
    schedule = by_nests(schedule, partial(_arranged, search))
    schedule = fuse_neighbours(search, schedule)
    schedule = by_nests(schedule, split_at_pivots)
    schedule = by_nests(schedule, partial(lag_recurrences, search))
    return replace(mark_loops(search, schedule), brief=was_brief)


def _arranged(search: Search, nest: Schedule) -> Schedule:
    """The tiles, or the structure and the loop orders, of one top-level nest."""
    for statements in components(nest):
        inside = frozenset(statements)
        tiled = tile_contractions(search, nest, inside)
        tiled = contract_apart(search, nest, tiled, inside) or tiled
        tiled = tile_private_sums(search, tiled, inside)
        if tiled is nest:
            tiled = block_factors(search, nest, inside) or nest
        tiled = tile_column_sums(search, tiled, inside, private=True)
        if tiled is nest:
            tiled = improve_component(search, nest, statements)
            tiled = tile_contractions(search, tiled, inside)
            tiled = tile_column_sums(search, tiled, inside, private=False)
            tiled = rows_in_lanes(search, nest, tiled, inside) or tiled
        nest = tiled
    return nest
