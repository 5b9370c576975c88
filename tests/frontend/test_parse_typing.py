"""The type and value of every operation, against what NumPy 2 gives for the same scalars.

Elements of arrays are NumPy's (strong) scalars; arguments of Python's types are weak, as are
literals, sizes and the results of `math`.
"""

import itertools
import math
import warnings

import interpret
import numpy as np
import pytest
from parsing import define, same_as_python, type_of

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend import parse as readers
from polyopt.frontend.context import Context, Facts
from polyopt.frontend.dispatch import read_expression
from polyopt.frontend.promotion import join
from polyopt.frontend.signature import read_signature
from polyopt.frontend.source import FunctionSource
from polyopt.model.types import ScalarType, bool_, f32, f64, i32, i64

assert readers.READERS

# Two values of each kind, such that no operation on them overflows.
STRONG = {
    "f64": np.array([2.7, -1.3]),
    "f32": np.array([0.1, 3.5], np.float32),
    "f16": np.array([0.7, -2.0], np.float16),
    "i64": np.array([5, -3]),
    "i32": np.array([7, -2], np.int32),
    "i16": np.array([5, -3], np.int16),
    "i8": np.array([5, -3], np.int8),
    "u64": np.array([7, 2], np.uint64),
    "u32": np.array([7, 2], np.uint32),
    "u8": np.array([7, 2], np.uint8),
    "bool": np.array([True, False]),
}
WEAK = {"float": (0.1, -2.5), "int": (3, 2), "python_bool": (True, False)}
BINARY = ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"]
COMPARE = ["<", "<=", "==", "!=", ">=", ">"]


def operand(kind, place):
    """The text of an operand, and the argument that it needs."""
    if kind in STRONG:
        return f"{kind}_{place}[{place}]", f"{kind}_{place}", STRONG[kind]
    return f"{kind}_{place}", f"{kind}_{place}", WEAK[kind][place]


def read(expression, arguments):
    """What the front end makes of an expression: its value, by the interpreter, and its type."""
    function = define(f"def f({', '.join(arguments)}):\n    _ = {expression}\n")
    source = FunctionSource.of(function)
    signature = read_signature(source, {n: type_of(a) for n, a in arguments.items()}, {})
    context = Context(source, signature, Facts())
    value = read_expression(context, source.node.body[0].value)
    assert value.expr.dtype is value.type.dtype
    nest = readers.parse(
        FunctionSource.of(define(f"def f({', '.join(arguments)}):\n    pass\n")),
        {n: type_of(a) for n, a in arguments.items()},
    )
    machine = interpret.Machine(nest, tuple(arguments.values()))
    with np.errstate(all="ignore"):
        return machine.value(value.expr), value.type


def python(expression, arguments):
    """What Python makes of it; None where it raises."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return eval(expression, {"math": math, **arguments})
        except (TypeError, ValueError, OverflowError, ZeroDivisionError):
            return None


def agrees(expression, arguments):
    """Assert that type and value are Python's."""
    expected = python(expression, arguments)
    if expected is None or isinstance(expected, complex):
        return
    if isinstance(expected, np.int8) and not any("i8" in name for name in arguments):
        return  # NumPy computes some operators on its bools in 8 bits; they are refused
    actual, type_ = read(expression, arguments)
    assert type_ == type_of(expected), f"{expression}: {type_}, not {type(expected)}"
    assert actual == expected or (math.isnan(actual) and math.isnan(expected)), expression


