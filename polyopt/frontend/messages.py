"""What the front end says when it refuses: the rule, the fact, and what to write instead.

Every text of a refusal is made here. The first line names the construct and the rule; the
second, indented, says what to write.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

# ---- constructs without a reader -----------------------------------------------------------

CONSTRUCTS: dict[type[ast.AST], tuple[str, str]] = {
    ast.While: (
        "a while loop has no iteration space that is known before it runs",
        "Write for v in range(...); where data decide when to stop, leave the while loop in "
        "Python and call the kernel inside it.",
    ),
    ast.Break: (
        "break leaves a loop at a point that only the data know",
        "Let the loop run to its end, and put what it does under an if.",
    ),
    ast.Continue: (
        "continue is not part of the kernel language",
        "Put the rest of the loop's body under the opposite condition.",
    ),
    ast.Try: (
        "a kernel raises and catches nothing",
        "Test the condition with if before the operation, or handle the error around the call.",
    ),
    ast.Raise: (
        "a kernel raises and catches nothing",
        "State what must hold with assert or po.assume, or check it before the call.",
    ),
    ast.FunctionDef: (
        "functions are not defined inside a kernel",
        "Write its expression in place, or make it a kernel of its own.",
    ),
    ast.ClassDef: ("classes are not defined inside a kernel", "Define it outside."),
    ast.AsyncFunctionDef: ("coroutines are not defined inside a kernel", "Define it outside."),
    ast.AsyncFor: ("a kernel is no coroutine", "Write for instead of async for."),
    ast.AsyncWith: ("a kernel is no coroutine", 'Only with po.label("name"): is known.'),
    ast.Await: ("a kernel is no coroutine", "Await the value before the call and pass it."),
    ast.Yield: ("a kernel is no generator", "Store the value in an array argument."),
    ast.YieldFrom: ("a kernel is no generator", "Store the values in an array argument."),
    ast.Import: ("imports stand outside a kernel", "Move it to the top of the file."),
    ast.ImportFrom: ("imports stand outside a kernel", "Move it to the top of the file."),
    ast.Global: (
        "a kernel changes its array arguments only, no globals",
        "Pass an array of one element and assign to its element.",
    ),
    ast.Nonlocal: (
        "a kernel changes its array arguments only, no variables of the enclosing function",
        "Pass an array of one element and assign to its element.",
    ),
    ast.Delete: ("names are not deleted in a kernel", "Leave the line out."),
    ast.Match: ("match is not part of the kernel language", "Write if, elif and else."),
    ast.Lambda: ("functions are not values in a kernel", "Write the expression in place."),
    ast.ListComp: ("a kernel has no lists", "Write the loop out and store into an array."),
    ast.SetComp: ("a kernel has no sets", "Write the loop out and store into an array."),
    ast.DictComp: ("a kernel has no dictionaries", "Write the loop out and store into an array."),
    ast.GeneratorExp: ("a kernel has no generators", "Write the loop out with a scalar local."),
    ast.List: ("a kernel has no lists", "Use an array: np.zeros(n)."),
    ast.Tuple: ("a kernel has no tuple values", "Assign each element to a name of its own."),
    ast.Set: ("a kernel has no sets", "Use an array: np.zeros(n)."),
    ast.Dict: ("a kernel has no dictionaries", "Use arrays, or separate scalars."),
    ast.JoinedStr: ("a kernel has no strings", "Leave it out."),
    ast.NamedExpr: (
        "an expression of a kernel assigns nothing",
        "Write the assignment as a statement of its own before.",
    ),
    ast.Starred: ("a kernel unpacks no sequences with *", "Write every element out."),
    ast.Slice: ("a kernel computes single elements, not slices", "Write a loop over the elements."),
}


def construct(node: ast.AST) -> str:
    """The refusal of a construct that has no reader, by its kind."""
    kind = type(node)
    fallback = (
        f"{kind.__name__} is not part of the kernel language",
        "Write it with loops over range, if, assignments and arithmetic.",
    )
    return _two(*CONSTRUCTS.get(kind, fallback))


def _two(rule: str, fix: str) -> str:
    return f"{rule}.\n  {fix}"


# ---- affine positions ----------------------------------------------------------------------

_PRECOMPUTE = "Precompute what it selects outside the kernel and pass that as an array."

PRODUCT = (
    "iterators and sizes may be added, and multiplied by constants, not by each other.\n  "
    + _PRECOMPUTE
)
DIVISOR = (
    "// and % take constants on their right here.\n"
    "  Compute the quotient before the call and pass it as an integer argument."
)
DIVISION_BY_ZERO = "it divides by zero.\n  Write another divisor."
TRUE_DIVISION = "/ gives a float.\n  Write // for the floored quotient."
INDIRECTION = (
    "it is read from an array, and indices read from data are not part of the kernel language.\n"
    "  Gather the elements before the call, and index the gathered array by the loop variables."
)
TRUTH_VALUE = "it is a truth value, not an integer.\n  Write an if around the statement."
CONDITIONAL = (
    "its value depends on a condition.\n"
    "  Write an if with one statement for each case, or min and max."
)
CALL = (
    "only min, max, len and sizes may stand in it.\n"
    "  Compute it before the call and pass it as an integer argument."
)
OTHER_OPERATION = (
    "only +, -, products with constants, // and % by constants, min and max may stand in it.\n"
    "  Compute it before the call and pass it as an integer argument."
)


def not_affine(role: str, whole: str, culprit: str, reason: str) -> str:
    """`reason` explains `culprit`, the part of the `role` `whole` that breaks the rule."""
    part = "" if whole == culprit else f" in {whole}"
    return f"the {role} {culprit}{part} is not affine: {reason}"


def data_name(name: str, reason: str) -> str:
    return (
        f"{name} is data, because {reason}.\n"
        "  Write the index in terms of loop variables and sizes, "
        "or precompute it outside the kernel."
    )


def assigned_data(name: str, line: int) -> str:
    return f"line {line} assigns a value to it that is no sum of loop variables and sizes"


def reassigned_in_loop(name: str, line: int) -> str:
    return f"line {line} assigns it again in the loop"


def assigned_in_block(name: str, line: int) -> str:
    return f"line {line} assigns it in a loop or branch that may not run"


def scalar_argument(name: str, dtype: str) -> str:
    return (
        f"{name} is an argument of type {dtype}, not an integer.\n"
        f"  Pass an int, and write its conversion outside the kernel."
    )


def constant(kind: str) -> str:
    return f"it is a {kind}, not an integer.\n  Write an integer constant."


def variable_step(text: str) -> str:
    return _two(
        f"the loop step {text} is not a constant: a step is an integer constant, not zero",
        f"Loop over range(...) with step 1 and multiply, or make {text} a global constant.",
    )


ZERO_STEP = _two("the loop step is zero: range() refuses it too", "Write a step other than zero.")


def dimension(text: str, rank: int) -> str:
    return _two(
        f"{text} is no dimension of an array of rank {rank}",
        f"Write a constant from 0 to {rank - 1}.",
    )


# ---- names ---------------------------------------------------------------------------------


def unknown_name(name: str) -> str:
    return _two(
        f"the name {name} is not defined here: it is no argument, no local and no global",
        "Define it before the kernel is first called.",
    )


def no_such_member(module: str, name: str) -> str:
    return _two(f"the module {module} has no {name}", "Check the spelling.")


def read_before_assignment(name: str, line: int) -> str:
    return _two(
        f"{name} is read before it is assigned: its first assignment is in line {line}",
        f"Give {name} a value before.",
    )


def loop_variable_after(name: str, line: int) -> str:
    return _two(
        f"the loop variable {name} is read outside its loop (line {line}): "
        "it has no value where the loop does not run",
        "Write the value in terms of the loop's bounds.",
    )


def loop_variable_assigned(name: str, line: int) -> str:
    return _two(
        f"{name} is the variable of the loop in line {line}, and the loop alone assigns it",
        "Use another name.",
    )


def loop_variable_shadows(name: str, line: int) -> str:
    return _two(
        f"the loop variable {name} is already the variable of the loop around it, in line {line}",
        "Use another name.",
    )


def loop_variable_hides(name: str) -> str:
    return _two(
        f"the loop variable {name} has the name of an argument, a size or an array",
        "Use another name.",
    )


def loop_variable_is_data(name: str, line: int) -> str:
    return _two(
        f"{name} is both a loop variable (line {line}) and a scalar local",
        "Use two names.",
    )


def foreign_symbol(name: str, known: Sequence[str]) -> str:
    listed = ", ".join(known) or "none"
    return _two(
        f"the size symbol {name} is no extent of this kernel's arguments; those are: {listed}",
        f"Use {name} in an annotation, or pass the size as an integer argument.",
    )


# ---- captured values -----------------------------------------------------------------------


def captured_module(name: str) -> str:
    return _two(
        f"the module {name} is not known to kernels: those are math, numpy and polyopt",
        "Name the number that is needed outside: x = module.x.",
    )


def captured_array(name: str) -> str:
    return _two(
        f"{name} is an array outside the kernel: arrays come in as arguments",
        f"Make {name} an argument.",
    )


def captured_value(name: str, kind: str) -> str:
    return _two(
        f"{name} is a {kind}: of the names outside, a kernel reads numbers only",
        "Pass numbers or arrays as arguments.",
    )


def numpy_function(name: str) -> str:
    leaf = name.rsplit(".", 1)[-1]
    known = {"absolute": "abs", "abs": "abs", "maximum": "max", "minimum": "min"}
    instead = known.get(leaf, f"math.{leaf}" if leaf in SCALAR_MATH else "")
    fix = (
        f"Write {instead} on elements."
        if instead
        else "Write loops over elements, with the functions of math."
    )
    return _two(
        f"NumPy's function {name} is not part of the kernel language, which computes elements", fix
    )


SCALAR_MATH = frozenset(
    "sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh hypot fmod copysign "
    "floor ceil trunc isnan isinf isfinite fabs".split()
)


def numpy_cast(name: str) -> str:
    return _two(
        f"the conversion {name}(...) is not part of the kernel language",
        "Write float(x), int(x) or bool(x), or store into an array of that type.",
    )


def unknown_function(name: str) -> str:
    return _two(
        f"{name} is a function that kernels do not know",
        "Write its expression in place; math.*, min, max, abs, float, int and bool are known.",
    )


def function_as_value(name: str) -> str:
    return _two(f"{name} is a function or a type, not a number", "Call it, or leave it out.")


def module_as_value(name: str) -> str:
    return _two(f"{name} is a module, not a number", "Name one of its members.")


# ---- calls ---------------------------------------------------------------------------------


def unknown_call(function: ast.expr, text: str) -> str:
    if isinstance(function, ast.Attribute):
        return _two(
            f"{text} is a method, and values in a kernel have none",
            "Write loops over elements.",
        )
    if isinstance(function, ast.Name):
        return _two(f"{text} is not a function here", "Write an expression of elements.")
    return construct(function)


def call_form(name: str) -> str:
    return _two(f"{name} takes plain positional arguments here", "Write them in order.")


def misplaced_call(module: str, name: str) -> str:
    if module == "numpy":
        return _two(
            f"np.{name} makes an array, and stands alone on the right of an assignment",
            f"Write a = np.{name}(...) at the top level of the kernel.",
        )
    if name == "range":
        return _two("range stands in the head of a for loop only", "Write for v in range(...).")
    return _two(f"po.{name} is a statement, not a value", "Write it on a line of its own.")


def unknown_math(name: str) -> str:
    return _two(
        f"math.{name} is not part of the kernel language",
        "Known are the functions of one or two floats, such as math.sqrt, math.exp and math.atan2.",
    )


def argument_count(name: str, needed: int, given: int) -> str:
    word = "argument" if needed == 1 else "arguments"
    return _two(f"{name} takes {needed} {word} here, not {given}", "Write them out.")


def reduction_call(name: str) -> str:
    return _two(
        f"{name} takes two or more numbers here",
        f"Write a loop with m = {name}(m, A[i]).",
    )


LENGTH = _two("len takes the name of an array", "Write len(A) or A.shape[0].")

# ---- arrays --------------------------------------------------------------------------------


def whole_array(name: str, rank: int) -> str:
    subscripts = ", ".join("ijkl"[:rank]) if rank <= 4 else "..."
    return _two(
        f"{name} is an array, and a kernel computes single elements",
        f"Write {name}[{subscripts}] in loops over its elements.",
    )


def array_attribute(name: str, attribute: str) -> str:
    return _two(
        f"{name}.{attribute} is not part of the kernel language: of an array it reads elements, "
        "shape, ndim and dtype",
        "Write loops over elements.",
    )


def attribute(text: str) -> str:
    return _two(f"{text} is an attribute, and values in a kernel have none", "Use plain names.")


def attribute_target(text: str) -> str:
    return _two(
        f"{text} is assigned, and a kernel assigns scalar locals and array elements only",
        "Pass an array and assign to its elements.",
    )


def not_an_array(text: str) -> str:
    return _two(f"{text} is no array, so it has no elements", "Subscript an array argument.")


def rank(name: str, dimensions: int, given: int, text: str) -> str:
    if given < dimensions:
        rule = f"{text} is a view of {dimensions - given} dimensions, not an element"
    else:
        rule = f"{text} has {given} subscripts"
    word = "dimension" if dimensions == 1 else "dimensions"
    return _two(
        f"{rule}: {name} has {dimensions} {word}",
        f"Write {dimensions} {'subscript' if dimensions == 1 else 'subscripts'}.",
    )


def slice_of(name: str) -> str:
    return _two(
        f"a slice of {name} is an array, and a kernel computes single elements",
        "Write a loop over the slice's elements.",
    )


def odd_subscript(text: str, name: str) -> str:
    return _two(
        f"{text} is no subscript for an element of {name}",
        "Write integers: sums of loop variables and sizes.",
    )


def fancy_index(name: str, text: str) -> str:
    return _two(
        f"{name} is indexed by the array {text}, which gives an array",
        "Write a loop over its elements.",
    )


def array_alias(name: str) -> str:
    return _two(f"a second name for the array {name} is not allowed", f"Use {name} itself.")


def array_rebound(name: str) -> str:
    return _two(
        f"{name} is an array, and its name stays with it",
        f"Assign to its elements in loops, or use another name than {name}.",
    )


def array_and_scalar(name: str) -> str:
    return _two(f"{name} names both a scalar and an array", "Use two names.")


def whole_shape(text: str) -> str:
    return _two(
        f"{text} is a tuple, and a kernel has no tuple values",
        "Unpack it (n, m = A.shape), or name one extent (n = A.shape[0]).",
    )


ARRAY_TARGET = _two(
    "a new array is assigned to a plain name", "Write tmp = np.zeros(...), then copy elements."
)


def local_array_place(name: str) -> str:
    return _two(
        f"the local array {name} is made inside a loop or branch",
        "Make it once at the top level of the kernel, and fill it where it is needed.",
    )


def array_keyword(function: str, keyword: str, names: Sequence[str]) -> str:
    return _two(
        f"np.{function} takes {', '.join(names)} here, not {keyword}", f"Leave {keyword} out."
    )


def array_arguments(function: str, names: Sequence[str]) -> str:
    return _two(
        f"np.{function} takes {', '.join(names)} here",
        f"Write np.{function}({', '.join(n for n in names if n != 'dtype')}).",
    )


RANK_ZERO = _two("an array of no dimensions is a scalar", "Write x = 0.0.")


def dtype(text: str) -> str:
    return _two(
        f"{text} is no element type of kernels: those are f64, f32, i64, i32 and bool",
        "Write np.float64, np.float32, np.int64, np.int32 or np.bool_.",
    )


# ---- expressions ---------------------------------------------------------------------------

MATRIX_PRODUCT = _two(
    "@ multiplies whole arrays, and a kernel computes single elements",
    "Write the three loops: C[i, j] += A[i, k] * B[k, j].",
)
INTEGER_POWER = _two(
    "the type of an integer ** exponent depends on the exponent's sign",
    "Use a constant exponent that is not negative, or a float base.",
)

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>", "invert": "~", "neg": "-",
}  # fmt: skip


def operands(op: str, kind: str) -> str:
    sign = _SIGNS[op]
    if kind == "float":
        return _two(f"{sign} works on integers and bools, not on floats", "Convert with int(x).")
    return _two(
        f"{sign} on bools is refused, as by NumPy, or computed in 8 bits",
        "Write and, or, not, or convert with int(x).",
    )


def comparison(kind: str) -> str:
    words = {"Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in"}
    return _two(
        f"{words.get(kind, kind)} compares objects, and a kernel has numbers only",
        "Compare with ==, !=, <, <=, > or >=.",
    )


def literal(value: object) -> str:
    if isinstance(value, str | bytes):
        return _two("a kernel has no strings", "Leave it out.")
    if isinstance(value, complex):
        return _two(
            "complex numbers are not part of the kernel language",
            "Use two arrays, real and imaginary parts.",
        )
    return _two(f"{value!r} is not a number", "Write a number.")


def out_of_range(fact: str) -> str:
    return _two(f"{fact}, and integers in a kernel have fixed sizes", "Write a float, or scale.")


# ---- statements ----------------------------------------------------------------------------

BARE_ANNOTATION = _two("a declaration without a value does nothing here", "Assign a value.")
NESTED_TARGET = _two(
    "the left side of a tuple assignment is a flat list of names and elements",
    "Write one assignment for each.",
)


def unpacked_shape(text: str, rank: int, targets: int) -> str:
    return _two(
        f"{text} has {rank} extents, and {targets} names stand on the left",
        "Write one name for each extent.",
    )


def unpacked_value(text: str) -> str:
    return _two(
        f"{text} is not a tuple that can be unpacked: those are A.shape and a, b",
        "Write one assignment for each name.",
    )


def unpacked_count(targets: int, values: int) -> str:
    return _two(
        f"{values} values are assigned to {targets} targets",
        "Write as many of one as of the other.",
    )


def unused_value(text: str) -> str:
    return _two(f"the value of {text} is not used", "Assign it, or leave the line out.")


def return_value(text: str) -> str:
    return _two(
        f"a kernel returns nothing, and this one returns {text}",
        "Pass an array for the result and assign to its elements.",
    )


EARLY_RETURN = _two(
    "return stands at the very end of a kernel only",
    "Put what follows under an if.",
)
LOOP_ELSE = _two(
    "a loop of a kernel has no else, since nothing breaks it",
    "Write these statements after the loop.",
)
LOOP_TARGET = _two("a loop has one variable, a plain name", "Write for i in range(n).")
RANGE_FORM = _two(
    "range takes one to three plain arguments", "Write range(stop) or range(start, stop, step)."
)


def loop_over(node: ast.expr, text: str) -> str:
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    fixes = {
        "reversed": "Write range(stop - 1, start - 1, -1).",
        "enumerate": "Write for i in range(len(A)), and A[i] in the body.",
        "zip": "Write for i in range(len(A)), and A[i], B[i] in the body.",
        "prange": "Write range: what can run in parallel is found, not stated.",
    }
    default = "Write for i in range(n), and A[i] in the body."
    return _two(f"a loop runs over range(...), not over {text}", fixes.get(name, default))


WITH = _two(
    'of with statements only with po.label("name"): is known', "Leave the with out of the kernel."
)
LABEL_FORM = _two(
    "a label is one identifier in quotes, since scripts refer to it",
    'Write with po.label("update"):.',
)
NESTED_LABEL = _two("a label stands inside another label", "Give each statement one label.")
ASSUME_FORM = _two("po.assume takes one condition", "Write po.assume(n > 0).")
ASSUMPTION_PLACE = _two(
    "an assumption stands inside a loop or branch: it is checked once, before anything runs",
    "Write it at the top level of the kernel, about sizes and integer arguments.",
)


def assumption_on_data(text: str) -> str:
    return (
        f"the assumption {text} is not affine in sizes and integer arguments: data are not known "
        "when a call is checked.\n  Test it before the call, or write an if."
    )


def false_assumption(text: str) -> str:
    return _two(f"the assumption {text} is never true", "Correct it.")


# ---- arguments -----------------------------------------------------------------------------


def star_arguments(name: str) -> str:
    return _two(
        f"a kernel has a fixed list of arguments, and *{name} is open", "Name every argument."
    )


def default_value(text: str) -> str:
    return _two(
        f"the default value {text} is not a number written out",
        "Write a number, or pass the argument.",
    )


def partly_annotated(name: str) -> str:
    return _two(
        f"either every argument has an annotation or none has, and {name} has none",
        f"Annotate {name}, for example {name}: po.f64[N].",
    )


def annotation(name: str, text: str) -> str:
    return _two(
        f"the annotation {text} of {name} states no type of kernels",
        "Write po.f64[N, M] for an array, po.f64, float, int or bool for a scalar.",
    )


def undetermined_size(name: str, extent: str) -> str:
    return _two(
        f"the size {name} cannot be found from the arguments: it occurs only in {extent}",
        f"Let some extent be exactly {name}, or add an integer argument {name}.",
    )
