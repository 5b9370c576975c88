"""Pictures hold what the model says: instances, arrows, what a step breaks, each by its name."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import matplotlib.figure
import numpy as np
import pytest
from kernels_shown import matmul, original, smooth, time_steps

import polyopt as po
from polyopt import explore
from polyopt.explore.roofline_picture import Limits, Measured, measure
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


def test_memory_shows_the_blocks_of_a_tile():
    s = original(matmul).tile({"i": 32, "j": 32, "k": 32})
    picture = sound(explore.memory(s))
    assert "  A: 16 elements (16 read, 0 written)" in str(picture)
    assert "  C: 16 elements (16 read, 16 written)" in str(picture)
    assert "  B[k, j]: stride M along k" in str(picture)
    assert {s.mark for s in picture.named("C")} == {"circle", "square"}


def test_memory_of_one_array_and_one_loop():
    picture = sound(explore.memory(original(matmul), "B", {"N": 4, "M": 4}, at="k"))
    assert "memory of one iteration of k" in str(picture)
    assert "  B: 1 element (1 read, 0 written) in 1 cache line" in str(picture)


def test_a_roofline_has_a_point_per_kernel():
    done = Measured("sums", operations=2e9, bytes=8e9, seconds=2.0)
    machine = Limits(operations=1e11, bandwidth=1e10)
    picture = sound(explore.roofline({"sums": done}, machine))
    assert "sums: 1 GFLOP/s, 40% of the roof, 0.25 operations per byte" in str(picture)
    assert len(picture.named("sums")) == 1


def test_a_kernel_is_measured_for_a_roofline():
    arguments = (np.zeros((8, 8)), np.ones((8, 8)), np.ones((8, 8)))
    found = measure("matmul", po.kernel(matmul), arguments)
    assert (found.operations, found.bytes) == (2 * 8**3, 4 * 8 * 8 * 8)
    assert found.seconds > 0
    assert not arguments[0].any()


def test_pictures_are_drawn_on_axes_of_matplotlib():
    figure = matplotlib.figure.Figure(figsize=(6, 5))
    axes = figure.add_subplot()
    picture = explore.dependences(original(time_steps))
    assert picture.draw(axes) is axes
    figure.canvas.draw()
    texts = {t.get_text() for t in axes.texts}
    assert {"time_steps: dependences", "flow through A, B", "t", "i"} <= texts
    assert axes.get_xlim() == (0, picture.width)


def test_a_picture_is_saved_as_svg_only(tmp_path):
    picture = explore.domain(original(smooth))
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8") == picture.svg
    with pytest.raises(po.BadArgumentError) as caught:
        picture.save(tmp_path / "a.png")
    assert str(caught.value) == (
        "pictures are saved as SVG, and a.png does not end in .svg: for other formats draw(ax) "
        "and save matplotlib's figure"
    )


def no_loops(A: po.f64[4]):
    A[1] = A[0]
    A[2] = A[1]


def never(A: po.f64[...]):
    for i in range(5, 3):
        A[i] = 0.0


def triangle(A: po.f64[..., ...]):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            A[i, j] = A[j, i] + 1.0


def deep(A: po.f64[..., ..., ..., ...]):
    a, b, c, d = A.shape
    for i in range(a):
        for j in range(b):
            for k in range(c):
                for m in range(1, d):
                    A[i, j, k, m] = A[i, j, k, m - 1]


def local(A: po.f64[...], B: po.f64[...]):
    for i in range(len(A)):
        t = A[i] * 2
        u = t + 1
        B[i] = t * u


def huge(A: po.f64[100000]):
    for i in range(100000):
        A[i] = 1.0


def large_only(A: po.f64[...]):
    n = len(A)
    assert n >= 5000
    for i in range(n):
        A[i] = 1.0


def strided(A: po.f64[...]):
    for i in range(len(A) - 1, 0, -3):
        A[i] = A[i - 1]


def named(x1: po.f64[...], min_: po.f64[...]):
    for c0 in range(1, len(x1)):
        x1[c0] = min_[c0] + x1[c0 - 1] if min_[c0] > 0 else 0.0


ODD = (no_loops, never, triangle, deep, local, huge, large_only, strided, named)
EACH = (
    *(explore.domain, explore.dependences, explore.order, explore.tiles, explore.memory),
    *(explore.violations, explore.tree),
)


@pytest.mark.parametrize("function", ODD, ids=lambda f: f.__name__)
@pytest.mark.parametrize("draw", EACH, ids=lambda f: f.__name__)
def test_odd_kernels_are_drawn(function, draw):
    picture = sound(draw(original(function)))
    assert picture.text
    assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in corners_of(picture))


def corners_of(picture):
    for shape in picture.shapes:
        yield from getattr(shape, "points", None) or [shape.at]


@pytest.mark.parametrize("draw", [*EACH[:4], explore.violations], ids=lambda f: f.__name__)
def test_every_loop_of_a_schedule_is_an_axis(draw):
    s = original(smooth).skew("j", by="i").tile({"i": 4, "j": 4})
    assert sound(draw(s, axes=("j_tile", "i"), space="schedule"))


REFUSED = [
    ({"statement": "S7"}, 'no statement is called "S7". Statements here: "S1".'),
    ({"sizes": {"K": 4}}, "smooth has no size 'K'. Its sizes are: N."),
    ({"sizes": {"N": 1.5}}, "the size N is an integer, not 1.5"),
    (
        {"sizes": {"N": -1}},
        "smooth is not called with N = -1: its sizes satisfy [N] -> {  : N >= 0 }",
    ),
    ({"axes": ("i", "k")}, "axes are one or two of 'i', 'j', not ('i', 'k')"),
    ({"axes": ("i", "i")}, "axes are one or two of 'i', 'j', not ('i', 'i')"),
    ({"axes": ()}, "axes are one or two of 'i', 'j', not ()"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=str)
def test_what_is_not_there_is_refused(given, words):
    with pytest.raises(po.PolyoptError) as caught:
        explore.domain(original(smooth), **given)
    assert str(caught.value) == words


def test_what_is_no_schedule_is_refused():
    with pytest.raises(po.BadArgumentError) as caught:
        explore.domain(3)
    assert str(caught.value) == (
        "a picture is of a Schedule, or of a kernel or specialisation in source order, and this "
        "is 3"
    )


def spread(A: po.f64[po.symbols("N")]):
    for i in range(len(A)):
        for j in range(len(A)):
            A[j] = A[i // 2] + 1.0


def test_dependences_at_sizes_of_which_a_corner_is_drawn():
    picture = explore.dependences(original(spread), sizes={"N": 100})
    assert any(is_arrow(shape) for shape in picture.shapes)
    assert "the first instances of S1 only" in picture.svg


def halved(A: po.f64[po.symbols("N")]):
    while A[0] > 1.0:
        for i in range(len(A)):
            A[i] = A[i] * 0.5


def test_three_iterations_stand_for_a_while():
    picture = sound(explore.domain(original(halved), sizes={"N": 2}))
    body = next(s.name for s in original(halved).scop.statements if "0.5" in s.location.text)
    assert names(picture, body) == [f"{body}[{w}, {i}]" for w in (0, 1, 2) for i in (0, 1)]


def added(A: po.f64[po.symbols("N")], B: po.f64[po.symbols("N")]):
    for i in range(len(A)):
        B[i] = A[i] + 1.0
    for i in range(len(A)):
        A[i] = B[i]


def test_statements_of_one_loop_stand_in_rows():
    picture = sound(explore.domain(original(added), sizes={"N": 3}))
    rows = {shape.name.partition("[")[0]: shape.points[0][1] for shape in picture.named("S")}
    assert rows["S1"] < rows["S2"] - 20
    assert {"S1", "S2"} <= set(ET.fromstring(picture.svg).itertext())