PAIRS = list(itertools.product([*STRONG, *WEAK], repeat=2))


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_operators(left, right):
    (a, x, first), (b, y, second) = operand(left, 0), operand(right, 1)
    for op in BINARY:
        if op == "**" and {left, right} <= {"int", "python_bool"}:
            continue  # refused: test_integer_powers
        if op in "** << >>" and right in STRONG and STRONG[right].dtype.kind == "i":
            b = f"abs({y}[1])" if right in STRONG else b
        agrees(f"{a} {op} {b}", {x: first, y: second})


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_comparisons(left, right):
    (a, x, first), (b, y, second) = operand(left, 0), operand(right, 1)
    if "u64" in (left, right) and {left, right} & {"int", "i64", "i32", "i16", "i8"}:
        with pytest.raises(UnsupportedSyntaxError, match="no integer type holds both"):
            read(f"{a} < {b}", {x: first, y: second})
        return
    for op in COMPARE:
        agrees(f"{a} {op} {b}", {x: first, y: second})


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_choices_of_one_type(left, right):
    """Where both sides have one type; else the joined type is taken: test_joined_choices."""
    (a, x, first), (b, y, second) = operand(left, 0), operand(right, 1)
    for text in ("min({}, {})", "max({}, {})", "{} and {}", "{} or {}", "{0} if {1} else {1}"):
        expression = text.format(a, b)
        if left == right:
            agrees(expression, {x: first, y: second})
        else:
            _, type_ = read(expression, {x: first, y: second})
            assert type_ == join([type_of(v) for v in (_element(first, 0), _element(second, 1))])


CHOICES = ["min({}, {})", "max({}, {})", "({} if {} > 0.2 else {})"]
USES = ["{}", "{} + 1", "{} * 0.1", "{} / 3", "{} // 2", "-{}", "abs({})", "{} * w[0]", "{} + d[0]",
        "{} > 0.1", "{} > 0", "{} < w[0]", "{} < d[0]", "math.exp({})", "float({}) * 0.1",
        "1 if {} else 2", "min({}, d[0])", "np.float32({}) * 0.1", "int({})"]  # fmt: skip
DATA = {
    "f64": [np.float64(0.1), np.float64(-1 / 3)], "f32": [np.float32(0.1), np.float32(7.3)],
    "i64": [np.int64(5), np.int64(2**60 + 1)], "i32": [np.int32(7), np.int32(-(2**31))],
    "bool": [np.bool(True), np.bool(False)], "float": [0.1, -2.7], "int": [3, -2],
}  # fmt: skip


@pytest.mark.parametrize(("left", "right"), list(itertools.permutations(DATA, 2)))
def test_mixed_choices_have_pythons_bits_or_are_refused(left, right):
    """Whichever side is taken, at every use that is not refused, in arrays of every type."""
    a, b = ("{}" if kind in WEAK else "{}[0]" for kind in (left, right))
    a, b = a.format("a"), b.format("b")
    for place, (choice, use) in enumerate(itertools.product(CHOICES, USES)):
        chosen = choice.format(a, *([a] if " if " in choice else []), b)
        function = define(f"def f(a, b, w, d, out):\n    out[0] = {use.format(chosen)}\n")
        dtype = (np.float64, np.float32, np.int64, np.int32)[place % 4]
        for x, y in itertools.product(DATA[left], DATA[right]):
            _same_or_refused(function, x, y, np.zeros(1, dtype))


def _same_or_refused(function, a, b, out):
    strong = [np.array([v]) if isinstance(v, np.generic) else v for v in (a, b)]
    w, d = np.array([0.3], np.float32), np.array([-0.7])
    try:
        same_as_python(function, *strong, w, d, out)
    except (UnsupportedSyntaxError, OverflowError, TypeError, ValueError):
        return  # a refusal, or Python raises


def _element(value, place):
    return value[place] if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("kind", [*STRONG, *WEAK])
@pytest.mark.parametrize(
    "text",
    ["-{}", "+{}", "~{}", "not {}", "abs({})", "float({})", "int({})", "bool({})",
     "math.floor({})", "math.ceil({})", "math.trunc({})", "math.exp({})", "math.fabs({})",
     "math.isnan({})", "math.atan2({}, 2)", "{} + 1", "{} * 0.5", "{} / 2", "2 // {}", "{} ** 2",
     "{} == 1", "{} > 0.25", "{} < 3000000000", "1 if {} else 2"],
)  # fmt: skip
def test_single_operands_and_literals(kind, text):
    if kind == "python_bool" and text.startswith("~"):
        return  # refused, as Python is about to
    if kind == "u64" and text.startswith(("int(", "math.floor", "math.ceil", "math.trunc")):
        return  # refused: it may be beyond 64 bits with a sign
    name, argument, value = operand(kind, 0)
    agrees(text.format(name), {argument: value})


