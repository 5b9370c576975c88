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


def test_the_order_is_the_path_of_execution():
    picture = sound(explore.order(original(smooth).skew("j", by="i").interchange("i", "j")))
    assert "S1[1, 0] S1[1, 1] S1[2, 0] S1[1, 2] S1[2, 1] S1[3, 0] …" in str(picture)
    assert len({s.fill for s in picture.named("S1")}) > 20


def test_a_parallel_loop_starts_its_iterations_together():
    picture = sound(explore.order(original(smooth).parallel("j"), sizes={"N": 4}))
    assert "9 instances in 3 steps, with threads enough" in str(picture)
    columns = {(s.name[3], s.fill) for s in picture.named("S1")}
    assert len(columns) == 3


def test_large_tiles_are_drawn_smaller_and_the_picture_says_so():
    picture = sound(explore.tiles(original(matmul).tile({"i": 32, "j": 64})))
    assert "tiles drawn smaller: 32 as 4, 64 as 4" in str(picture)
    assert len(picture.named("tile")) == 9
    assert picture.named("tile")[0].name == "tile 1 (i_tile 0, j_tile 0): 144 instances"


def test_tiles_keep_their_size_where_that_is_asked():
    s = original(smooth).skew("j", by="i").tile({"i": 3, "j": 3})
    picture = sound(explore.tiles(s, sizes={"N": 4}, shrink=False))
    inside = [int(t.name.split()[-2]) for t in picture.named("tile")]
    assert sum(inside) == 9
    assert "drawn smaller" not in str(picture)


def test_tiles_of_a_wavefront_have_the_colour_of_their_front():
    s = original(smooth).skew("j", by="i").tile({"i": 8, "j": 8}).wavefront("i_tile", "j_tile")
    picture = sound(explore.tiles(s))
    assert "9 tiles in 7 fronts" in str(picture)
    assert len({t.fill for t in picture.named("tile")}) == 7


def test_diamonds_show_concurrent_starts():
    picture = sound(explore.tiles(original(time_steps).diamond("t", "i", size=8)))
    assert "30 tiles in 10 fronts" in str(picture)


def test_separated_tiles_are_drawn_at_their_own_size():
    s = original(matmul).tile({"i": 4, "j": 8}).separate("i", "j")
    picture = sound(explore.tiles(s))
    assert "drawn smaller" not in str(picture)
    assert picture.named("tile")


def test_a_schedule_without_tiles_says_so():
    assert str(explore.tiles(original(smooth))).startswith("smooth: no tiles")
