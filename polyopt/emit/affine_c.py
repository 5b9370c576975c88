"""Quasi-affine expressions and conditions in C."""

from __future__ import annotations

from polyopt.emit.scope import Scope
from polyopt.emit.text import Level, Text, call, infix, prefix, primary
from polyopt.model.affine import Affine, All, Any, Atom, Compare, Condition, Extreme, Floor, Mod, Not

_NEGATED = {"<": ">=", "<=": ">", "==": "!=", "!=": "==", ">=": "<", ">": "<="}


def integer(value: int) -> Text:
    """A 64-bit integer constant."""
    if value == -(2**63):
        return primary("INT64_MIN")
    return Text(str(value), Level.UNARY if value < 0 else Level.PRIMARY)


def affine(value: Affine, scope: Scope) -> Text:
    """An affine as C, terms to be added before those to be subtracted."""
    plus = [(a, f) for a, f in value.terms if f > 0]
    minus = [(a, f) for a, f in value.terms if f < 0]
    lead = value.constant if not plus and (value.constant > 0 or not minus) else 0
    parts = [_term(a, f, scope) for a, f in plus]
    result = parts[0] if parts else None
    for part in parts[1:]:
        result = _sum("+", result, part)
    if result is None and (lead or not minus):
        result = integer(lead)
    for atom, factor in minus:
        part = _term(atom, -factor, scope)
        result = prefix("-", part) if result is None else _sum("-", result, part)
    rest = value.constant - lead
    if rest:
        result = _sum("+" if rest > 0 else "-", result, integer(abs(rest)))
    assert result is not None
    return result


def _sum(operator: str, left: Text | None, right: Text) -> Text:
    assert left is not None
    return infix(operator, left, right, Level.SUM)


def _term(atom: Atom, factor: int, scope: Scope) -> Text:
    text = _atom(atom, scope)
    return text if factor == 1 else infix("*", integer(factor), text, Level.PRODUCT)


def _atom(atom: Atom, scope: Scope) -> Text:
    match atom:
        case str():
            return primary(scope.value(atom))
        case Floor(numerator, denominator, exact) | Mod(numerator, denominator, exact):
            quotient = isinstance(atom, Floor)
            top, bottom = affine(numerator, scope), integer(denominator)
            if exact:
                return infix("/" if quotient else "%", top, bottom, Level.PRODUCT)
            return call(scope.helper("floord" if quotient else "pmod"), top, bottom)
        case Extreme(kind, operands):
            texts = [affine(o, scope) for o in operands]
            result = texts[-1]
            for text in reversed(texts[:-1]):
                result = call(scope.helper(kind), text, result)
            return result


def condition(value: Condition, scope: Scope) -> Text:
    """A condition as C."""
    match value:
        case Compare(relation, left, right):
            level = Level.EQUALITY if relation in ("==", "!=") else Level.RELATION
            return infix(relation, affine(left, scope), affine(right, scope), level)
        case All(operands):
            return _join("&&", [condition(o, scope) for o in operands], Level.AND, "1")
        case Any(operands):
            return _join("||", [condition(o, scope) for o in operands], Level.OR, "0")
        case Not(operand):
            return negation(operand, scope)


def negation(value: Condition, scope: Scope) -> Text:
    """The opposite of a condition as C, without a `!` where that is easy to avoid."""
    match value:
        case Compare(relation, left, right):
            return condition(Compare(_NEGATED[relation], left, right), scope)  # type: ignore[arg-type]
        case Not(operand):
            return condition(operand, scope)
        case All(operands):
            return _join("||", [negation(o, scope) for o in operands], Level.OR, "0")
        case Any(operands):
            return _join("&&", [negation(o, scope) for o in operands], Level.AND, "1")


def _join(operator: str, parts: list[Text], level: Level, empty: str) -> Text:
    """Operands joined; those of `||` that are `&&` get the brackets gcc asks for."""
    if len(parts) < 2:
        return parts[0] if parts else primary(empty)
    least = Level.EQUALITY if level is Level.AND else Level.BIT_OR
    return Text(f" {operator} ".join(p.at(least) for p in parts), level)