@pytest.mark.parametrize("scalar", [np.float64(0.1), np.float32(0.1), np.int64(3), np.int32(-3)])
@pytest.mark.parametrize("text", ["x + 1", "x * 0.1", "x // 2", "x + y[0]", "x / 2", "x > 0", "-x"])
def test_numpy_scalar_arguments_are_strong(scalar, text):
    agrees(text, {"x": scalar, "y": STRONG["f32"]})


def test_integers_wrap_as_numpys_do():
    big = np.array([2**31 - 1, -(2**31)], np.int32)
    for text in ("a[0] + 1", "a[0] * a[1]", "-a[1]", "abs(a[1])", "a[0] << 1", "a[1] - 1"):
        agrees(text, {"a": big})
    agrees("b[0] + 1", {"b": np.array([2**63 - 1])})


def test_division_by_zero_is_numpys():
    zero = {"a": np.array([1, -7, 0], np.int32), "x": np.array([1.0, -1.0, 0.0])}
    for text in ("a[0] // a[2]", "a[1] % a[2]", "a[1] / a[2]", "x[0] / x[2]", "x[2] / x[2]",
                 "x[1] // x[2]", "x[1] % x[2]"):  # fmt: skip
        agrees(text, zero)


def test_integer_powers():
    agrees("a[0] ** 3", {"a": STRONG["i32"]})
    agrees("a[0] ** b[1]", {"a": STRONG["i64"], "b": np.array([1, 3], np.int32)})
    agrees("n ** 2 + 2 ** 10", {"n": 3})
    agrees("2 ** x", {"x": 0.5})
    agrees("pow(a[0], 2)", {"a": STRONG["f32"]})
    with pytest.raises(UnsupportedSyntaxError):
        read("2 ** n", {"n": 3})


def test_literals_are_weak_and_sizes_too():
    _, type_ = read("a[0] * 0.1 + a.shape[0]", {"a": STRONG["f32"]})
    assert type_ == ScalarType(f32, weak=False)
    _, type_ = read("a.shape[0] + 1", {"a": STRONG["f32"]})
    assert type_ == ScalarType(i64, weak=True)


def test_results_of_math_are_weak():
    _, type_ = read("a[0] * math.sqrt(a[1])", {"a": STRONG["f32"]})
    assert type_ == ScalarType(f32, weak=False)
    agrees("a[0] * math.sqrt(a[1])", {"a": STRONG["f32"]})


def test_join():
    weak = {n: ScalarType(d, weak=True) for n, d in [("b", bool_), ("i", i64), ("f", f64)]}
    strong = {d: ScalarType(d, weak=False) for d in (bool_, i32, i64, f32, f64)}
    assert join([weak["b"], weak["i"]]) == weak["i"]
    assert join([weak["f"], strong[f32]]) == strong[f32]
    assert join([weak["f"], strong[i32]]) == strong[f64]
    assert join([weak["i"], strong[bool_]]) == strong[i64]
    assert join([strong[i32], strong[f32]]) == strong[f64]
    assert join([weak["f"], strong[bool_], strong[f32]]) == strong[f32]


LOCALS = {
    "s = 0\ns += v[0]": f64,
    "s = 0\ns += w[0]": f32,
    "s = 0.0\ns = s + I[0]": f64,
    "s = 0\nfor i in range(n):\n    s += I[i]": i32,
    "s = 0\nfor i in range(n):\n    s += i": i64,
    "s = 0.0\nfor i in range(n):\n    s = max(s, w[i])": f32,
    "s = w[0]\ns = s * v[0]": f64,
    "s = False\nfor i in range(n):\n    s = s or v[i] > 0": bool_,
    "s = 0\nfor i in range(n):\n    s += v[i] > 0": i64,
    "s = math.sqrt(w[0])": f64,
    "s = w[0] * math.sqrt(w[0])": f32,
    "s = x\ns = s * w[0]": f32,
    "t = 0\nfor i in range(n):\n    s = t\n    t = w[i]": f32,
    "s = t = w[0]\nt = v[0]": f32,
}


