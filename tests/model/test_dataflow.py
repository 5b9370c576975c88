"""Dataflow nest by nest finds what isl finds in the whole program."""

from __future__ import annotations

import islpy as isl
import numpy as np
import pytest

import polyopt as po
import polyopt_kernels as kernels
from polyopt.model import dataflow
from polyopt.model.dependences import Dependences, analyse
from polyopt.model.scop import Scop

SEVERAL = ("2mm", "3mm", "correlation", "covariance", "deriche", "gemver", "harris", "unsharp-mask")

PARTLY_OVERWRITTEN = """
def kernel(A, B):
    n = A.shape[0]
    for i in range(n):
        A[i] = 1.0
    for i in range(1, n - 1):
        A[i] = 2.0
    for i in range(n):
        if B[i] > 0:
            A[i] = 3.0
    for i in range(0, n, 2):
        A[i] += B[i]
    for i in range(n):
        for j in range(n):
            A[i] += B[j]
    for i in range(n // 2):
        B[i] = A[2 * i] + A[n - 1 - i]
    for i in range(n):
        A[i] = A[i] * B[i]
    for i in range(n):
        B[n - 1 - i] = A[i]
"""

SCALARS = """
def kernel(A):
    s = 0.0
    for i in range(len(A)):
        s += A[i]
    t = s * 2
    for i in range(len(A)):
        A[i] = t
    s = 1.0
    for i in range(len(A)):
        A[i] += s
"""

ONCE_AND_TWICE = """
def kernel(A, B):
    n = A.shape[0]
    for i in range(n):
        A[i // 2] = B[i]
    for i in range(n // 2):
        B[i] = A[i]
    for i in range(1, n):
        A[n - 1 - i] = B[i] + B[i - 1]
    for i in range(2, n):
        B[i] = A[i - 2]
    for i in range(n - 3):
        A[i + 3] = A[i + 2]
"""


def relations(found: Dependences, scop: Scop) -> dict[tuple[str, ...], isl.Map]:
    """Per kind, statements and array the pairs."""
    result = {}
    for d in found:
        key = (d.kind, d.source, d.sink, d.array)
        result[key] = result[key].union(d.relation) if key in result else d.relation
    return {key: relation.intersect_params(scop.facts) for key, relation in result.items()}


def assert_same_either_way(scop: Scop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for limit in (10**6, 0):
        monkeypatch.setattr(dataflow, "FEW_PARTS", limit)
        found.append(relations(analyse(scop), scop))
    whole, parts = found
    assert whole.keys() == parts.keys()
    for key, relation in whole.items():
        assert relation.is_equal(parts[key]), key


@pytest.mark.parametrize("name", SEVERAL)
def test_kernels(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = kernels.find(name)
    spec = benchmark.kernel.specialize(*benchmark.make(benchmark.sizes["MINI"], benchmark.dtype))
    assert_same_either_way(spec.scop, monkeypatch)


@pytest.mark.parametrize(
    ("text", "count"), [(PARTLY_OVERWRITTEN, 2), (SCALARS, 1), (ONCE_AND_TWICE, 2)]
)
def test_elements_that_nests_write_in_part_or_perhaps(
    text: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = [np.ones(8) for _ in range(count)]
    spec = po.kernel_from_text(text).specialize(*arrays)
    assert_same_either_way(spec.scop, monkeypatch)


def test_a_scalar_read_before_its_assignment_is_refused_either_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = """
def kernel(A):
    for i in range(1, len(A)):
        s = A[i]
    A[0] = s
    for i in range(len(A)):
        A[i] = 2.0
"""
    messages = []
    for limit in (10**6, 0):
        monkeypatch.setattr(dataflow, "FEW_PARTS", limit)
        with pytest.raises(po.UnsupportedSyntaxError) as caught:
            po.kernel_from_text(text).specialize(np.ones(4)).dependences  # noqa: B018
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
