"""What the front end says of expressions, names, calls and arrays that it refuses."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from polyopt.frontend.constructs import Text, construct, words

# ---- affine positions ----------------------------------------------------------------------

_PRECOMPUTE = "Precompute what it selects outside the kernel and pass that as an array."

PRODUCT = (
    "iterators and sizes may be added, and multiplied by constants, not by each other.\n  "
    + _PRECOMPUTE
)
PRODUCT_OF_SIZES = (
    "sizes may be added, and multiplied by constants, not by each other.\n"
    "  Compute the product before the call and pass it as an integer argument."
)
DIVISOR = (
    "// and % take constants on their right here; % also a size, where its left side is known to "
    "be less than one such size outside of it, as in (i + 1) % n.\n"
    "  Compute the quotient before the call and pass it as an integer argument."
)
DIVISION_BY_ZERO = "it divides by zero.\n  Write another divisor."
TRUE_DIVISION = "/ gives a float.\n  Write // for the floored quotient."
INDIRECTION = (
    "it is read from an array, and only integers may be, as subscripts and loop bounds.\n"
    "  Convert it with int() there; elsewhere, pass it as an integer argument."
)
TRUTH_VALUE = "it is a truth value, not an integer.\n  Write an if around the statement."
CONDITIONAL = (
    "its value depends on a condition.\n"
    "  Write an if with one statement for each case, or min and max."
)
CALL = (
    "only min, max, abs, len and sizes may stand in it.\n"
    "  Compute it before the call and pass it as an integer argument."
)
OTHER_NAME = "its value is no integer.\n  Write sums of loop variables and sizes."
OTHER_OPERATION = (
    "only +, -, products with constants, // and % by constants, min, max, abs and choices by "
    "conditions on them may stand in it.\n"
    "  Compute it before the call and pass it as an integer argument."
)
LARGE = (
    "integers in it go up to 2**40, so that sums of sizes stay within 64 bits.\n"
    "  Write a smaller one."
)


def not_affine(role: str, whole: str, culprit: str, reason: str) -> str:
    """`reason` explains `culprit`, the part of the `role` `whole` that breaks the rule."""
    part = "" if whole == culprit else f" because of {culprit}"
    return f"the {role} {whole} is not affine{part}: {reason}"


DATA_NAME = Text(
    "{name} is data, because {reason}",
    "Write the index in terms of loop variables and sizes, or precompute it outside the kernel.",
)
SCALAR_ARGUMENT = Text(
    "{name} is an argument of type {dtype}, not an integer",
    "Pass an int, and write its conversion outside the kernel.",
)
CONSTANT = Text("it is a {kind}, not an integer", "Write an integer constant.")

# Why a name is data; the line is that of the assignment.
ASSIGNED_DATA = "line {line} assigns a value to it that is no sum of loop variables and sizes"
REASSIGNED_IN_LOOP = "line {line} assigns it again in the loop"
ASSIGNED_IN_BLOCK = "line {line} assigns it in a loop or branch that may not run"

VARIABLE_STEP = Text(
    "the loop step {text} is not a constant: a step is an integer constant, not zero",
    "Loop over range(...) with step 1 and multiply, or make {text} a global constant.",
)
RANGE_WRITTEN = Text(
    "the loop over {variable} ends or starts at {bound}, which is read from {name}, and the "
    "kernel writes that: a range that is read from data must be known before the call",
    "Compute {name} in a kernel of its own, and pass it to this one.",
)
ZERO_STEP = words("the loop step is zero: range() refuses it too", "Write a step other than zero.")


DIMENSION = Text(
    "{text} is no dimension of an array of rank {rank}",
    "Write a constant from 0 to {last}.",
)


# ---- names ---------------------------------------------------------------------------------


UNKNOWN_NAME = Text(
    "the name {name} is not defined here: it is no argument, no local and no global",
    "Define it before the kernel is first called.",
)
NO_SUCH_MEMBER = Text(
    "the module {module} has no {name}",
    "Check the spelling.",
)
READ_BEFORE_ASSIGNMENT = Text(
    "{name} is read before it is assigned: its first assignment is in line {line}",
    "Give {name} a value before.",
)
LOOP_VARIABLE_AFTER = Text(
    "the loop variable {name} is read outside its loop (line {line}): "
    "it has no value where the loop does not run",
    "Write the value in terms of the loop's bounds.",
)
LOOP_VARIABLE_ASSIGNED = Text(
    "{name} is the variable of the loop in line {line}, and the loop alone assigns it",
    "Use another name.",
)
LOOP_VARIABLE_SHADOWS = Text(
    "the loop variable {name} is already the variable of the loop around it, in line {line}",
    "Use another name.",
)
LOOP_VARIABLE_HIDES = Text(
    "the loop variable {name} has the name of an argument, a size or an array",
    "Use another name.",
)
LOOP_VARIABLE_IS_DATA = Text(
    "{name} is both a loop variable (line {line}) and a scalar local",
    "Use two names.",
)


def foreign_symbol(name: str, known: Sequence[str]) -> str:
    """A size symbol that no extent of this kernel defines; `known` are those that are."""
    listed = ", ".join(known) or "none"
    return words(
        f"the size symbol {name} is no extent of this kernel's arguments; those are: {listed}",
        f"Use {name} in an annotation, or pass the size as an integer argument.",
    )


# ---- captured values -----------------------------------------------------------------------


CAPTURED_MODULE = Text(
    "the module {name} is not known to kernels: those are math, numpy and polyopt",
    "Name the number that is needed outside: x = module.x.",
)
CAPTURED_ARRAY = Text(
    "{name} is an array outside the kernel: arrays come in as arguments",
    "Make {name} an argument.",
)
CAPTURED_VALUE = Text(
    "{name} is a {kind}: of the names outside, a kernel reads numbers only",
    "Pass numbers or arrays as arguments.",
)
OWN_ARITHMETIC = Text(
    "{name} is a {kind}, whose class has operators of its own, which a kernel does not call",
    "Give the kernel a plain number, as float({name}) or int({name}).",
)


def numpy_function(name: str) -> str:
    """A function of NumPy that is none of single elements."""
    return words(
        f"NumPy's function {name} is not part of the kernel language, which computes elements",
        "Write loops over elements, with the functions of math and NumPy's of single numbers.",
    )


SCALAR_FUNCTIONS = (
    "absolute", "add", "angle", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2",
    "arctanh", "bitwise_and", "bitwise_or", "bitwise_xor", "cbrt", "ceil", "clip", "conjugate",
    "copysign", "cos", "cosh", "deg2rad", "degrees", "divide", "equal", "exp", "exp2", "expm1",
    "fabs", "floor", "floor_divide", "fmax", "fmin", "fmod", "gcd", "greater", "greater_equal",
    "heaviside", "hypot", "imag", "invert", "isfinite", "isinf", "isnan", "lcm", "left_shift",
    "less", "less_equal", "log", "log10", "log1p", "log2", "logical_and", "logical_not",
    "logical_or", "logical_xor", "maximum", "minimum", "multiply", "negative", "nextafter",
    "not_equal", "positive", "power", "rad2deg", "radians", "real", "reciprocal", "remainder",
    "right_shift", "rint", "round", "sign", "signbit", "sin", "sinh", "sqrt", "square",
    "subtract", "tan", "tanh", "trunc", "where",
)  # fmt: skip
"""NumPy's functions of single elements: `numpy_calls` reads their calls."""

