"""Diamond tiles: whose slopes come from the dependences, and that start at once."""

# ruff: noqa: E501 (expected loops are as long as they are)

from __future__ import annotations

from textwrap import dedent

import pytest
from kernels_here import M, N, copy, smooth, time_steps, two_statements
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po


def jacobi(T: int, A: po.f64[N, N], B: po.f64[N, N]):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                B[i, j] = A[i, j] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j] + A[i - 1, j]
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = B[i, j] - B[i, j - 1] - B[i, j + 1] - B[i + 1, j] - B[i - 1, j]


def alternating(T: int, A: po.f64[2, N]):
    n = A.shape[1]
    for t in range(T):
        for i in range(2, n - 2):
            A[(t + 1) % 2, i] = A[t % 2, i - 1] + A[t % 2, i + 2]


def fields(ex: po.f64[N, M], ey: po.f64[N, M], hz: po.f64[N, M], source: po.f64[...]):
    nx, ny = ex.shape
    for t in range(source.shape[0]):
        for j in range(ny):
            ey[0, j] = source[t]
        for i in range(1, nx):
            for j in range(ny):
                ey[i, j] = ey[i, j] - 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(nx):
            for j in range(1, ny):
                ex[i, j] = ex[i, j] - 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(nx - 1):
            for j in range(ny - 1):
                hz[i, j] = hz[i, j] - 0.5 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])


def history(A: po.f64[M, N]):
    steps, n = A.shape
    for t in range(1, steps):
        for i in range(2, n - 2):
            A[t, i] = A[t - 1, i - 1] + A[t - 1, i + 2]


def one_way(A: po.f64[M, N]):
    steps, n = A.shape
    for t in range(1, steps):
        for i in range(1, n):
            A[t, i] = A[t - 1, i - 1] + A[t - 1, i]


def in_place(T: int, A: po.f64[N]):
    for t in range(T):  # noqa: B007
        for i in range(1, A.shape[0]):
            A[i] = A[i - 1] + A[i]


def far(T: int, A: po.f64[2, N]):
    n = A.shape[1]
    for t in range(T):
        for i in range(n):
            A[(t + 1) % 2, i] = A[t % 2, n - 1 - i]


def scattered(T: int, A: po.f64[N], s: po.f64[1]):
    for t in range(T):  # noqa: B007
        s[0] = A[0]
        for i in range(A.shape[0]):
            A[i] = A[i] + s[0]


def stencil(kernel, steps, size):
    """Arguments of a kernel here."""
    if kernel is fields:
        made = [small(size, size + 1, seed=s) for s in (1, 2, 3)]
        return *made, small(steps)
    if kernel in (history, one_way):
        return (small(steps, size),)
    if kernel is alternating:
        return steps, small(2, size)
    if kernel is in_place:
        return steps, small(size)
    shape = (size, size) if kernel is jacobi else (size,)
    return steps, small(*shape), small(*shape, seed=2)


def test_two_alternating_statements():
    s = original(time_steps).diamond("t", "i", size=4)
    assert str(s) == dedent("""
        t_tile = [S1: (-i + 2*t)//4 + (i + 2*t)//4, S2: (-i + 2*t + 1)//4 + (i + 2*t + 1)//4]
          i_tile = [S1: (i + 2*t)//4, S2: (i + 2*t + 1)//4]   parallel
            t = [S1 S2: t]
              i = [S1: i]
                S1
              i = [S2: i]
                S2
        """).strip()  # fmt: skip
    assert loops(s) == dedent("""
        for t_tile in range(-1, T):
            for i_tile in range((t_tile + 1)//2, (N + 2*t_tile - 1)//4 + 1):  # parallel
                for t in range(max(0, t_tile), min(T - 1, t_tile + 1) + 1):
                    for i in range(max(1, 4*i_tile + 2*t - 4*t_tile - 3, 4*i_tile - 2*t), min(N - 2, 4*i_tile + 2*t - 4*t_tile, 4*i_tile - 2*t + 3) + 1):
                        S1(t, i)
                    for i in range(max(1, 4*i_tile + 2*t - 4*t_tile - 2, 4*i_tile - 2*t - 1), min(N - 2, 4*i_tile + 2*t - 4*t_tile + 1, 4*i_tile - 2*t + 2) + 1):
                        S2(t, i)
        """).strip()  # fmt: skip


