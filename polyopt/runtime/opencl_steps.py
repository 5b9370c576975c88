"""The launches of a call, one after another, as its numbers decide them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from polyopt.emit.launches import Case, Choice, HostNode, Launch, Range, Repeat, Work
from polyopt.model.affine import evaluate_condition

LARGE_LAUNCH = 4e5
"""Operations from which on a loop is worth a launch of its own, some 30 microseconds."""

LARGE_PIECES = 1e5
"""Operations from which on a loop is worth more than one group."""

_PIECES_PER_UNIT = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One launch: its kernel, the values of the loops around that are its arguments, in their
    order, and how many items run it, in all and to a group."""

    kernel: str
    values: tuple[int, ...]
    size: tuple[int, ...]
    items: tuple[int, ...]


def steps(nodes: Sequence[HostNode], numbers: Mapping[str, int], units: int) -> Iterator[Step]:
    """What the host does where the parameters have these values, on a device of so many compute
    units."""
    return _steps(nodes, dict(numbers), frozenset(numbers), units)


def _steps(
    nodes: Sequence[HostNode], numbers: dict[str, int], given: frozenset[str], units: int
) -> Iterator[Step]:
    for node in nodes:
        match node:
            case Launch():
                yield from _step(node, numbers, given, units)
            case Repeat(variable, range_, body):
                lower, upper = _ends(range_, numbers)
                for value in range(lower, upper, range_.step):
                    numbers[variable] = value
                    yield from _steps(body, numbers, given, units)
                numbers.pop(variable, None)
            case Case(condition, then, otherwise):
                holds = evaluate_condition(condition, numbers)
                yield from _steps(then if holds else otherwise, numbers, given, units)
            case Choice(work, many, one):
                large = _operations(work, numbers) > LARGE_LAUNCH
                yield from _steps(many if large else (one,), numbers, given, units)


def _step(
    launch: Launch, numbers: Mapping[str, int], given: frozenset[str], units: int
) -> Iterator[Step]:
    trips = [r.trips.evaluate(numbers) for r in launch.groups]
    if trips and min(trips) <= 0:
        return
    if launch.pieces:
        small = _operations(launch.work, numbers) <= LARGE_PIECES
        trips = [min(trips[0], 1 if small else most_pieces(units))]
    groups = [*trips, *[1] * (len(launch.items) - len(trips))]
    size = tuple(g * i for g, i in zip(groups, launch.items, strict=True))
    values = tuple(numbers[name] for name in own_values(launch, given))
    yield Step(launch.kernel, values, size, launch.items)


def most_pieces(units: int) -> int:
    """The most groups that share a loop on a device of so many compute units."""
    return _PIECES_PER_UNIT * units


def own_values(launch: Launch, given: frozenset[str]) -> list[str]:
    """The arguments that change from launch to launch of a call: loops around, not parameters."""
    return [a.name for a in launch.arguments if a.kind == "parameter" and a.name not in given]


def _ends(range_: Range, numbers: Mapping[str, int]) -> tuple[int, int]:
    return range_.lower.evaluate(numbers), range_.upper.evaluate(numbers)


def _operations(work: Work, numbers: Mapping[str, int]) -> int:
    return prod(max(f.evaluate(numbers), 0) for f in work.factors) * work.scale
