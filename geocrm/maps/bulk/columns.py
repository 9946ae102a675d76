"""The columns an export can have, by the names under which our own import knows them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from geocrm.customers.models import Channel
from geocrm.customers.queries import primary_contact_sql
from geocrm.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, SQL on the tables of `SOURCE`, and whether its values are numbers."""

    name: str
    sql: str
    kind: str = "text"  # or "number", "integer"


def _stated(channel: Channel) -> Column:
    return Column(
        f"consent_{channel.value}",
        "(SELECT CASE WHEN c.granted THEN 'yes' ELSE 'no' END FROM consents c"
        f" WHERE c.account_id = s.account_id AND c.channel = '{channel.value}'"
        " ORDER BY c.at DESC, c.id DESC LIMIT 1)",
    )


COLUMNS: Final[dict[str, Column]] = {
    each.name: each
    for each in (
        Column("external_id", "a.external_id"),
        Column("name", "a.name"),
        Column("address", "nullif(d.typed, '')"),
        Column("street", "d.street"),
        Column("house_number", "d.house_number"),
        Column("village", "d.village"),
        Column("district", "d.district"),
        Column("city", "d.city"),
        Column("region", "d.region"),
        Column("postcode", "d.postcode"),
        Column("country", "d.country"),
        Column("lat", "ST_Y(s.geom)", "number"),
        Column("lon", "ST_X(s.geom)", "number"),
        Column(
            "phone",
            "(SELECT string_agg(p.e164, '; ' ORDER BY p.id) FROM phones p"
            " WHERE p.account_id = s.account_id)",
        ),
        Column(
            "email",
            "(SELECT string_agg(CAST(e.address AS text), '; ' ORDER BY e.id) FROM emails e"
            " WHERE e.account_id = s.account_id)",
        ),
        Column("contact_name", "c.name"),
        Column("contact_title", "c.title"),
        Column("segment", "a.segment"),
        Column("annual_revenue", "CAST(a.annual_revenue AS float8)", "number"),
        Column("currency", "a.currency"),
        Column("website", "a.website"),
        Column("tags", "nullif(array_to_string(a.tags, '; '), '')"),
        Column("visits_per_year", "a.visits_per_year", "integer"),
        Column("owner", "CAST(u.email AS text)"),
        *(_stated(channel) for channel in Channel),
        Column("geocrm_number", "s.account_id", "integer"),
        Column(
            "contact_phone",
            "(SELECT p.e164 FROM phones p WHERE p.contact_id = c.id ORDER BY p.id LIMIT 1)",
        ),
        Column(
            "contact_email",
            "(SELECT CAST(e.address AS text) FROM emails e WHERE e.contact_id = c.id"
            " ORDER BY e.id LIMIT 1)",
        ),
        Column("territory", "t.name"),
        Column("ordered_365_days", "s.revenue", "number"),
        Column("last_order", "CAST(s.last_order AS text)"),
        Column("last_visit", "CAST(s.last_visit AS text)"),
        Column("point_grade", "s.grade"),
        Column("point_radius_m", "s.radius_m", "number"),
        Column("created_on", "CAST(CAST(a.created_at AS date) AS text)"),
        Column("changed_on", "CAST(CAST(a.updated_at AS date) AS text)"),
    )
}
# What the table of the map calls them, where our import has other names.
OF_THE_TABLE: Final = {
    "contact": "contact_name",
    "revenue": "ordered_365_days",
    "grade": "point_grade",
    "created": "created_on",
    "updated": "changed_on",
}
# One of them is always there: a row says whose it is.
IDENTITY: Final = frozenset({"geocrm_number", "external_id"})

SOURCE: Final = f"""
    bulk_members m
    JOIN account_scope s ON s.account_id = m.account_id
    JOIN accounts a ON a.id = s.account_id
    JOIN users u ON u.id = s.owner_id
    LEFT JOIN addresses d ON d.account_id = s.account_id
    LEFT JOIN territories t ON t.id = s.territory_id
    LEFT JOIN LATERAL ({primary_contact_sql("s.account_id")}) c ON true
"""


def chosen(names: Sequence[str]) -> list[Column]:
    """The columns of these names, in this order; all when none is named.

    Names are those of our import, or of a saved view's table ("revenue", or "revenue:120" with its
    width). The number of the customer comes with them when nothing else says whose a row is.
    """
    known = [OF_THE_TABLE.get(name, name) for name in (name.split(":")[0] for name in names)]
    unknown = [name for name in known if name not in COLUMNS]
    if unknown:
        raise InvalidInput(
            f"There is no column {unknown[0]!r}; columns are {', '.join(COLUMNS)}"
        )  # fmt: skip
    if known and not IDENTITY.intersection(known):
        known.insert(0, "geocrm_number")
    return [COLUMNS[name] for name in dict.fromkeys(known or COLUMNS)]
