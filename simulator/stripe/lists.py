"""Stripe's lists: newest first, cursors by object id, and the small query language of the search endpoints."""

import re
from collections.abc import Sequence

from simulator.records import Json, Record, Window
from simulator.stripe.errors import invalid
from simulator.stripe.turn import Turn

_MAXIMUM = 100


def listed(
    turn: Turn,
    kind: str,
    url: str,
    parameters: Json,
    terms: Sequence[tuple[str, str]] = (),
    *,
    one_of: tuple[str, Sequence[str]] | None = None,
) -> Json:
    records, has_more = turn.parts.records.page(
        turn.account, kind, window(turn, kind, parameters), terms, visible_until=turn.visible_until, one_of=one_of
    )
    return {"object": "list", "data": [record.body for record in records], "has_more": has_more, "url": url}


def window(turn: Turn, kind: str, parameters: Json) -> Window:
    limit = parameters.get("limit", 10)
    if not 1 <= limit <= _MAXIMUM:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {_MAXIMUM}"
        raise invalid(f"This value must be {bound}.", param="limit", code="parameter_invalid_integer")
    if "starting_after" in parameters and "ending_before" in parameters:
        raise invalid("You can only use one of starting_after and ending_before.", param="ending_before")
    created = parameters.get("created", {})
    bounds = created.items() if isinstance(created, dict) else [("eq", created)]
    return Window(
        limit=limit,
        starting_after=_cursor(turn, kind, parameters, "starting_after"),
        ending_before=_cursor(turn, kind, parameters, "ending_before"),
        created=tuple((name, float(value)) for name, value in bounds),
    )


def of(records: Sequence[Record], url: str) -> Json:
    """A short list that is part of another object."""
    return {"object": "list", "data": [record.body for record in records], "has_more": False, "url": url}


def filters(parameters: Json, *names: str) -> list[tuple[str, str]]:
    """The terms a list is narrowed by, of those the request gave."""
    return [(name, parameters[name]) for name in names if parameters.get(name) is not None]


def _cursor(turn: Turn, kind: str, parameters: Json, name: str) -> int | None:
    record_id = parameters.get(name)
    if record_id is None:
        return None
    record = turn.parts.records.find(record_id, account=turn.account)
    if record is None or record.kind != kind:
        raise invalid(f"No such {kind}: '{record_id}'", param=name, code="resource_missing")
    return record.sequence


_CLAUSE = re.compile(
    r"""\s*(?P<field>metadata\[(?P<q>['"])(?P<name>[^'"]+)(?P=q)\]|[a-z_]+)\s*(?P<op>:|>=|<=|>|<)\s*(?P<v>'[^']*'|"[^"]*"|\d+)"""
)
_JOIN = re.compile(r"\s+(AND|OR)\s+", re.IGNORECASE)
_COMPARE = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def searched(turn: Turn, kind: str, url: str, parameters: Json, fields: frozenset[str]) -> Json:
    """https://docs.stripe.com/search#search-query-language: exact matches and `created` bounds joined by AND."""
    terms, bounds, exact = _parsed(parameters["query"], fields)
    page = {name: value for name, value in parameters.items() if name == "limit"}
    start = window(turn, kind, page)
    after = int(parameters["page"]) if str(parameters.get("page", "")).isdigit() else None
    records, has_more = turn.parts.records.page(
        turn.account, kind, Window(start.limit, after, None, bounds), terms, visible_until=turn.visible_until
    )
    # Fields that change over an object's life are not in the index; they are compared as they stand.
    data = [record.body for record in records if all(str(record.body.get(name)) == value for name, value in exact)]
    next_page = str(records[-1].sequence) if has_more else None
    return {"object": "search_result", "data": data, "has_more": has_more, "next_page": next_page, "url": url}


_Parsed = tuple[list[tuple[str, str]], tuple[tuple[str, float], ...], list[tuple[str, str]]]


def _parsed(query: str, fields: frozenset[str]) -> _Parsed:
    terms: list[tuple[str, str]] = []
    bounds: list[tuple[str, float]] = []
    exact: list[tuple[str, str]] = []
    position = 0
    while position < len(query):
        match = _CLAUSE.match(query, position)
        if match is None:
            raise invalid(f"We were unable to parse your search query near: {query[position:]!r}", param="query")
        value = match["v"].strip("'\"")
        if match["name"]:
            terms.append((f"metadata[{match['name']}]", value))
        elif match["field"] == "created":
            bounds.append((_COMPARE.get(match["op"], "eq"), float(value)))
        elif match["field"] == "customer":
            terms.append(("customer", value))
        elif match["field"] in fields:
            exact.append((match["field"], value))
        else:
            raise invalid(f"Field {match['field']!r} is an unsupported search field for this resource.", param="query")
        position = _next_clause(query, match.end())
    return terms, tuple(bounds), exact


def _next_clause(query: str, position: int) -> int:
    rest = query[position:]
    if not rest.strip():
        return len(query)
    join = _JOIN.match(rest)
    if join is None or join[1].upper() == "OR":
        raise invalid("The simulator understands search clauses joined by AND only.", param="query")
    return position + join.end()