@pytest.mark.parametrize("body", LOCALS, ids=lambda b: b.replace("\n", "; "))
def test_a_local_has_the_joined_type_of_its_assignments(body):
    lines = "\n".join("    " + line for line in body.splitlines())
    function = define(f"def f(n, x, v, w, I):\n{lines}\n")
    arguments = {"n": 2, "x": 0.5, "v": STRONG["f64"], "w": STRONG["f32"], "I": STRONG["i32"]}
    types = {name: type_of(value) for name, value in arguments.items()}
    assert readers.parse(FunctionSource.of(function), types).array("s").dtype is LOCALS[body]


@pytest.mark.parametrize("target", STRONG)
@pytest.mark.parametrize("source", [*STRONG, *WEAK])
def test_storing_converts_to_the_arrays_type(target, source):
    text, name, value = operand(source, 0)
    function = define(f"def f(out, {name}):\n    out[0] = {text}\n    out[1] = {text} * 2\n")
    types = {"out": type_of(STRONG[target]), name: type_of(value)}
    nest = readers.parse(FunctionSource.of(function), types)
    actual, expected = STRONG[target].copy(), STRONG[target].copy()
    interpret.run(nest, actual, value)
    function(expected, value)
    assert actual.tobytes() == expected.tobytes()


MIXED_LOCALS = [
    "s = 0\nfor i in range(n):\n    s += w[i]\n    out[i] = s\n",
    "s = 0.0\nfor i in range(n):\n    s += w[i] * 0.1\n    out[i] = s\nout[0] = s / n\n",
    "s = 0.1\nfor i in range(n):\n    s += w[i]\n    out[i] = s * w[i]\n",
    "s = -1e30\nfor i in range(n):\n    s = max(s, w[i])\nout[0] = s * w[0]\n",
    "s = 0\nfor i in range(n):\n    s += I[i] * I[i]\n    out[i] = s + 1\n",
    "s = x\nfor i in range(n):\n    s = s * w[i]\n    out[i] = s\n",
    "s = w[0]\ns = s * v[0]\nout[0] = s + v[1]\n",
]
REFUSED_LOCALS = [
    "s = w[0]\nfor i in range(n):\n    s = s * v[i] + 1.0\nout[0] = s * 0.1\n",
    "s = I[0]\nfor i in range(n):\n    out[i] = s + 1\n    s = v[i]\n",
    "s = 0.1\nfor i in range(n):\n    s += w[i]\nout[0] = s * v[0]\n",
    "s = False\nfor i in range(n):\n    out[i] = s * 2 + 1\n    s = w[i] if v[i] > 0 else v[i]\n",
]


def _with_locals(body):
    lines = "\n".join("    " + line for line in body.splitlines())
    function = define(f"def f(n, x, v, w, I, out):\n{lines}\n")
    rng = np.random.default_rng(2)
    v, w = rng.normal(size=4), rng.normal(size=4).astype(np.float32)
    return function, (4, 0.3, v, w, np.array([7, -9, 11, 50000], np.int32))


