"""Reductions in partial results: several accumulators instead of one, combined in a fixed order."""

from __future__ import annotations

from dataclasses import replace

from polyopt.errors import BadArgumentError, IllegalScheduleError
from polyopt.model.tree import Tree
from polyopt.transform.array_sums import array_sums
from polyopt.transform.edit import Place, replace_member, resolve
from polyopt.transform.legality import Judge, Level
from polyopt.transform.promotion import accumulator

CHUNK = 4096
"""Iterations of one part of a parallel reduction, where the script gives no other number."""

_ARRAY_CHUNK = 8
"""The same where parts have copies of whole arrays: loops may be inside, and there are few parts.
"""

MOST_PARTIALS = 64
MOST_CHUNK = 1 << 20


def reduce(
    judge: Judge, tree: Tree, loop: str, partials: int | None, parallel: bool, chunk: int | None
) -> Tree:
    """Accumulate a loop's reductions in partial results.

    for k: s += x[k]   —reduce("k", partials=2)→      for k by 2: s0 += x[k]; s1 += x[k + 1]
                                                      s += s0; s += s1
    for k: s += x[k]   —reduce("k", parallel=True)→   parallel for c: for k in part c: p[c] += x[k]
                                                      for c: s += p[c]

    In parallel the range is cut into parts of `chunk` iterations (4096 where none is given), or of
    a multiple of that where there would be more than 1024 parts: by the size of the problem alone,
    so that results never depend on the number of threads. `vectorize` may be taken on top.

    for k: h[idx[k]] += x[k]  —reduce("k", parallel=True)→
                                      parallel for c: for k in part c: p[c][idx[k]] += x[k]
                                      for c: for all e: h[e] += p[c][e]

    Where the element moves with the loop, parts have copies of the whole array: at most 64, and
    so few that making and combining them is a fraction of the work; one in place where not two
    would pay. The array may then be used by nothing else in the loop.

    Raises NoSuchLoopError, BadArgumentError for numbers out of range, and IllegalScheduleError
    where the loop carries no reduction, carries something else too, carries reductions of
    floats under fp="strict", or where the element moves with the loop, is used otherwise there,
    or another loop is inside.
    """
    place = resolve(tree, loop)
    length = _length(loop, partials, parallel, chunk)
    if not _has_accumulator(judge, tree, place, loop, parallel) and chunk is None:
        length = _ARRAY_CHUNK
    member = replace(
        place.member, parallel=parallel, partials=length, pipeline=False, unroll=0, grid=""
    )
    return replace_member(tree, place, member if parallel else replace(member, vector=0))


def _length(loop: str, partials: int | None, parallel: bool, chunk: int | None) -> int:
    """The length of a part, or the number of accumulators."""
    if bool(parallel) == (partials is not None):
        raise BadArgumentError(
            f'reduce("{loop}") takes either partials, a number of accumulators side by side, or '
            f"parallel=True."
        )
    if not parallel and chunk is not None:
        raise BadArgumentError(
            f'reduce("{loop}"): chunk is the length of the parts of parallel=True. Leave it out.'
        )
    name, most = ("chunk", MOST_CHUNK) if parallel else ("partials", MOST_PARTIALS)
    value = (CHUNK if chunk is None else chunk) if parallel else partials
    if not isinstance(value, int) or isinstance(value, bool) or not 2 <= value <= most:
        raise BadArgumentError(
            f'reduce("{loop}"): {name} must be an integer from 2 to {most}, not {value!r}.'
        )
    return value


def _has_accumulator(judge: Judge, tree: Tree, place: Place, loop: str, parallel: bool) -> bool:
    """Whether single elements hold the partial results, and not copies of whole arrays.

    Raises IllegalScheduleError where the loop is no sum of independent parts."""
    level = next(
        lv
        for lv in judge.judge(tree).levels
        if (lv.path, lv.position) == (place.path, place.position)
    )
    strict = [d for d in level.carried if d.kind == "reduction"]
    others = [d for d in level.carried if d.kind != "reduction"]
    if others:
        first = others[0]
        raise IllegalScheduleError(
            f'reduce("{loop}") needs a loop that carries reductions alone, and "{loop}" carries '
            f"{_a(first.kind)} dependence of {first.sink} on {first.source} through "
            f'"{first.array}". Distribute the loop first, or privatize "{first.array}".'
        )
    if strict:
        raise IllegalScheduleError(
            f'reduce("{loop}") would reorder the reduction of floats into "{strict[0].array}", and '
            f'fp="strict" keeps the order that is written. Compile with fp="reassociate" to '
            f"allow it."
        )
    if not level.reductions:
        raise IllegalScheduleError(
            f'reduce("{loop}") needs a loop that carries a reduction, and "{loop}" carries none. '
            f'Its iterations are independent: parallel("{loop}") or vectorize("{loop}").'
        )
    if accumulator(judge.footprints, tree, level) is not None:
        return True
    if parallel and array_sums(judge.scop, level) is not None:
        return False
    raise IllegalScheduleError(no_accumulator(level, loop))


def no_accumulator(level: Level, loop: str) -> str:
    """The refusal where the target of a reduction cannot be held in one accumulator."""
    array = level.reductions[0].array
    return (
        f'reduce("{loop}") needs one element of "{array}" to accumulate into all along the loop: '
        f"here it moves with the loop, is used otherwise there, or another loop is inside. "
        f"Reduce the innermost loop, or interchange."
    )


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
