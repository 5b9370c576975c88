"""What notebooks show: self-contained HTML that survives where scripts and style sheets do not."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from kernels_shown import matmul, original, smooth, time_steps

import polyopt as po
from polyopt import explore
from polyopt.bench.report import Results
from polyopt.bench.rows import Row

MOST_BYTES = 100_000
STRIPPED = {"script", "style", "svg", "link", "iframe", "object", "embed", "form", "input"}


class Reader(HTMLParser):
    """Notes tags, and that they close as they should."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes, self.words = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def shown(value):
    """The words of a display, after it is found to be sound."""
    bundle = value._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == str(value)
    assert len(bundle["text/html"].encode()) < MOST_BYTES
    reader = Reader()
    reader.feed(bundle["text/html"])
    assert not reader.open
    assert not reader.seen & STRIPPED
    names = {name for name, _ in reader.attributes}
    assert not [n for n in names if n.startswith("on") or n == "class"]
    links = [v for n, v in reader.attributes if n in ("src", "href")]
    assert all(v.startswith(("data:image/svg+xml;base64,", "#")) for v in links)
    return "".join(reader.words)


def test_a_kernel_shows_a_mark_per_loop_and_why():
    words = shown(po.kernel(time_steps))
    assert "for t in range(T):" in words
    assert re.search(r"for t in range.*sequentialcarries flow of S1", words)
    assert re.search(r"for i in range\(1, N - 1\):   parallel vector", words)


def test_a_kernel_without_types_shows_its_source():
    def untyped(A):
        for i in range(A.shape[0]):
            A[i] = 0.0

    kernel = po.kernel(untyped)
    assert "call it, or give it types with specialize()" in shown(kernel)
    kernel.specialize(po.f64[...])
    assert "parallel" in shown(kernel)


def test_a_kernel_that_is_refused_says_why():
    def squares(A: po.f64[16]):
        for i in range(4):
            A[i * i] = 0.0

    assert "the subscript i * i is not affine" in shown(po.kernel(squares))


@pytest.mark.parametrize("function", [smooth, time_steps, matmul])
def test_models_dependences_and_schedules_are_shown(function):
    spec = po.kernel(function).specialize()
    assert "0 ≤ " in shown(spec.scop) or "0 < " in shown(spec.scop)
    assert "S1 → S1" in shown(spec.dependences)
    assert "source order: no step was taken" in shown(spec.original)
    assert "s = spec.original" in shown(spec.schedule)
    assert shown(spec)


def test_code_and_explanations_are_strings_still():
    spec = po.kernel(matmul).specialize()
    source, why = spec.source, spec.explain()
    assert isinstance(source, str)
    assert isinstance(why, str)
    assert type(pickle.loads(pickle.dumps(source))) is str
    assert type(pickle.loads(pickle.dumps(why))) is str
    assert "emitted code" in shown(source)
    assert "because" in shown(why)


def test_comments_of_the_code_lead_to_source_lines():
    html = po.kernel(matmul).specialize().source._repr_mimebundle_()["text/html"]
    targets = set(re.findall(r'id="([^"]+)"', html))
    assert targets
    assert set(re.findall(r'href="#([^"]+)"', html)) == targets


def test_measurements_are_a_table():
    rows = [
        Row("gemm", "SMALL", "f64", 1, "polyopt", 0.001, correct=True),
        Row("gemm", "SMALL", "f64", 1, "gcc", 0.004, correct=True),
        Row("lu", "SMALL", "f64", 1, "polyopt", 0.002, correct=False),
        Row("lu", "SMALL", "f64", 1, "gcc", 0.001, correct=True),
    ]
    words = Results(rows)._repr_mimebundle_()["text/html"]
    assert "4.00×" in words
    assert "failed" in words


def test_a_picture_is_an_image_with_a_text():
    bundle = explore.domain(original(smooth))._repr_mimebundle_()
    assert bundle["text/html"].startswith('<img src="data:image/svg+xml;base64,')
    assert bundle["text/plain"].startswith("smooth: iteration domain")


def test_without_a_notebook_nothing_of_it_is_loaded():
    code = (
        "import sys, polyopt as po; po.kernel; "
        "print([m for m in sys.modules if m.startswith(('polyopt.explore', 'IPython', 'sympy'))])"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "[]\n"
