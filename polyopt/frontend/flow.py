"""Which assignments of a scalar local reach a place, by the types that they give it.

    t = 1.0                          # t is a Python float
    for j in range(lo, hi):
        t = A32[j]                   # t is an np.float32
    B32[0] = t / x                   # either, unless the loop is known to run

A loop's end reaches its own start: what it carries round is learnt in one round of reading and
known in the next (`ends`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from polyopt._isl import Frame
from polyopt.frontend.promotion import Sides
from polyopt.model.affine import Affine, All, Compare, Condition

Reaching = Mapping[str, Sides]
Place = tuple[int, int]
Ends = Mapping[Place, Reaching]


def place_of(node: ast.AST) -> Place:
    """A loop by its place in the source."""
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def either(left: Reaching, right: Reaching) -> dict[str, Sides]:
    """What reaches a place with two ways to it."""
    return {n: left.get(n, frozenset()) | right.get(n, frozenset()) for n in {**left, **right}}


class Flow:
    """The assignments that reach the place being read, and the conditions under which it runs.

    `ends` is what the round before found at the ends of loops, `found` what this one finds.
    """

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.found: dict[Place, Reaching] = {}
        self.reaching: dict[str, Sides] = {}
        self.variables: list[str] = []
        self.conditions: list[Condition] = []

    def runs(
        self,
        parameters: Iterable[str],
        known: Iterable[Condition],
        lower: Affine,
        upper: Affine,
        step: int,
    ) -> bool:
        """Whether a loop of these bounds has an iteration wherever it is reached."""
        length = upper - lower
        if length.is_constant:
            return length.constant * step > 0
        if length.is_data:
            return False
        ends = Compare(">=", lower, upper) if step > 0 else Compare("<=", lower, upper)
        return not self.happens(parameters, known, ends)

    def happens(
        self, parameters: Iterable[str], known: Iterable[Condition], condition: Condition
    ) -> bool:
        """Whether a condition may hold at the place being read."""
        frame = Frame(tuple(parameters), None, tuple(self.variables))
        return not frame.holds(All((*known, *self.conditions, condition))).is_empty()

    @contextmanager
    def loop(self, node: ast.AST, variable: str, inside: Condition, runs: bool) -> Iterator[None]:
        """The body of a loop that `runs` in any case or may be empty."""
        before = dict(self.reaching)
        self.reaching = either(before, self.ends.get(place_of(node), {}))
        self.variables.append(variable)
        self.conditions.append(inside)
        yield
        self.conditions.pop()
        self.variables.pop()
        place = place_of(node)  # a loop that is read on two ways has the types of both
        self.found[place] = either(self.found.get(place, {}), self.reaching)
        if not runs:
            self.reaching = either(before, self.reaching)

    @contextmanager
    def where(self, condition: Condition) -> Iterator[None]:
        """A suite that runs under an affine condition."""
        self.conditions.append(condition)
        yield
        self.conditions.pop()

    @contextmanager
    def fork(self) -> Iterator[Fork]:
        """Suites of which one runs: each begins with what reaches the fork."""
        fork = Fork(self)
        yield fork
        fork.join()


class Fork:
    """The ways out of a branch; see `Flow.fork`."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.before = dict(flow.reaching)
        self.ways: list[dict[str, Sides]] = []

    @contextmanager
    def side(self) -> Iterator[None]:
        """One of the suites."""
        self.flow.reaching = dict(self.before)
        yield
        self.ways.append(self.flow.reaching)

    def join(self) -> None:
        """What reaches the place after the branch."""
        joined = self.ways[0] if self.ways else self.before
        for way in self.ways[1:]:
            joined = either(joined, way)
        self.flow.reaching = joined