def rows(schedule):
    """The tile loops, as text."""
    return [line.strip() for line in str(schedule).splitlines() if "_tile = " in line]


def test_slopes_follow_the_distances():
    assert rows(original(history).diamond("t", "i", size=8)) == [
        "t_tile = [S1: (-i + t)//8 + (i + 2*t)//8]",
        "i_tile = [S1: (i + 2*t)//8]   parallel",
    ]


def test_a_slope_of_nothing_on_one_side():
    assert rows(original(one_way).diamond("t", "i", size=8)) == [
        "t_tile = [S1: (-i + t)//8 + (i)//8]",
        "i_tile = [S1: (i)//8]   parallel",
    ]


def test_several_statements_have_slopes_below_one():
    """A statement without the space loop is where its values are used."""
    s = original(fields).diamond("t", "i", size=4, inner={"j": 5})
    assert rows(s) == [
        "t_tile = [S1: 2*((4*t)//8), S2: (-2*i + 4*t + 1)//8 + (2*i + 4*t + 1)//8, S3: (-2*i + 4*t + 2)//8 + (2*i + 4*t + 2)//8, S4: (-2*i + 4*t + 3)//8 + (2*i + 4*t + 3)//8]",
        "i_tile = [S1: (4*t)//8, S2: (2*i + 4*t + 1)//8, S3: (2*i + 4*t + 2)//8, S4: (2*i + 4*t + 3)//8]   parallel",
        "j_tile = [S1: (j + 4*t)//5, S2: (j + 4*t + 1)//5, S3: (j + 4*t + 2)//5, S4: (j + 4*t + 3)//5]",
    ]


CASES = {
    "time_steps": (time_steps, {}),
    "jacobi": (jacobi, {}),
    "jacobi_inner": (jacobi, {"inner": {"j": 3}}),
    "alternating": (alternating, {}),
    "history": (history, {}),
    "one_way": (one_way, {}),
    "fields": (fields, {"inner": {"j": 5}}),
    "fields_on_their_side": (fields, {"space": "j"}),
}


SIZES = ((0, 5), (1, 1), (1, 4), (3, 2), (4, 5), (5, 9), (7, 3))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [1, 4, 8])
def test_same_results(name, width):
    kernel, options = CASES[name]
    options = dict(options)
    s = original(kernel).diamond("t", options.pop("space", "i"), size=width, **options)
    for steps, size in SIZES:
        same_as_python(s, kernel, *stencil(kernel, steps, size))


def test_no_dependence_at_all():
    s = original(copy).diamond("i", "j", size=4)
    assert rows(s)[1] == "j_tile = [S1: (i + j)//4]   parallel"
    same_as_python(s, copy, small(5, 9), small(5, 9))


def test_inside_other_loops():
    """What the loops around carry does not count."""

    def many(T: int, A: po.f64[N, M], B: po.f64[N, M]):
        n, m = A.shape
        for r in range(1, n):
            for t in range(T):  # noqa: B007
                for i in range(1, m - 1):
                    B[r, i] = A[r, i - 1] + A[r, i + 1] + B[r - 1, m - 1 - i]
                for i in range(1, m - 1):
                    A[r, i] = B[r, i]

    s = original(many).diamond("t", "i", size=4)
    assert s.loops[:3] == ("r", "t_tile", "i_tile")
    for steps, size in ((0, 5), (2, 1), (3, 4), (4, 7)):
        same_as_python(s, many, steps, small(size, size + 1), small(size, size + 1, seed=2))


def test_further_steps():
    s = original(jacobi).diamond("t", "i", size=4, inner={"j": 4})
    s = s.vectorize("S1.j").vectorize("S2.j")
    same_as_python(s, jacobi, *stencil(jacobi, 5, 9))
    assert s.script.splitlines()[1] == 's = s.diamond("t", "i", size=4, inner={"j": 4})'