UNSIGNED_INT = words(
    "int of a u64 may be beyond the 64 bits with a sign that a kernel's integers have",
    "Compute in u64, or convert with np.int64(x), which wraps around.",
)
UNSIGNED_COMPARISON = words(
    "a u64 is compared with an integer that has a sign: no integer type holds both",
    "Convert one: np.uint64(x) or np.int64(x), which wrap around.",
)
INTEGERS_ONLY = Text(
    "{name} takes integers, and here it is given a float",
    "Convert with int(x).",
)
NUMPY_TYPE = Text(
    "{name} of values of these types has no result in NumPy, or one of a type that kernels "
    "do not have",
    "Convert them first, with np.float64(x) or int(x).",
)
NUMPY_CAST = Text(
    "{name} converts one number here",
    "Write {name}(x).",
)
_FUNCTION_FIXES = {
    "print": "Print the arrays after the call.",
    "sum": "Write a loop with s += A[i].",
    "any": "Write a loop with found = found or A[i] > 0.",
    "all": "Write a loop with found = found and A[i] > 0.",
    "round": "Write math.floor(x + 0.5), which rounds halves up.",
    "divmod": "Write x // y and x % y.",
}


def unknown_function(name: str) -> str:
    """A function outside the language."""
    known = "Write its expression in place; math.*, min, max, abs, float, int and bool are known."
    return words(f"{name} is a function that kernels do not know", _FUNCTION_FIXES.get(name, known))


