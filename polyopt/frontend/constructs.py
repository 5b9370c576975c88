"""What the front end says of statements and of constructs that have no reader.

A refusal names the construct and the rule in its first line, and says in the second, indented,
what to write instead.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A refusal with places for facts in braces: the rule, and what to write instead."""

    rule: str
    fix: str

    def __call__(self, **facts: object) -> str:
        """The text with these facts."""
        return f"{self.rule.format(**facts)}.\n  {self.fix.format(**facts)}"


def words(rule: str, fix: str) -> str:
    """A refusal without places for facts."""
    return f"{rule}.\n  {fix}"


# ---- constructs without a reader -----------------------------------------------------------

CONSTRUCTS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Break: (
        "break stands in a loop's own branches",
        "Put it under an if of the loop that it leaves.",
    ),
    ast.Continue: (
        "continue stands in a loop's own branches, not inside a with",
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
    return words(*CONSTRUCTS.get(kind, fallback))


# ---- statements ----------------------------------------------------------------------------

BARE_ANNOTATION = words("a declaration without a value does nothing here", "Assign a value.")
NESTED_TARGET = words(
    "the left side of a tuple assignment is a flat list of names and elements",
    "Write one assignment for each.",
)
UNPACKED_SHAPE = Text(
    "{text} has {rank} extents, and {targets} names stand on the left",
    "Write one name for each extent.",
)
UNPACKED_VALUE = Text(
    "{text} is not a tuple that can be unpacked: those are A.shape and a, b",
    "Write one assignment for each name.",
)
UNPACKED_COUNT = Text(
    "{values} values are assigned to {targets} targets",
    "Write as many of one as of the other.",
)
UNUSED_VALUE = Text(
    "the value of {text} is not used",
    "Assign it, or leave the line out.",
)
RETURN_SOMETIMES = Text(
    "some ways through the kernel end with {text}, and others with no value",
    "End every way with return and a value.",
)
RETURN_DIFFERS = Text(
    "{text} has another form than the return before: every return gives as many values, and an "
    "array in one place is the same array in all",
    "Assign the values to names or elements in the branches, and return once.",
)
EARLY_RETURN = words(
    "this return stands inside a with, and more follows it",
    "Put it behind the with.",
)
LOOP_ELSE = words(
    "a loop of a kernel has no else",
    "Write these statements after the loop, under an if where a break would leave them out.",
)
LOOP_TARGET = words("a loop has one variable, a plain name", "Write for i in range(n).")
RANGE_FORM = words(
    "range takes one to three plain arguments", "Write range(stop) or range(start, stop, step)."
)


def loop_over(node: ast.expr, text: str) -> str:
    """A loop over something else than `range`."""
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    fixes = {
        "reversed": "Write range(stop - 1, start - 1, -1).",
        "enumerate": "Write for i in range(len(A)), and A[i] in the body.",
        "zip": "Write for i in range(len(A)), and A[i], B[i] in the body.",
        "prange": "Write range: what can run in parallel is found, not stated.",
    }
    default = "Write for i in range(n), and A[i] in the body."
    return words(f"a loop runs over range(...), not over {text}", fixes.get(name, default))


WITH = words(
    'of with statements only with po.label("name"): is known', "Leave the with out of the kernel."
)
LABEL_FORM = words(
    "a label is one identifier in quotes, since scripts refer to it",
    'Write with po.label("update"):.',
)
NESTED_LABEL = words("a label stands inside another label", "Give each statement one label.")
ASSUME_FORM = words("po.assume takes one condition", "Write po.assume(n > 0).")
ASSUMPTION_PLACE = words(
    "an assumption stands inside a loop or branch: it is checked once, before anything runs",
    "Write it at the top level of the kernel, about sizes and integer arguments.",
)
ASSUMPTION_ON_DATA = Text(
    "the assumption {text} is not affine in sizes and integer arguments: "
    "data are not known when a call is checked",
    "Test it before the call, or write an if.",
)
FACT_FORM = Text(
    "po.{kind} speaks of one array argument of rank 1",
    "Write po.assume(po.{kind}(idx)), where idx is an argument.",
)
WITHIN_FORM = words(
    "po.within speaks of one array argument of rank 1 and two limits",
    "Write po.assume(po.within(idx, 0, n)), where idx is an argument.",
)
FACT_TYPE = Text(
    "{name} has elements of type {dtype}, and facts are stated of integers that index arrays",
    "Pass an array of integers.",
)
FACT_WRITTEN = Text(
    "the kernel writes {name}, and the assumption {text} is checked before it runs",
    "Compute {name} in a kernel of its own, and pass it to this one.",
)
FALSE_ASSUMPTION = Text(
    "the assumption {text} is never true",
    "Correct it.",
)


# ---- arguments -----------------------------------------------------------------------------


STAR_ARGUMENTS = Text(
    "a kernel has a fixed list of arguments, and *{name} is open",
    "Name every argument.",
)
DEFAULT_VALUE = Text(
    "the default value {text} is not a number written out",
    "Write a number, or pass the argument.",
)
PARTLY_ANNOTATED = Text(
    "either every argument has an annotation or none has, and {name} has none",
    "Annotate {name}, for example {name}: po.f64[N].",
)
ANNOTATION = Text(
    "the annotation {text} of {name} states no type of kernels",
    "Write po.f64[N, M] for an array, po.f64, float, int or bool for a scalar.",
)
UNDETERMINED_SIZE = Text(
    "the size {name} cannot be found from the arguments: it occurs only in {extent}",
    "Let some extent be exactly {name}, or add an integer argument {name}.",
)
