"""Small local arrays are scalars, and the short loops over them are written out."""

import numpy as np
import pytest

import polyopt as po


def forces(p, f):
    n = p.shape[0]
    for i in range(n):
        total = np.zeros(3)
        for j in range(n):
            d = np.zeros(3)
            square = 0.25
            for c in range(3):
                d[c] = p[j, c] - p[i, c]
                square += d[c] * d[c]
            for c in range(3):
                total[c] += d[c] / square
        for c in range(3):
            f[i, c] = total[c]


def median(p, f):
    n = p.shape[0]
    for i in range(n):
        v = np.empty(3)
        for k in range(3):
            v[k] = p[i, k]
        for x in range(2):
            for y in range(x + 1, 3):
                if v[y] < v[x]:
                    old = v[x]
                    v[x] = v[y]
                    v[y] = old
        f[i, 0] = v[1]


def stages(p, f):
    for i in range(p.shape[0]):
        k = np.zeros((2, 2))
        for s in range(2):
            for c in range(2):
                if s == 0:
                    k[s, c] = p[i, c]
                else:
                    k[s, c] = p[i, c] + 0.5 * k[s - 1, 1 - c]
        f[i, 0] = k[0, 0] + k[1, 1]
        f[i, 1] = k[1, 0] * c_of(k[0, 1])


def c_of(x):
    return x * 2


def queue(p, f):
    q = np.zeros(4)
    for i in range(p.shape[0]):
        for k in range(3):
            q[k] = q[k + 1]
        q[3] = p[i, 0]
        f[i, 0] = q[0] - q[1] + q[2] * q[3]


def downwards(p, f):
    w = np.zeros(4, dtype=np.float32)
    for k in range(3, -1, -1):
        w[k] = k * 0.1
    for i in range(p.shape[0]):
        s = 0.0
        for k in range(3):
            s += w[k + 1] * p[i, k]
        f[i, 2] = s


def one_of_two(p, f):
    """One array that is read at a place that data select stays as it is."""
    table = np.zeros(3)
    small = np.zeros(2)
    for k in range(3):
        table[k] = k + 1.5
    for i in range(p.shape[0]):
        for k in range(2):
            small[k] = p[i, k] * table[k]
        f[i, 0] = table[int(p[i, 0] * 3) % 3] + small[0] - small[1]


def under_an_end(p, f):
    for i in range(p.shape[0]):
        v = np.zeros(2)
        for k in range(2):
            if p[i, k] > 0.9:
                break
            v[k] = p[i, k]
        f[i, 0] = v[0] + v[1]


BODIES = [forces, median, stages, queue, downwards, one_of_two, under_an_end]


def arguments(n):
    random = np.random.default_rng(n)
    return random.random((n, 3)), random.random((n, 3))


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
@pytest.mark.parametrize("body", BODIES, ids=lambda b: b.__name__)
def test_the_values_are_pythons(body, fp):
    kernel = po.kernel(fp=fp)(body)
    for n in (0, 1, 2, 7, 40):
        expected, found = arguments(n), arguments(n)
        body(*expected)
        kernel(*found)
        if fp == "strict":
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def locals_of(body):
    """The local arrays of more than one element."""
    scop = po.kernel(body).specialize(*arguments(5)).scop
    return [a.name for a in scop.arrays if a.kind == "local" and a.shape]


@pytest.mark.parametrize(
    "body", [forces, median, stages, queue, downwards], ids=lambda b: b.__name__
)
def test_none_of_them_is_an_array(body):
    assert locals_of(body) == []


def test_an_array_that_data_index_stays_one():
    assert locals_of(one_of_two) == ["table"]


def test_an_array_of_many_places_stays_one():
    def long(p, f):
        v = np.zeros(12)
        for k in range(12):
            v[k] = k
        for k in range(12):
            p[k, 0] = v[k]

    assert locals_of(long) == ["v"]


def test_what_would_make_many_statements_stays_as_it_is():
    def deep(p, f):
        v = np.zeros(8)
        for a in range(8):
            for b in range(8):
                v[a] += p[a, 0] * b + v[b]
        f[0, 0] = v[3]

    assert locals_of(deep) == ["v"]


def test_a_place_outside_is_refused_as_in_any_array():
    def beyond(p, f):
        v = np.zeros(3)
        for k in range(4):
            v[k] = p[0, 0]
        f[0, 0] = v[0]

    with pytest.raises(po.BoundsError, match="v"):
        po.kernel(beyond)(*arguments(5))


def test_labels_keep_their_loops():
    def labelled(p, f):
        v = np.zeros(2)
        for k in range(2):
            with po.label("fill"):
                v[k] = p[0, k]
        f[0, 0] = v[0]

    assert "fill" in {
        s.label for s in po.kernel(labelled).specialize(*arguments(5)).scop.statements
    }


def test_names_that_are_taken():
    def taken(p, f):
        v = np.zeros(2)
        v_0 = 3.0
        for k in range(2):
            v[k] = p[0, k]
        f[0, 0] = v[0] + v_0

    expected, found = arguments(4), arguments(4)
    taken(*expected)
    po.kernel(taken)(*found)
    np.testing.assert_array_equal(found[1], expected[1])