FUNCTION_AS_VALUE = Text(
    "{name} is a function or a type, not a number",
    "Call it, or leave it out.",
)
MODULE_AS_VALUE = Text(
    "{name} is a module, not a number",
    "Name one of its members.",
)


# ---- calls ---------------------------------------------------------------------------------


def unknown_call(function: ast.expr, text: str) -> str:
    """A call of something that is no function of the language."""
    if isinstance(function, ast.Attribute):
        return words(
            f"{text} is a method, and values in a kernel have none",
            "Write loops over elements.",
        )
    if isinstance(function, ast.Name):
        return words(f"{text} is not a function here", "Write an expression of elements.")
    return construct(function)


RECURSION = Text(
    "{name} calls itself, or helpers are nested too deeply: they are read in place of their calls",
    "Write it with a loop in the kernel.",
)
HELPER_SOURCE = Text(
    "the text of the function {name} cannot be read, and helpers are read in place of their calls",
    "Define it with def in a file or a notebook cell.",
)
HELPER_ARGUMENTS = Text(
    "the helper {name} takes numbers, each by its place or its name",
    "Write every argument out.",
)
HELPER_CALL = Text(
    "this call of the helper {name} does not fit: {fact}",
    "Correct the arguments.",
)
KERNEL_PLACE = Text(
    "a call of another kernel stands alone, or alone on the right of an assignment or a return, "
    "and {text} is part of an expression",
    "Assign it to a name in a line before.",
)
KERNEL_RECURSION = Text(
    "the kernel {name} calls itself, or kernels are nested too deeply: they are read in place of "
    "their calls",
    "Write it with a loop.",
)
KERNEL_WITHOUT_VALUE = Text(
    "the kernel {name} returns nothing",
    "Write its call in a line of its own, or end it with return and a value.",
)
KERNEL_SOMETIMES = words(
    "this kernel is read in place of a call, and its returns do not all give as many values",
    "End every way through it with return and as many values.",
)
KERNEL_ARGUMENT = Text(
    "this call of another kernel does not fit: {fact}",
    "Pass what it declares, or leave its annotations out.",
)
KERNEL_EXTENT = Text(
    "the extent {extent} that the kernel called here declares is no single size",
    "Give the extent a name of its own, and state the condition with po.assume.",
)
KERNEL_ARRAY_NAME = Text(
    "{name} has a value already, and becomes the name of an array that a kernel returns",
    "Use another name.",
)
HELPER_BODY = Text(
    "a helper such as {name} has assignments to names, if and return; its loops and arrays "
    "belong to the kernel",
    "Write this part in the kernel.",
)
HELPER_RETURN = Text(
    "the helper {name} does not return a value on every way through it",
    "End it with return and a value.",
)
HELPER_BRANCHES = Text(
    "the helper {name} has too many branches in a row: each doubles what is read in its place",
    "Write them with conditional expressions, min and max, or split the helper.",
)
CALL_FORM = Text(
    "{name} takes plain positional arguments here",
    "Write them in order.",
)


