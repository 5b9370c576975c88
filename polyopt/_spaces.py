"""Spaces of isl by the names in them, and numbers: what `_isl` builds on.

All of it is kept and used again: isl copies what it changes, and what it is given to keep costs
32 bytes for ever (tests/runtime/test_leaks.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import islpy as isl

_RESERVED = frozenset(
    {
        *("and", "ceil", "ceild", "exists", "false", "floor", "floord", "implies", "infinity"),
        *("infty", "max", "min", "mod", "nan", "not", "or", "rat", "true"),
    }
)
_LOOP_NAME = re.compile(r"c\d+")
_IN, _PARAM, _SET = (
    isl.dim_type.in_,
    isl.dim_type.param,
    isl.dim_type.set,
)


@lru_cache(maxsize=4096)
def mangle(name: str) -> str:
    """A name that isl's parser accepts as an identifier, and that no loop of its AST can have.

    isl reads its keywords in any case, and identifiers in ASCII only. Different names stay
    different: what ends in two underscores is always the result of this function.
    """
    plain = "".join(c if c.isascii() else f"_u{ord(c):x}_" for c in name)
    special = name.lower() in _RESERVED or _LOOP_NAME.fullmatch(name) or name.endswith("__")
    return f"{plain}__" if special or plain != name else name


def space(parameters: Sequence[str], name: str | None, iterators: Sequence[str]) -> isl.Space:
    """The set space `[parameters] -> { name[iterators] }`."""
    return _space(tuple(parameters), name, tuple(iterators))


@lru_cache(maxsize=512)
def _space(
    parameters: tuple[str, ...], name: str | None, iterators: tuple[str | None, ...]
) -> isl.Space:
    """The space; an iterator of None has no name."""
    result = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, len(parameters), len(iterators))
    for position, parameter in enumerate(parameters):
        result = result.set_dim_name(_PARAM, position, mangle(parameter))
    for position, iterator in enumerate(iterators):
        if iterator is not None:
            result = result.set_dim_name(_SET, position, mangle(iterator))
    return result if name is None else result.set_tuple_name(_SET, name)


def parameter_space(parameters: Sequence[str]) -> isl.Space:
    """The space of parameters alone."""
    return _parameter_space(tuple(parameters))


@lru_cache(maxsize=128)
def _parameter_space(parameters: tuple[str, ...]) -> isl.Space:
    return _space(parameters, None, ()).params()


Domain = tuple[tuple[str, ...], str | None, tuple[str, ...]]
"""Names of parameters, of the tuple, and of iterators."""


class Basis(NamedTuple):
    """What affines on a space are made of."""

    space: isl.Space
    universe: isl.Set
    zero: isl.Aff
    names: Mapping[str, tuple[isl.Aff, int, int]]
    """Of each parameter and iterator the function, kind and position of its coefficient."""


@lru_cache(maxsize=256)
def basis(parameters: tuple[str, ...], name: str | None, iterators: tuple[str, ...]) -> Basis:
    """What affines on a space are made of, by the names in it."""
    has_tuple = name is not None or iterators
    on = _space(parameters, name, iterators) if has_tuple else _parameter_space(parameters)
    local = isl.LocalSpace.from_space(on)
    places = [(n, _PARAM, i) for i, n in enumerate(parameters)]
    places += [(n, _SET, i) for i, n in enumerate(iterators)]
    names = {
        n: (isl.Aff.var_on_domain(local, kind, i), _IN if kind == _SET else kind, i)
        for n, kind, i in places
    }
    return Basis(on, isl.Set.universe(on), isl.Aff.zero_on_domain(local), names)


@lru_cache(maxsize=256)
def between(domain: Domain, array: str, rank: int) -> tuple[isl.Space, isl.Space]:
    """The spaces of relations from points to an array's elements, and of these."""
    target = _space(domain[0], array, (None,) * rank)
    return basis(*domain).space.map_from_domain_and_range(target), target


@lru_cache(maxsize=1024)
def val(value: int) -> isl.Val:
    """An integer of any size as isl's."""
    return (
        isl.Val.int_from_si(isl.DEFAULT_CONTEXT, value)
        if abs(value) < 2**62
        else isl.Val(str(value))
    )


def integer(value: isl.Val) -> int:
    """The integer that isl holds. Its text would be exact too, and is lost each time: 32 bytes.

    Raises ValueError for a fraction and for what is no number.
    """
    if not value.is_int():
        raise ValueError(f"{value} is no integer")
    try:
        return int(value.get_num_si())
    except isl.Error:  # more than 64 bits
        return int(value.to_str())
