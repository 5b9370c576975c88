"""Quasi-affine expressions and conditions in C."""

from __future__ import annotations

from collections.abc import Callable

from polyopt.emit.conditions import negated, simplified
from polyopt.emit.scope import Scope
from polyopt.emit.text import Level, Text, call, cast, infix, prefix, primary
from polyopt.errors import InternalError
from polyopt.model.affine import (
    Affine,
    All,
    Any,
    Atom,
    Choice,
    Compare,
    Condition,
    Extreme,
    Floor,
    Mod,
    Not,
    Opaque,
    Relation,
    extreme,
)
from polyopt.model.expr import Datum

_MIRRORED: dict[Relation, Relation] = {
    "<": ">", "<=": ">=", "==": "==", "!=": "!=", ">=": "<=", ">": "<",
}  # fmt: skip
_TIGHTENED: dict[tuple[Relation, int], Relation] = {
    ("<=", 1): "<", (">", 1): ">=", (">=", -1): ">", ("<", -1): "<=",
}  # fmt: skip
"""`left + 1 <= right` is `left < right`, and so on."""


def integer(value: int) -> Text:
    """A 64-bit integer constant."""
    if value == -(2**63):
        return primary("INT64_MIN")
    return Text(str(value), Level.UNARY if value < 0 else Level.PRIMARY)


def affine(value: Affine, scope: Scope) -> Text:
    """An affine as C, terms to be added before those to be subtracted."""
    wide = scope.wide and value.single_name is None
    value = value if wide else _constant_inside(value)
    ordered = sorted(value.terms, key=lambda term: -abs(term[1]))
    plus = [_term(a, f, wide, scope) for a, f in ordered if f > 0]
    minus = [_term(a, -f, wide, scope) for a, f in ordered if f < 0]
    constant = value.constant
    if plus:
        result = plus[0]
    elif minus and constant <= 0:
        result, minus = prefix("-", minus[0]), minus[1:]
    else:
        result, constant = integer(constant), 0
    for part in plus[1:]:
        result = infix("+", result, part, Level.SUM)
    for part in minus:
        result = infix("-", result, part, Level.SUM)
    if constant:
        result = infix("+" if constant > 0 else "-", result, integer(abs(constant)), Level.SUM)
    return result


def _constant_inside(value: Affine) -> Affine:
    """A constant beside a minimum, maximum or floored quotient moved into it.

    min(n - 1, 8 * k + 7) + 1    →    min(n, 8 * k + 8)
    floord(n - 1, 8) + 1         →    floord(n + 7, 8)
    """
    constant = value.constant
    for position, (atom, factor) in enumerate(value.terms):
        rest = Affine(value.terms[:position] + value.terms[position + 1 :])
        if factor != 1 or not constant:
            continue
        if isinstance(atom, Extreme):
            return rest + extreme(atom.kind, [o + constant for o in atom.operands])
        if isinstance(atom, Floor) and constant > 0:
            top = atom.numerator + constant * atom.denominator
            return rest + top.floordiv(atom.denominator, atom.exact)
    return value


def _term(atom: Atom, factor: int, wide: bool, scope: Scope) -> Text:
    text = _atom(atom, scope)
    if wide:
        text = cast("__int128", text)
    return text if factor == 1 else infix("*", integer(factor), text, Level.PRODUCT)


Printer = Callable[[Datum, Scope], Text]

_PRINTERS: list[Printer] = []
"""The printer of what is read from data. Expressions hold affines as subscripts, and affines hold
expressions; they meet here."""


def prints_data(printer: Printer) -> Printer:
    """Register the printer of what is read from data."""
    _PRINTERS.append(printer)
    return printer


def _atom(atom: Atom, scope: Scope) -> Text:
    match atom:
        case Datum():
            return _PRINTERS[0](atom, scope)
        case Opaque():
            raise InternalError(f"no C for {atom}")
        case str():
            return primary(scope.value(atom))
        case Extreme(kind, operands):
            texts = [affine(o, scope) for o in operands]
            result = texts[-1]
            for text in reversed(texts[:-1]):
                result = call(scope.helper(kind), text, result)
            return result
        case Choice(test, then, otherwise):
            sides = [affine(side, scope).at(Level.OR) for side in (then, otherwise)]
            return Text(
                f"{condition(test, scope).at(Level.OR)} ? {sides[0]} : {sides[1]}", Level.TERNARY
            )
        case Floor(numerator, denominator, exact) | Mod(numerator, denominator, exact):
            operator, function = ("/", "floord") if isinstance(atom, Floor) else ("%", "pmod")
            top, bottom = affine(numerator, scope), integer(denominator)
            if exact:
                return infix(operator, top, bottom, Level.PRODUCT)
            return call(scope.helper(function), top, bottom)


def condition(value: Condition, scope: Scope) -> Text:
    """A condition as C, in as few words as are easily found."""
    return _condition(simplified(value), scope)


def _condition(value: Condition, scope: Scope) -> Text:
    match value:
        case Compare(relation, left, right):
            return _comparison(relation, left - right, scope)
        case All(operands):
            return _join("&&", [_condition(o, scope) for o in operands], Level.AND, "1")
        case Any(operands):
            return _join("||", [_condition(o, scope) for o in operands], Level.OR, "0")
        case Not(operand):
            return _condition(negated(operand), scope)


def _comparison(relation: Relation, difference: Affine, scope: Scope) -> Text:
    """`difference relation 0`, each term where it is added; `i < n` for `i + 1 <= n`."""
    left = Affine.of((a, f) for a, f in difference.terms if f > 0)
    right = Affine.of((a, -f) for a, f in difference.terms if f < 0)
    constant = difference.constant
    if left.is_constant and not right.is_constant:
        left, right, constant, relation = right, left, -constant, _MIRRORED[relation]
    if (relation, constant) in _TIGHTENED and not right.is_constant:
        relation, constant = _TIGHTENED[relation, constant], 0
    level = Level.EQUALITY if relation in ("==", "!=") else Level.RELATION
    return infix(relation, affine(left, scope), affine(right - constant, scope), level)


def _join(operator: str, parts: list[Text], level: Level, empty: str) -> Text:
    """Operands joined; those of `||` that are `&&` get the brackets gcc asks for."""
    if len(parts) < 2:
        return parts[0] if parts else primary(empty)
    least = Level.EQUALITY if level is Level.AND else Level.BIT_OR
    return Text(f" {operator} ".join(p.at(least) for p in parts), level)
