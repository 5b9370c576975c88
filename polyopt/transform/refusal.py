"""The words of a refusal: the rule, the two instances that clash, and where it happens."""

from __future__ import annotations

from collections.abc import Sequence

from polyopt.errors import Violation
from polyopt.transform.legality import Breach

_VERBS = {"flow": ("writes", "reads"), "anti": ("reads", "overwrites"), "output": ("writes",) * 2}


def describe(step: str, breach: Breach, violations: Sequence[Violation]) -> str:
    """The message of an `IllegalScheduleError` for one step."""
    first = violations[0]
    element = (
        f"{first.array}[{', '.join(map(str, first.element))}]" if first.element else first.array
    )
    head = f"{step} {_fact(breach, first, element)}"
    lines = [head, "", *_source_lines(first), ""]
    distance = ", ".join(f"{n}: {d}" for n, d in first.distance.items())
    shown = f", distance ({distance})" if distance else ""
    lines.append(
        f"  {first.kind} dependence of {first.sink} on {first.source} through {first.array}{shown}"
    )
    verbs = _VERBS.get(first.kind, ("updates", "updates"))
    sizes = ", ".join(f"{n} = {v}" for n, v in first.parameters)
    lines.append(f"    {_instance(first.source, first.source_instance)}  {verbs[0]} {element}")
    lines.append(f"    {_instance(first.sink, first.sink_instance)}  {verbs[1]} {element}")
    if sizes:
        lines.append(f"    smallest case found: {sizes}")
    return "\n".join(lines)


def _fact(breach: Breach, first: Violation, element: str) -> str:
    if breach.where == "parallel":
        return (
            f'would run dependent iterations at once: "{breach.loop}" carries a '
            f"{first.kind} dependence through {element}."
        )
    if breach.where == "vector":
        return (
            f'would run dependent iterations in one vector: "{breach.loop}" carries a '
            f"{first.kind} dependence through {element}."
        )
    facts = {
        "flow": f"would read {element} before it is written.",
        "anti": f"would overwrite {element} before it is read.",
        "output": f"would write {element} in the wrong order.",
    }
    return facts.get(first.kind, f"would reorder the sum into {element}, which fp forbids.")


def _source_lines(first: Violation) -> list[str]:
    rows = {first.source: first.source_location, first.sink: first.sink_location}
    return [
        f"    {loc.short:16} {loc.text.strip():50} statement {name}" for name, loc in rows.items()
    ]


def _instance(name: str, values: tuple[tuple[str, int], ...]) -> str:
    return f"{name}[{', '.join(f'{n}={v}' for n, v in values)}]"
