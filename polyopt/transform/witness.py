"""The smallest case of a broken dependence: what a refusal shows."""

from __future__ import annotations

from polyopt._isl import smallest_point
from polyopt.errors import InternalError, Violation
from polyopt.model.dependences import Dependence
from polyopt.model.scop import Scop
from polyopt.transform.legality import Breach


def witness(scop: Scop, breach: Breach) -> Violation:
    """The smallest case of a breach: two instances, the element, parameter values."""
    dependence = breach.dependence
    source, sink = scop.statement(dependence.source), scop.statement(dependence.sink)
    pairs = breach.relation.intersect_params(scop.context)
    found = smallest_point(pairs.wrap(), scop.parameter_names)
    if found is None:  # of a coarse relation, no pair need be within the context
        found = smallest_point(breach.relation.wrap(), scop.parameter_names)
    if found is None:
        raise InternalError(f"a breach without a case: {dependence}", str(breach.relation))
    values, coordinates = found
    cut = len(source.iterators)
    first = tuple(zip(source.iterators, coordinates[:cut], strict=True))
    second = tuple(zip(sink.iterators, coordinates[cut:], strict=True))
    return Violation(
        kind=dependence.kind,
        source=source.name,
        sink=sink.name,
        array=dependence.array,
        element=_element(scop, dependence, {**values, **dict(first)}, {**values, **dict(second)}),
        source_instance=first,
        sink_instance=second,
        parameters=tuple(values.items()),
        source_location=source.location,
        sink_location=sink.location,
    )


def _element(
    scop: Scop, dependence: Dependence, at_source: dict[str, int], at_sink: dict[str, int]
) -> tuple[int, ...]:
    """The element that both instances touch."""

    def touched(name: str, values: dict[str, int], *, reads: bool) -> set[tuple[int, ...]]:
        return {
            tuple(s.evaluate(values) for s in access.subscripts)
            for access in scop.statement(name).accesses
            if access.array == dependence.array and (access.kind == "read") == reads
            if not any(s.is_data for s in access.subscripts)
        }

    first = touched(dependence.source, at_source, reads=dependence.kind == "anti")
    second = touched(dependence.sink, at_sink, reads=dependence.kind == "flow")
    return min(first & second, default=())
