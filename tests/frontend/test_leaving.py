"""`continue` and early `return`: what follows them runs elsewhere."""

import numpy as np
import pytest
from parsing import define, same_as_python

from polyopt.errors import UnsupportedSyntaxError

BODIES = [
    """
for i in range(n):
    if v[i] < 0:
        continue
    w[i] = v[i]
""",
    """
for i in range(n):
    if i % 2 == 0:
        w[i] = 1.0
        continue
    w[i] = v[i]
""",
    """
for i in range(n):
    if v[i] < 0:
        w[i] = 1.0
        continue
    elif v[i] < 0.5:
        w[i] = 2.0
    else:
        continue
    v[i] = w[i] * 3.0
""",
    """
for i in range(n):
    continue
    w[i] = v[i]
""",
    """
for i in range(n):
    if i > 2:
        if v[i] < 0:
            continue
        w[i] = 4.0
    w[i] += v[i]
""",
    """
for i in range(n):
    for j in range(i):
        if j == 1:
            continue
        w[i] += v[j]
    w[i] *= 2.0
""",
    """
s = 0.0
for i in range(n):
    if v[i] < 0:
        continue
    s += v[i]
w[0] = s
""",
    """
if n < 4:
    return
w[0] = 7.0
""",
    """
if v[0] > 0:
    w[0] = 5.0
    return
for i in range(n):
    w[i] = v[i]
""",
    """
if v[0] > 0:
    v[0] = -1.0
    return
else:
    w[1] = 2.0
w[0] = v[0]
""",
    """
w[0] = 1.0
return
w[1] = 2.0
""",
    """
if v[0] > 0:
    for i in range(n):
        if v[i] < 0:
            continue
        w[i] = v[i]
    return
w[1] = 2.0
""",
    """
t = 2.5
if x > 1:
    t = np.float32(x)
for i in range(n):
    if v[i] < 0:
        continue
    w[i] = t
""",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("size", [1, 2, 3, 6])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_follows_runs_elsewhere(body, size, seed):
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    function = define(f"def f(n, x, v, w):\n{lines}\n")
    rng = np.random.default_rng(seed)
    try:
        same_as_python(function, size, 0.7, rng.normal(size=9), rng.normal(size=9))
    except UnsupportedSyntaxError as error:
        assert "depends on data" in str(error)  # noqa: PT017  (only the last body may be)
        assert body is BODIES[-1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("with po.label('a'):\n    return\nv[0] = 1.0", "this return stands inside a with"),
        (
            "if n > 1:\n    return v[0]\n",
            "some ways through the kernel end with return v[0], and others with no value",
        ),
        ("for i in range(n):\n    with po.label('a'):\n        continue\n", "continue stands"),
    ],
)
def test_other_ways_out_are_refused(body, message):
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    function = define(f"def f(n, x, v, w):\n{lines}\n")
    with pytest.raises(UnsupportedSyntaxError) as caught:
        same_as_python(function, 3, 0.7, np.ones(9), np.ones(9))
    assert message in str(caught.value)
