"""What a dependence's equalities tell of distances, against the sets themselves."""

from __future__ import annotations

from itertools import product

import pytest

import polyopt as po
from polyopt.bench.catalogue import find
from polyopt.model.affine import Affine
from polyopt.model.frames import frames
from polyopt.transform.distances import Distances

X, Y = Affine.name("x"), Affine.name("y")

FORMS = (X, X - 1, -X, 2 * X, X + Y, X - 2 * Y, X // 4, (X + Y) // 4, X // 4 + Y // 4, X % 4)
"""Rows in two iterators."""


def rows(iterators: tuple[str, ...]) -> list[Affine]:
    """Every form in the first and last iterators, and a number."""
    if not iterators:
        return [Affine.integer(3)]
    ends = {"x": Affine.name(iterators[0]), "y": Affine.name(iterators[-1])}
    return [form.substitute(ends) for form in FORMS] + [Affine.integer(3)]


@pytest.mark.parametrize("name", ["jacobi-1d", "seidel-2d", "lu", "deriche", "durbin"])
def test_distances_are_those_of_every_pair(name: str) -> None:
    benchmark = find(name)
    arguments = benchmark.make(benchmark.sizes["MINI"], "float64")
    spec = benchmark.kernel.specialize(*arguments)
    made = frames(spec.scop)
    found = 0
    for dependence in spec.dependences:
        source, sink = made[dependence.source], made[dependence.sink]
        distances = Distances(dependence, source, sink)
        for a, b in product(rows(source.iterators), rows(sink.iterators)):
            distance = distances.of(a, b)
            if distance is not None:
                found += 1
                apart = source.pw_aff(a + distance).eq_map(sink.pw_aff(b))
                assert dependence.relation.is_subset(apart), (dependence, a, b, distance)
    assert found > len(spec.dependences)


def test_distances_of_two_floors_are_not_mistaken_for_those_of_one() -> None:
    @po.kernel
    def sweep(A: po.f64[100, 100]) -> None:
        for i in range(1, 100):
            for j in range(100):
                A[i, j] = A[i - 1, j]

    spec = sweep.specialize()
    frame = frames(spec.scop)["S1"]
    (flow,) = spec.dependences.of_kind("flow")
    distances = Distances(flow, frame, frame)
    i, j = Affine.name("i"), Affine.name("j")
    assert distances.of(i, i) == 1
    assert distances.of(j // 8, j // 8) == 0
    assert distances.of(i // 8, i // 8) is None
    assert distances.of(i // 8 + j // 8, j // 8) is None
    assert distances.of(j // 8, i // 8 + j // 8) is None