def test_refused_within_a_step():
    message = refused(lambda: original(in_place).diamond("t", "i"))
    words, _, clash = message.partition("\n\n")
    assert words == (
        'diamond("t", "i") needs every dependence to advance in time, and a flow dependence of '
        'S1 on S1 through A moves 1 in "i" within one step. A stencil that reads what the same '
        "sweep wrote has no tiles that start at once: skew the loops, tile them, and run the "
        "tiles as a wavefront or a pipeline."
    )
    assert clash.splitlines()[2:] == [
        "  flow dependence of S1 on S1 through A, distance (t: 0, i: 1), carried by i",
        "    S1[t=0, i=1]  writes  A[1]",
        "    S1[t=0, i=2]  reads   A[1]  as A[i - 1]",
    ]
    with pytest.raises(po.IllegalScheduleError) as error:
        original(in_place).diamond("t", "i")
    (case,) = error.value.violations
    assert dict(case.sink_instance) == {"t": 0, "i": 2}


def test_refused_where_distances_have_no_bound():
    message = refused(lambda: original(far).diamond("t", "i"))
    assert message.startswith(
        'diamond("t", "i") needs every dependence to move at most 8 in "i" per step, and a flow '
        "dependence of S1 on S1 through A moves -"
    )
    words, _, clash = message.partition("\n\n")
    assert words.endswith(" in 1 step. Tile the loops inside the time loop instead.")
    assert clash.splitlines()[2].startswith(
        "  flow dependence of S1 on S1 through A, distance (t: 1"
    )


@pytest.mark.parametrize(
    ("kernel", "step", "message"),
    [
        (
            jacobi,
            lambda s: s.diamond("t", "i", size=0),
            'diamond: the size of "i" must be a positive integer of at most 2147483647, not 0.',
        ),
        (
            jacobi,
            lambda s: s.diamond("t", "i", inner={"j": 2.0}),
            'diamond: the size of "j" must be a positive integer of at most 2147483647, not 2.0.',
        ),
        (
            jacobi,
            lambda s: s.diamond("t", "i", inner="j"),
            "diamond: inner takes loops and sizes, such as {\"j\": 256}, not 'j'.",
        ),
        (
            jacobi,
            lambda s: s.diamond("t", "i", inner={"i": 4}),
            'diamond names "i" twice: as the space loop, and as inner.',
        ),
        (
            jacobi,
            lambda s: s.diamond("t", "k"),
            'no loop is called "k". Loops here: "t", "S1.i", "S1.j", "S2.i", "S2.j".',
        ),
        (
            smooth,
            lambda s: s.diamond("j", "i"),
            'diamond("j", "i"): "i" is not a loop inside "j". The time loop comes first.',
        ),
        (
            scattered,
            lambda s: s.diamond("t", "i"),
            (
                'diamond("t", "i"): S1 has no loop "i", and what depends on it is not in one '
                "place there. Distribute the time loop before or behind it, or leave it out."
            ),
        ),
        (
            two_statements,
            lambda s: s.diamond("i", "t"),
            'no loop is called "t". Loops here: "i".',
        ),
    ],
)
def test_refusals(kernel, step, message):
    assert refused(lambda: step(original(kernel)), po.PolyoptError) == message


def test_tile_loops_of_one_name():
    s = original(jacobi, 2, small(4, 4), small(4, 4))
    message = refused(
        lambda: s.diamond("t", "S1.i", size=2, inner={"S2.i": 3}), po.BadArgumentError
    )
    assert message == (
        'diamond("t", "S1.i") would make two tile loops of one name, t_tile, i_tile, i_tile: the '
        "space loop and the inner ones must have different names."
    )


def shifted(T: int, A: po.f64[N, N]):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = A[i - 1, j - 1] + A[i + 1, j + 1]


def test_loops_that_nothing_is_left_in():
    """A part without instances keeps its leaf, so that later steps find its statements."""
    s = original(shifted, 2, small(5, 5)).split("i", at=1).unroll_and_jam("j", 2)
    tiled = s.diamond("i", "j_tile", size=2)
    for n in (3, 4, 7):
        same_as_python(tiled, shifted, 2, small(n, n))
