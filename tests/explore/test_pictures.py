"""Pictures hold what the model says: instances, arrows, what a step breaks, each by its name."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from kernels_shown import matmul, original, smooth, time_steps

import polyopt as po
from polyopt import explore
from polyopt.explore.shapes import Dots, Line

MOST_BYTES = 100_000


def names(picture, start):
    return sorted(shape.name for shape in picture.named(start))


def is_arrow(shape):
    return isinstance(shape, Line) and shape.arrow and " -> " in shape.name


def sound(picture):
    """The SVG is well-formed, without scripts and references, and small as HTML."""
    root = ET.fromstring(picture.svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "rect", "path", "circle", "text", "g"}
    assert "href" not in picture.svg
    assert len(picture.html) < MOST_BYTES
    return picture


def test_a_domain_has_a_mark_for_each_instance():
    picture = sound(explore.domain(original(smooth), sizes={"N": 4}))
    assert names(picture, "S1") == [f"S1[{i}, {j}]" for i in (1, 2, 3) for j in (0, 1, 2)]
    assert picture.sizes == (("N", 4),)
    assert str(picture) == "smooth: iteration domain\n  N = 4\n  S1: 9 instances"


def test_dependences_are_arrows_from_source_to_sink():
    picture = sound(explore.dependences(original(smooth), sizes={"N": 4}))
    expected = [(1, 1, 2, 0), (1, 2, 2, 1), (2, 1, 3, 0), (2, 2, 3, 1)]
    assert names(picture, "flow") == [
        f"flow A: S1[{i}, {j}] -> S1[{k}, {m}]" for i, j, k, m in expected
    ]
    assert all(isinstance(s, Line) and s.arrow for s in picture.named("flow"))


def test_kinds_differ_in_dash_as_well_as_in_colour():
    picture = explore.dependences(original(time_steps), sizes={"T": 3, "N": 5})
    arrows = {(s.name.split()[0], s.colour, s.dash) for s in picture.shapes if is_arrow(s)}
    assert {kind for kind, _, _ in arrows} == {"flow", "anti", "output"}
    assert len({dash for _, _, dash in arrows}) == 3


def test_of_a_reduction_only_neighbours_have_arrows():
    picture = sound(explore.dependences(original(matmul), sizes={"N": 3, "M": 2}))
    assert "through C: distance (0, 0, 1)" in str(picture)


def test_a_refused_step_is_drawn_in_red_with_its_witness():
    with pytest.raises(po.IllegalScheduleError) as caught:
        original(smooth).interchange("i", "j")
    picture = sound(explore.violations(caught.value, sizes={"N": 5}))
    assert names(picture, "witness") == ["witness flow A: S1[1, 1] -> S1[2, 0]"]
    assert len(picture.named("flow")) == 9
    assert {s.colour for s in picture.named("flow")} == {"#D55E00"}
    texts = [getattr(s, "text", "") for s in picture.shapes]
    assert "S1[1, 1]" in texts
    assert "the witness: S1[1, 1] writes A[1, 1]," in texts


def test_a_legal_order_breaks_nothing():
    assert "dependences" in str(explore.violations(original(smooth)))


def test_statements_differ_in_shape():
    picture = explore.domain(original(time_steps))
    assert {s.mark for s in picture.shapes if isinstance(s, Dots)} == {"circle", "square"}