def misplaced_call(module: str, name: str) -> str:
    """A known function where it cannot stand."""
    if module == "numpy":  # functions of elements have a reader; these make arrays
        return words(
            f"np.{name} makes an array, and stands alone on the right of an assignment",
            f"Write a = np.{name}(...) at the top level of the kernel.",
        )
    if name == "range":
        return words("range stands in the head of a for loop only", "Write for v in range(...).")
    return words(f"po.{name} is a statement, not a value", "Write it on a line of its own.")


UNKNOWN_MATH = Text(
    "math.{name} is not part of the kernel language",
    "Known are the functions of one or two floats, such as math.sqrt, math.exp and math.atan2.",
)


def argument_count(name: str, needed: int, given: int) -> str:
    """The wrong number of arguments."""
    word = "argument" if needed == 1 else "arguments"
    form = ", ".join("xyz"[:needed])
    return words(f"{name} takes {needed} {word} here, not {given}", f"Write {name}({form}).")


REDUCTION_CALL = Text(
    "{name} takes two or more numbers here",
    "Write a loop with m = {name}(m, A[i]).",
)
LENGTH = words("len takes the name of an array", "Write len(A) or A.shape[0].")

# ---- expressions ---------------------------------------------------------------------------

TOO_DEEP = words(
    "an expression or a suite is nested too deeply",
    "Split it over several statements.",
)
MATRIX_PRODUCT = words(
    "@ multiplies whole arrays, and a kernel computes single elements",
    "Write the three loops: C[i, j] += A[i, k] * B[k, j].",
)
INTEGER_POWER = words(
    "the type of an integer ** exponent depends on the exponent's sign",
    "Use a constant exponent that is not negative, or a float base.",
)

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>", "invert": "~", "neg": "-",
}  # fmt: skip


def operands(op: str, kind: str) -> str:
    """An operator on values of a type it does not take: "bool", "float" or "complex"."""
    sign = _SIGNS[op]
    if kind == "complex":
        return words(f"complex numbers have no {sign}", "Write it with x.real and x.imag.")
    if kind == "float":
        return words(f"{sign} works on integers and bools, not on floats", "Convert with int(x).")
    return words(
        f"NumPy has no {sign} for its bools, or computes it in 8 bits",
        "Write and, or, not, or convert with int(x).",
    )


COMPLEX_TO_REAL = Text(
    "a complex number becomes no {type}: its imaginary part would be lost",
    "Write x.real, x.imag or abs(x).",
)
COMPLEX_ORDER = Text(
    "complex numbers have no order, and {name} compares them",
    "Compare x.real, x.imag or abs(x); == and != compare whole numbers.",
)
COMPLEX_FUNCTION = Text(
    "{name} of complex numbers is not part of the kernel language",
    "Write it with x.real and x.imag, or with exp, log, sqrt, sin, cos, tan, sinh, cosh or tanh.",
)
PYTHON_COMPLEX = Text(
    "{sign} of two of Python's own numbers, one of them complex, is not part of the kernel "
    "language: NumPy rounds it otherwise",
    "Make one of them NumPy's, with np.complex128(x).",
)


def python_complex(op: str) -> str:
    """An operator on two weak numbers."""
    return PYTHON_COMPLEX(sign=_SIGNS[op])


def comparison(kind: str) -> str:
    """A comparison of objects, by the name of its `ast` node."""
    signs = {"Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in"}
    return words(
        f"{signs.get(kind, kind)} compares objects, and a kernel has numbers only",
        "Compare with ==, !=, <, <=, > or >=.",
    )


def literal(value: object) -> str:
    """A literal that is no real number."""
    if isinstance(value, str | bytes):
        return words("a kernel has no strings", "Leave it out.")
    return words(f"{value!r} is not a number", "Write a number.")


MIXED = Text(
    "the type of a value here depends on data (in Python it is {types}), and the bits of the "
    "result depend on that type",
    "Convert where it arises, with np.float64(x), np.float32(x) or float(x), or store it in an "
    "array element.",
)
CIRCLE = words(
    "the types of local scalars here follow from one another in a circle",
    "Give each of them values of one type.",
)
OUT_OF_RANGE = Text(
    "{fact}, and integers in a kernel have fixed sizes",
    "Write a float, or scale.",
)
