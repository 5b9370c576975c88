"""Array dataflow: the last sources before each sink.

isl's analysis (Feautrier 1991; Verdoolaege, isl manual, section 1.4.2) over whole programs grows
with the square of their length. A program of many nests is gone through nest by nest: of each is
kept which elements it was the last to write, and a later nest is compared with those alone that
were the last to write something it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import islpy as isl

from polyopt._isl import coalesced, limited
from polyopt.model.kills import Kill, hidden
from polyopt.model.scop import Access, Statement

_OPERATIONS = 300_000

FEW_PARTS = 8
"""Up to this many nests that touch an array are analysed at once."""


@dataclass(frozen=True)
class Use:
    """One access with its relation, restricted to the statement's domain."""

    statement: Statement
    access: Access
    relation: isl.Map
    is_target: bool

    @property
    def is_reduction(self) -> bool:
        """Whether it is the element that a reduction updates."""
        return self.is_target and self.statement.reduction is not None


@dataclass(frozen=True)
class Order:
    """An order of instances as a map to time; `parts`: per statement the number of the nest it is
    in, where all of one nest runs before any of the next; `kills`: what hides older sources
    although it need not run."""

    time: isl.UnionMap
    parts: Mapping[str, int]
    kills: tuple[Kill, ...] = ()


@dataclass(frozen=True)
class Flow:
    """Which source instances reach which sinks; `unreached` sinks are exact, or not known."""

    pairs: isl.UnionMap
    unreached: isl.UnionSet | None


@dataclass(frozen=True)
class _Found:
    """What is found of some sinks: pairs, and the sinks' touches that no certain source precedes;
    None where that is not known."""

    pairs: isl.UnionMap
    open: isl.UnionMap | None


def last_sources(sinks: list[Use], must: list[Use], may: list[Use], order: Order) -> Flow:
    """The last sources before each sink; `may` sources do not hide earlier ones."""
    parts = {order.parts[u.statement.name] for u in (*sinks, *must, *may)}
    whole = _whole if len(parts) <= FEW_PARTS else _by_parts
    found = whole(sinks, must, may, order)
    if found.open is None:
        return Flow(found.pairs, None)
    return Flow(found.pairs, found.open.domain().subtract(found.pairs.range()))


def _by_parts(sinks: list[Use], must: list[Use], may: list[Use], order: Order) -> _Found:
    """Nest by nest, in the order of time."""
    grouped = [_grouped(uses, order) for uses in (sinks, must, may)]
    pairs = rest = isl.UnionMap.empty(order.time.get_space())
    known = True
    live: list[_Live] = []
    for part in sorted({number for group in grouped for number in group}):
        here, certain, possible = (group.get(part, []) for group in grouped)
        open_ = here
        once = _is_once(certain, possible)
        if here and (certain or possible) and not (once and here == certain):
            found = _whole(here, certain, possible, order)
            pairs = pairs.union(found.pairs)
            open_ = here if found.open is None else _kept(here, found.open)
            known = known and found.open is not None
        for before in live if open_ else ():
            reaching = before.reaching(open_)
            if reaching and before.once:
                pairs = pairs.union(_meeting(before.must[0], reaching, order))
            elif reaching:
                found = _whole(reaching, before.must, before.may, order)
                pairs = pairs.union(found.pairs)
                known = known and found.open is not None
        rest = rest.union(_union(open_, order.time))
        if certain:
            live = [left for one in live if (left := one.without(certain)) is not None]
        if certain or possible:
            live.append(_Live(certain, possible, _touched([*certain, *possible]), once))
    return _Found(coalesced(pairs), rest if known else None)


