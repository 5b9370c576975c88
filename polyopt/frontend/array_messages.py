"""What the front end says of arrays: whole ones, views, subscripts, local arrays."""

from __future__ import annotations

from collections.abc import Sequence

from polyopt.frontend.constructs import Text, words


def whole_array(name: str, rank: int) -> str:
    """An array where a number is needed."""
    subscripts = (", ".join("ijkl"[:rank]) if rank <= 4 else "...") or "()"
    return words(
        f"{name} is an array, and a kernel computes single elements",
        f"Write {name}[{subscripts}] in loops over its elements.",
    )


ARRAY_ATTRIBUTE = Text(
    "{name}.{attribute} is not part of the kernel language: "
    "of an array it reads elements, shape, ndim and dtype",
    "Write loops over elements.",
)
ATTRIBUTE = Text(
    "{text} is an attribute, and values in a kernel have none",
    "Use plain names.",
)
ATTRIBUTE_TARGET = Text(
    "{text} is assigned, and a kernel assigns scalar locals and array elements only",
    "Pass an array and assign to its elements.",
)
NOT_AN_ARRAY = Text(
    "{text} is no array, so it has no elements",
    "Subscript an array argument.",
)


def rank(name: str, dimensions: int, given: int, text: str) -> str:
    """Too few or too many subscripts."""
    if given < dimensions:
        rule = f"{text} is a view, not an element"
    else:
        rule = f"{text} has {given} subscripts"
    word = "dimension" if dimensions == 1 else "dimensions"
    return words(
        f"{rule}: {name} has {dimensions} {word}",
        f"Write {dimensions} {'subscript' if dimensions == 1 else 'subscripts'}.",
    )


SLICE_OF = Text(
    "a slice of {name} is an array, and a kernel computes single elements",
    "Write a loop over the slice's elements.",
)
ODD_SUBSCRIPT = Text(
    "{text} is no subscript for an element of {name}",
    "Write integers: sums of loop variables and sizes.",
)
FANCY_INDEX = Text(
    "{name} is indexed by the array {text}, which gives an array",
    "Write a loop over its elements.",
)
ARRAY_ALIAS = Text(
    "a second name for the array {name} is not allowed",
    "Use {name} itself.",
)
ARRAY_REBOUND = Text(
    "{name} is an array, and its name stays with it",
    "Assign to its elements in loops, or use another name than {name}.",
)
ARRAY_AND_SCALAR = Text(
    "{name} names both a scalar and an array",
    "Use two names.",
)
WHOLE_SHAPE = Text(
    "{text} is a tuple, and a kernel has no tuple values",
    "Unpack it (n, m = A.shape), or name one extent (n = A.shape[0]).",
)
ARRAY_TARGET = words(
    "a new array is assigned to a plain name", "Write tmp = np.zeros(...), then copy elements."
)
LOCAL_ARRAY_EXTENT = Text(
    "the local array {name} is made in a loop, and its extent {extent} changes there",
    "Make it as large as it gets, by sizes alone, and use a part of it.",
)
LOCAL_ARRAY_ENDED = Text(
    "the local array {name} is made in a loop or branch that has ended",
    "Make it before that, at the top level of the kernel.",
)
LOCAL_ARRAY_AGAIN = Text(
    "the local array {name} was made before, with another shape or type",
    "Use two names.",
)


def array_keyword(function: str, keyword: str, names: Sequence[str]) -> str:
    """A keyword of `np.zeros` and its like that kernels do not take."""
    return words(
        f"np.{function} takes {', '.join(names)} here, not {keyword}", f"Leave {keyword} out."
    )


def array_arguments(function: str, names: Sequence[str]) -> str:
    """A call of `np.zeros` and its like with too few or too many arguments."""
    return words(
        f"np.{function} takes {', '.join(names)} here",
        f"Write np.{function}({', '.join(n for n in names if n != 'dtype')}).",
    )


RANK_ZERO = words("an array of no dimensions is a scalar", "Write x = 0.0.")


DTYPE = Text(
    "{text} is no element type of kernels: those are f64, f32, f16, c128, c64, i64 to i8, "
    "u64 to u8 and bool",
    "Write np.float64, np.float32, np.int64, np.int32 or np.bool_.",
)
