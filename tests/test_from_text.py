"""Kernels of text that stands in no file."""

import numpy as np
import pytest

import polyopt as po

TEXT = """
import math

FACTOR = 2.0

def scale(x):
    for i in range(x.shape[0]):
        x[i] = FACTOR * math.sqrt(x[i])
"""


def test_the_text_becomes_a_kernel():
    scale = po.kernel_from_text(TEXT, fp="strict")
    x = np.array([4.0, 9.0])
    for _ in range(2):
        scale(x[:1])
    assert x.tolist() == [4.0, 9.0]
    assert scale.options.fp == "strict"
    assert repr(scale) == "<kernel scale(x)>"


def test_a_name_chooses_and_a_scope_adds():
    text = "def one(x):\n    x[0] = VALUE\n\ndef two(x):\n    x[0] = 2\n"
    x = np.zeros(1)
    po.kernel_from_text(text, "one", {"VALUE": 7})(x)
    assert x[0] == 7
    po.kernel_from_text(text, "two")(x)
    assert x[0] == 2


def test_a_decorated_function_is_taken_too():
    text = "import polyopt as po\n\n@po.kernel\ndef f(x):\n    x[0] = 1\n"
    x = np.zeros(1)
    po.kernel_from_text(text)(x)
    assert x[0] == 1


def test_its_decorator_needs_no_import_and_its_options_count():
    text = '@po.kernel(fp="strict", threads=1)\ndef f(x):\n    x[0] = np.sqrt(x[0])\n'
    made = po.kernel_from_text(text, threads=2)
    x = np.full(1, 4.0)
    made(x)
    assert x[0] == 2.0
    assert (made.options.fp, made.options.threads) == ("strict", 2)


def test_a_name_that_is_nowhere():
    with pytest.raises(po.BadArgumentError) as caught:
        po.kernel_from_text("@njit\ndef f(x):\n    x[0] = 1\n")
    assert str(caught.value) == (
        "the kernel's text does not run: name 'njit' is not defined. Import or define it at the "
        "top of the text, or give it in scope={...}"
    )
    own = {"po": None, "np": None, "SIZE": 3}
    x = np.zeros(1)
    po.kernel_from_text("def f(x):\n    x[0] = SIZE\n", scope=own)(x)
    assert x[0] == 3


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("x = 1", None, "name= says which of them: it has none"),
        ("def f(): ...\ndef g(): ...", None, "name= says which of them: it has f, g"),
        ("def f(): ...", "g", "the text has no function g: it has f"),
    ],
)
def test_which_function(text, name, words):
    with pytest.raises(po.BadArgumentError) as caught:
        po.kernel_from_text(text, name)
    assert str(caught.value).endswith(words)


def test_what_python_does_not_read():
    with pytest.raises(SyntaxError):
        po.kernel_from_text("def f(:")


@pytest.mark.parametrize(
    ("text", "what"),
    [(5, "int"), (None, "NoneType"), (b"def f(): pass", "bytes"),
     ("x = '\0'", "text with a NUL character")],
)  # fmt: skip
def test_what_is_no_text(text, what):
    with pytest.raises(po.BadArgumentError) as caught:
        po.kernel_from_text(text)
    assert str(caught.value) == f"a kernel's text is a str of Python, and this is {what}"


def test_syntax_errors_name_the_texts_file():
    with pytest.raises(SyntaxError) as caught:
        po.kernel_from_text("def f(A:\n    pass")
    assert (caught.value.filename or "").startswith("<kernel ")


def test_refusals_show_the_line():
    with pytest.raises(po.NotAffineError) as caught:
        po.kernel_from_text("def f(x):\n    for i in range(3):\n        x[i * i] = 1\n")(
            np.zeros(3)
        )
    assert caught.value.text.strip() == "x[i * i] = 1"
    assert caught.value.lineno == 3