@dataclass(frozen=True)
class _Live:
    """A nest's sources, and the elements that no certain source of a later nest touches. `once`:
    there is one source, and it touches no element twice."""

    must: list[Use]
    may: list[Use]
    elements: isl.Set
    once: bool

    def reaching(self, sinks: list[Use]) -> list[Use]:
        """The sinks, where they touch the elements."""
        found = [replace(u, relation=u.relation.intersect_range(self.elements)) for u in sinks]
        return [u for u in found if not u.relation.is_empty()]

    def without(self, later: list[Use]) -> _Live | None:
        """What is left after later sources that are certain; None for nothing."""
        try:
            with limited(_OPERATIONS // 10):
                left = coalesced(self.elements.subtract(_touched(later)))
                return None if left.is_empty() else replace(self, elements=left)
        except isl.Error:
            return self


def _is_once(must: list[Use], may: list[Use]) -> bool:
    """Whether sources are a single one that touches no element twice."""
    return len(must) == 1 and not may and must[0].relation.is_injective()


def _meeting(source: Use, sinks: list[Use], order: Order) -> isl.UnionMap:
    """The pairs that touch one element, of a source in an earlier nest."""
    pairs = isl.UnionMap.empty(order.time.get_space())
    for sink in sinks:
        touching = source.relation.apply_range(sink.relation.reverse())
        pairs = pairs.union(isl.UnionMap(touching))
    return pairs


def _grouped(uses: list[Use], order: Order) -> dict[int, list[Use]]:
    found: dict[int, list[Use]] = {}
    for use in uses:
        found.setdefault(order.parts[use.statement.name], []).append(use)
    return found


def _kept(uses: list[Use], touches: isl.UnionMap) -> list[Use]:
    """The uses, of their touches those that are left."""
    found = []
    for use in uses:
        left = use.relation.intersect(touches.extract_map(use.relation.get_space()))
        if not left.is_empty():
            found.append(replace(use, relation=coalesced(left)))
    return found


def _touched(uses: list[Use]) -> isl.Set:
    result = uses[0].relation.range()
    for use in uses[1:]:
        result = result.union(use.relation.range())
    return coalesced(result)


def _whole(sinks: list[Use], must: list[Use], may: list[Use], order: Order) -> _Found:
    """All at once, by isl.

    Where that takes isl too many operations, or fails, every earlier source is taken; and where
    that does too, every pair of instances in order: more than there is, never less.
    """
    time = order.time.intersect_domain(_domains([*sinks, *must, *may]))
    try:
        with limited(_OPERATIONS):
            flow = _analysis(sinks, must, may, time)
            names = {u.statement.name for u in may}
            if any(k.write in names for k in order.kills):
                return _without_hidden(flow, sinks, may, replace(order, time=time))
            return _Found(coalesced(flow.get_may_dependence()), flow.get_may_no_source())
    except isl.Error:
        pass
    try:
        with limited(_OPERATIONS):
            return _Found(_analysis(sinks, [], must + may, time).get_may_dependence(), None)
    except isl.Error:
        return _Found(_memory_pairs(must + may, sinks, time), None)


def _without_hidden(flow: isl.UnionFlow, sinks: list[Use], may: list[Use], order: Order) -> _Found:
    """The sources that no kill hides, told apart by the elements that they reach a sink through."""
    pairs, open_ = flow.get_full_may_dependence(), flow.get_may_no_source()
    for kill in order.kills:
        for write in (u for u in may if u.statement.name == kill.write):
            for sink in (u for u in sinks if _is_told(u, kill)):
                older, touches = hidden(kill, write.relation, sink.relation, order.time)
                pairs, open_ = pairs.subtract(older), open_.subtract(touches)
    return _Found(coalesced(pairs.range_factor_domain()), open_)


def _is_told(sink: Use, kill: Kill) -> bool:
    """Whether a kill is about a use."""
    access = sink.access
    free = access.kind != "read" or access.subscripts not in kill.asked
    return sink.statement.name == kill.sink and free


def _domains(uses: list[Use]) -> isl.UnionSet:
    result = _instances(uses[0])
    for use in uses[1:]:
        result = result.union(_instances(use))
    return result


def _union(uses: Iterable[Use], like: isl.UnionMap) -> isl.UnionMap:
    result = isl.UnionMap.empty(like.get_space())
    for use in uses:
        result = result.union(isl.UnionMap(use.relation))
    return result


def _analysis(
    sinks: list[Use], must: list[Use], may: list[Use], order: isl.UnionMap
) -> isl.UnionFlow:
    info = isl.UnionAccessInfo.from_sink(_union(sinks, order))
    info = info.set_must_source(_union(must, order)).set_may_source(_union(may, order))
    return info.set_schedule_map(order).compute_flow()


def _memory_pairs(sources: list[Use], sinks: list[Use], order: isl.UnionMap) -> isl.UnionMap:
    """Every source before every sink that touches the same element, one pair of uses at a time."""
    result = isl.UnionMap.empty(order.get_space())
    for source in sources:
        for sink in sinks:
            try:
                with limited(_OPERATIONS // 10):
                    touching = source.relation.apply_range(sink.relation.reverse())
                    before = order.intersect_domain(_instances(source)).lex_lt_union_map(
                        order.intersect_domain(_instances(sink))
                    )
                    pairs = isl.UnionMap(touching).intersect(before)
            except isl.Error:
                pairs = _all_pairs([source], [sink], order)
            result = result.union(pairs)
    return result


def _instances(use: Use) -> isl.UnionSet:
    return isl.UnionSet(use.statement.domain)


def _all_pairs(sources: list[Use], sinks: list[Use], order: isl.UnionMap) -> isl.UnionMap:
    """Every source before every sink in the order, whatever they touch, over simple domains."""

    def domains(uses: list[Use]) -> isl.UnionSet:
        result = isl.UnionSet.empty(order.get_space())
        for use in uses:
            hull = isl.Set(use.statement.domain.simple_hull().remove_divs())
            result = result.union(isl.UnionSet(hull))
        return result

    before = order.lex_lt_union_map(order)
    return before.intersect_domain(domains(sources)).intersect_range(domains(sinks))
