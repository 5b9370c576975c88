"""The words of a refusal: the rule, the two instances that clash in both orders, and ways out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyopt.errors import Violation
from polyopt.model.dependences import Dependences
from polyopt.model.scop import Access, Scop
from polyopt.model.tree import Tree
from polyopt.model.types import FpMode
from polyopt.transform.edit import loop_names, places
from polyopt.transform.legality import Breach, Level, Verdict
from polyopt.transform.storage import private_depth, shared_loops

if TYPE_CHECKING:
    from polyopt.transform.schedule import Schedule

_VERBS = {
    "flow": ("writes", "reads"),
    "anti": ("reads", "overwrites"),
    "output": ("writes", "overwrites"),
    "reduction": ("updates", "updates"),
}
_WHOLE = {
    "flow": "would read {element} before it is written",
    "anti": "would overwrite {element} before it is read",
    "output": "would leave the wrong value in {element}: its writes change places",
    "reduction": "would reorder the updates of {element}",
}
_AFTER = {
    "parallel": "they run at once",
    "vector": "they run in the lanes of one vector",
    "leaf": "nothing orders them",
    "pipeline": "no wait of the pipeline orders them",
}


def describe(
    step: str, order: Schedule, verdict: Verdict, first: Violation, ways: tuple[str, ...] = ()
) -> str:
    """The message of an `IllegalScheduleError` about the order after a step; `first` is the case
    of the first breach, `ways` are scripts found to be legal instead."""
    scop, dependences = order.scop, order.dependences
    breach = verdict.breaches[0]
    element = _element(first)
    tried = ["  legal, tried for you:", *(f"    {way}" for way in ways)] if ways else []
    facts = [*_numbers(breach, order.fp), *_loops(order.tree, verdict)]
    if not any("privatize" in way for way in ways):
        facts = [*_storage(scop, dependences, breach), *facts]
    out = [*tried, *facts]
    return "\n".join(
        [
            f"{step} {_fact(breach, first, element)}.",
            "",
            *example(scop, first),
            f"    now:   {_bare(first, source=True)} runs before {_bare(first, source=False)}",
            f"    after: {_after(breach, first)}",
            *_case(first),
            *(["", *out] if out else []),
        ]
    )


def example(scop: Scop, case: Violation) -> Iterator[str]:
    """The lines of two statements, the dependence between them, and two instances that have it."""
    yield from _source_lines(case)
    yield ""
    yield f"  {_dependence(case, shared_loops(scop, {case.source, case.sink}))}"
    yield from _instances(scop, case, _element(case))


def _element(case: Violation) -> str:
    return f"{case.array}[{', '.join(map(str, case.element))}]" if case.element else case.array


def _fact(breach: Breach, case: Violation, element: str) -> str:
    if breach.where in ("parallel", "vector"):
        how = "at once" if breach.where == "parallel" else "in one vector"
        return (
            f'would run dependent iterations {how}: "{breach.loop}" carries '
            f"{_a(case.kind)} dependence through {element}"
        )
    if breach.where == "leaf":
        return f"would leave {_a(case.kind)} dependence through {element} without an order"
    return _WHOLE[case.kind].format(element=element)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "ao" else f"a {kind}"


def _source_lines(case: Violation) -> list[str]:
    rows = {case.source: case.source_location, case.sink: case.sink_location}
    ordered = sorted(rows.items(), key=lambda row: (row[1].line, row[1].column))
    width = max(len(where.text.strip()) for where in rows.values())
    return [
        f"    {where.short}    {where.text.strip():{width}}    statement {name}"
        for name, where in ordered
    ]


def _dependence(case: Violation, shared: int) -> str:
    """`shared`: how many source loops are around both statements; only these can carry it."""
    moved = case.distance
    text = f"{case.kind} dependence of {case.sink} on {case.source} through {case.array}"
    if moved:
        text += f", distance ({', '.join(f'{n}: {d}' for n, d in moved.items())})"
    loops = [name for name, _ in case.source_instance[:shared]]
    carrier = next((name for name in loops if moved[name]), None)
    return f"{text}, carried by {carrier}" if carrier else text


def _instances(scop: Scop, case: Violation, element: str) -> Iterator[str]:
    verbs = _VERBS[case.kind]
    sides = (
        (_named(case.source, case.source_instance), verbs[0], case.source, case.source_instance),
        (_named(case.sink, case.sink_instance), verbs[1], case.sink, case.sink_instance),
    )
    wide, verb_width = max(len(s[0]) for s in sides), max(len(s[1]) for s in sides)
    for name, verb, statement, instance in sides:
        written = _as_written(scop, case, statement, dict(instance), verb)
        yield f"    {name:{wide}}  {verb:{verb_width}}  {element}{written}"


def _as_written(
    scop: Scop, case: Violation, statement: str, instance: dict[str, int], verb: str
) -> str:
    """` as A[i - 1, j + 1]`, where a read's subscripts are not plainly its instance's."""
    if verb != "reads":
        return ""
    values = {**dict(case.parameters), **instance}

    def is_it(access: Access) -> bool:
        if any(s.is_data for s in access.subscripts):
            return False
        place = tuple(s.evaluate(values) for s in access.subscripts)
        return (access.array, access.kind, place) == (case.array, "read", case.element)

    found = next((a for a in scop.statement(statement).accesses if is_it(a)), None)
    if found is None or not found.subscripts:
        return ""
    return f"  as {found.array}[{', '.join(map(str, found.subscripts))}]"


def _named(name: str, values: tuple[tuple[str, int], ...]) -> str:
    return f"{name}[{', '.join(f'{n}={v}' for n, v in values)}]"


def _bare(case: Violation, *, source: bool) -> str:
    name, instance = (
        (case.source, case.source_instance) if source else (case.sink, case.sink_instance)
    )
    return f"{name}[{', '.join(str(v) for _, v in instance)}]"


def _after(breach: Breach, case: Violation) -> str:
    swapped = f"{_bare(case, source=False)} runs before {_bare(case, source=True)}"
    return _AFTER.get(breach.where, swapped)


def _case(case: Violation) -> Iterator[str]:
    sizes = ", ".join(f"{n} = {v}" for n, v in case.parameters)
    if sizes:
        yield f"    smallest case found: {sizes}"


# ---- ways out, each of them a fact already known --------------------------------------------


def _storage(scop: Scop, dependences: Dependences, breach: Breach) -> Iterator[str]:
    array = breach.dependence.array
    declared = scop.array(array)
    free = declared.kind == "local" and array not in dict(scop.private)
    if free and private_depth(scop, dependences, array):
        yield f'  s.privatize("{array}") first gives every iteration a copy of its own'


def _numbers(breach: Breach, fp: FpMode) -> Iterator[str]:
    if breach.dependence.kind != "reduction":
        return
    if fp == "strict":
        yield '  fp="reassociate" lets this reduction be reordered, and run in vectors'
    elif breach.where == "parallel":
        yield "  threads do not share a reduction: run a loop around it in parallel, or vectorize"


def _loops(tree: Tree, verdict: Verdict) -> Iterator[str]:
    """The loops around the two statements that may be marked as they stand."""
    breach = verdict.breaches[0]
    if breach.where not in ("parallel", "vector"):
        return
    word = "parallel" if breach.where == "parallel" else "vectorize"
    names = {(p.path, p.position): n for n, p in zip(loop_names(tree), places(tree), strict=True)}
    ends = {breach.dependence.source, breach.dependence.sink}

    def fits(level: Level) -> bool:
        free = level.is_parallel if word == "parallel" else level.is_vector
        return free and ends <= set(level.member.statements)

    found = [names[lv.path, lv.position] for lv in verdict.levels if fits(lv)]
    if found:
        steps = ", ".join(f's.{word}("{n}")' for n in found)
        yield f"  legal as it stands: {steps}"
