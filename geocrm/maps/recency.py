"""How long ago something was, in five spans and "never": one truth for columns, bars and points."""

from datetime import date, timedelta
from typing import Any, Final

# Days back, by the name of the span that ends there.
_SPANS: Final = (30, 90, 180, 365)
SPANS: Final = (*map(str, _SPANS), "older", "never")


def span_sql(column: str) -> str:
    """SQL of the span a date lies in: '30' ... '365', 'older' or 'never'; needs `span_days`."""
    spans = " ".join(f"WHEN {column} >= :day{days} THEN '{days}'" for days in _SPANS)
    return f"CASE {spans} WHEN {column} IS NULL THEN 'never' ELSE 'older' END"


def span_days(today: date) -> dict[str, Any]:
    """The values that `span_sql` asks for."""
    return {f"day{days}": today - timedelta(days=days) for days in _SPANS}


def span_part(field: str, span: str) -> dict[str, Any]:
    """The filter that chooses exactly the customers of a span."""
    if span == "never":
        return {"field": field, "op": "empty", "value": True}
    names = [str(days) for days in _SPANS]
    at = names.index(span) if span in names else len(names)
    parts: list[dict[str, Any]] = []
    if at < len(names):
        parts.append({"field": field, "op": "within_days", "value": _SPANS[at]})
    else:
        parts.append({"field": field, "op": "empty", "value": False})
    if at > 0:
        parts.append({"field": field, "op": "not_within_days", "value": _SPANS[at - 1]})
    return parts[0] if len(parts) == 1 else {"and": parts}