@pytest.mark.parametrize("body", MIXED_LOCALS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_locals_have_pythons_bits_at_every_step(body, dtype):
    function, arguments = _with_locals(body)
    try:
        same_as_python(function, *arguments, np.zeros(4, dtype))
    except UnsupportedSyntaxError:  # `s = 0.1` read in f64 where the loop may not run
        assert dtype is not np.float32


@pytest.mark.parametrize("body", REFUSED_LOCALS)
def test_locals_whose_type_decides_the_bits_are_refused(body):
    function, arguments = _with_locals(body)
    with pytest.raises(UnsupportedSyntaxError, match="depends on data"):
        same_as_python(function, *arguments, np.zeros(4))


STARTS = ["1.0", "0.0", "0.1", "3", "0", "x", "True", "w[0]"]
LATER = ["w[j]", "I[j]", "t + w[j]", "t * 0.1 + w[j]", "max(t, w[j])", "w[j] > 0.5"]
AFTER = ["t", "t - x", "t % 0.3", "t * n", "t / n", "t + w[0]", "-t * x", "t > 0.1", "t << 40"]


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("start", STARTS)
def test_a_type_that_hangs_on_whether_a_loop_runs_changes_no_bits_or_is_refused(start, later):
    for after in AFTER:
        body = f"t = {start}\nfor j in range(lo, hi):\n    t = {later}\nout[0] = {after}\n"
        lines = "\n".join("    " + line for line in body.splitlines())
        function = define(f"def f(lo, hi, n, x, v, w, I, out):\n{lines}\n")
        w, i = np.array([0.7, 0.1], np.float32), np.array([7, 2**30], np.int32)
        for dtype, span in itertools.product((np.float32, np.float64), ((0, 0), (0, 1), (0, 2))):
            try:
                same_as_python(function, *span, 3, 0.1, np.zeros(1), w, i, np.zeros(1, dtype))
            except (UnsupportedSyntaxError, TypeError):
                break  # a refusal, or Python raises


EMPTY_LOOPS = {
    "t = 1.0\nfor j in range(lo, hi):\n    t = w[j]\nout[0] = (t - x) % 1.0\n": True,
    "t = 1.0\nfor j in range(3):\n    t = w[j]\nout[0] = (t - x) % 1.0\n": False,
    "assert lo < hi\nt = 1.0\nfor j in range(lo, hi):\n    t = w[j]\nout[0] = t * x\n": False,
    "t = 1.0\nfor i in range(lo, hi):\n    for j in range(i + 1):\n        t = w[j]\n"
    "    out[0] = t * x\n": False,
    "t = 2.5\nfor i in range(lo, hi):\n    for j in range(i):\n        t = w[j]\n"
    "    out[0] = t * x\n": True,
    "t = np.float32(1.0)\nfor j in range(lo, hi):\n    t = w[j]\nout[0] = t * x\n": False,
    "t = 1.0\nif lo > hi:\n    t = w[0]\nelse:\n    t = w[1]\nout[0] = t * x\n": False,
    "t = 2.5\nif w[0] > 0:\n    t = w[1]\nout[0] = t * x\n": True,
    "t = 0.1\nout[0] = t * x\nt = w[0]\nout[1] = t * x\n": False,
    "for j in range(lo, hi):\n    t = 2.5\n    out[0] = t * x\n    t = w[j]\n": False,
    "t = 2.5\nfor j in range(lo, hi):\n    out[0] = t * x\n    t = w[j]\n": True,
    "s = 0\nfor j in range(lo, hi):\n    s += I[j]\nout[0] = s * 100000\n": False,
    "s = 7\nfor j in range(lo, hi):\n    s += I[j]\nout[0] = s * 1000000000\n": True,
}


@pytest.mark.parametrize(("body", "refused"), EMPTY_LOOPS.items())
def test_only_what_may_really_differ_is_refused(body, refused):
    lines = "\n".join("    " + line for line in body.splitlines())
    function = define(f"def f(lo, hi, x, w, I, out):\n{lines}\n")
    w, i = np.array([0.7, 0.1, 9.3], np.float32), np.array([7, 2**30, 5], np.int32)
    for span in ((0, 3), (1, 2)):
        arguments = (*span, 0.1, w, i, np.zeros(2, np.float32))
        if refused:
            with pytest.raises(UnsupportedSyntaxError, match="depends on data"):
                same_as_python(function, *arguments)
        else:
            same_as_python(function, *arguments)
