"""Importing accounts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import geocoding
from geocrm.customers import answers, scope
from geocrm.customers.imports import account_settle as settle
from geocrm.customers.imports import account_undo
from geocrm.customers.imports import account_write as write
from geocrm.customers.imports.account_fields import ACCOUNT_FIELDS
from geocrm.customers.imports.account_rows import RowReader, address_query
from geocrm.customers.imports.fields import Fields
from geocrm.customers.imports.kind import Context, Staged, run_sql
from geocrm.customers.imports.source import Row
from geocrm.db import copy_rows
from geocrm.errors import Conflict
from geocrm.geocoding import service as geocoder
from geocrm.places import streets

_MAX_LEADING = 20  # chains of "same as" inside a block; real ones have two links


class AccountKind:
    """Accounts: read with their addresses geocoded, matched by id or by name and place."""

    name: Final = "accounts"
    fields: Fields = ACCOUNT_FIELDS
    number_fields: Sequence[str] = ("annual_revenue",)
    date_fields: Sequence[str] = ()
    columns: Final = {
        "external_id": "text", "name": "text", "segment": "text", "website": "text",
        "contact_name": "text", "contact_title": "text", "owner_email": "citext", "typed": "text",
        "street": "text", "house_number": "text", "village": "text", "district": "text",
        "city": "text", "region": "text", "postcode": "text", "stated_country": "text",
        **answers.COLUMNS, "numbers": "text", "mails": "text", "granted": "integer",
        "refused": "integer", "annual_revenue": "numeric", "visits_per_year": "integer",
         "tag_list": "text", "currency": "text",
    }  # fmt: skip
    worked_out: Final = {
        "owner_id": "integer", "territory_id": "integer", "unit": "text", "country": "text",
        "geom": "geometry(Point, 4326)", "name_key": "text", "area_key": "text",
        "village_key": "text", "again": "boolean DEFAULT false", "moves": "boolean DEFAULT false",
    }  # fmt: skip

    indexes: Sequence[str] = ("USING gist (geom)", "(name_key)", "(target_id)")

    def read(self, session: Session, context: Context, rows: Sequence[Row]) -> list[Staged]:
        """The values of the rows; those without a position get that of their address."""
        reader = RowReader(context)
        staged = [reader.read(row) for row in rows]
        self._geocode(session, context, staged)
        return staged

    def _geocode(self, session: Session, context: Context, staged: Sequence[Staged]) -> None:
        country = context.plan.options.country
        with_streets = streets.countries(session)
        asked: list[tuple[Staged, geocoding.AddressQuery]] = []
        for one in staged:
            if one.problems or one.values.get("lon") is not None:
                continue
            query = address_query(one.values, one.values["stated_country"] or "")
            if query is not None:
                plain = (query.country or country) not in with_streets
                asked.append((one, _without_street(query) if plain else query))
        found = geocoder.geocode_many(session, [query for _, query in asked], country)
        for (one, _), answer in zip(asked, found, strict=True):
            one.values |= zip(answers.COLUMNS, answers.row_of(answer), strict=True)

    def settle(self, session: Session, context: Context) -> None:
        """Find owners, units and the accounts the rows mean; decide what becomes of each."""
        params = context.params
        run_sql(session, settle.OWNERS, params)
        run_sql(session, settle.PLACES, params)
        session.execute(text(settle.STATISTICS))
        run_sql(session, settle.UNITS, params)
        run_sql(session, settle.COAST, params)
        run_sql(session, settle.SWAPPED, params)
        run_sql(session, settle.ABROAD, params)
        for matching in (settle.BY_ID, settle.BY_POINT, settle.BY_AREA):
            run_sql(session, matching, params)
        if context.dry:
            session.execute(text(settle.SEEN_TABLE))
            run_sql(session, settle.BY_SEEN, params)
        run_sql(session, settle.LEADERS, params)
        for _ in range(_MAX_LEADING):
            if not run_sql(session, settle.LEAD_ON, params).rowcount:
                break
        run_sql(session, settle.TARGETS, params)
        run_sql(session, settle.OUTCOMES, params)
        session.execute(text(settle.STATISTICS))

    def remember(self, session: Session, context: Context) -> None:
        """Keep what the block would have created."""
        run_sql(session, settle.REMEMBER, context.params)

    def apply(self, session: Session, context: Context) -> None:
        """Write the block: new accounts, changed accounts, and what hangs on them."""
        params = context.params
        if session.execute(text(write.ANY_FOLLOWS)).scalar_one():
            run_sql(session, write.FOLD, params)
            run_sql(session, write.FOLD_PLACES, params)
        self._create(session, params)
        run_sql(session, write.FOLLOW, params)
        session.execute(text(settle.STATISTICS))
        self._update(session, context, params)
        for statement in (write.ADD_NUMBERS, write.ADD_MAILS, write.ADD_PEOPLE, write.ADD_CONSENTS):
            run_sql(session, statement, params)
        scope.refresh_reach(session, write.TOUCHED, params)
        scope.refresh_consent(session, write.TOUCHED, params)
        run_sql(session, write.VERSIONS, params)

    def _create(self, session: Session, params: dict[str, Any]) -> None:
        sequence = session.execute(
            text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": "accounts"}
        ).scalar_one()
        expected = run_sql(session, write.NEW_IDS, params | {"sequence": sequence}).rowcount
        session.execute(text("DROP TABLE IF EXISTS import_units"))
        session.execute(text(write.UNITS_OF_BLOCK))
        if run_sql(session, write.CREATE, params).rowcount != expected:
            raise Conflict("An account would belong to somebody the importer may not give it to")
        run_sql(session, write.CREATE_ADDRESS, params)
        run_sql(session, write.CREATE_SCOPE, params)

    def _update(self, session: Session, context: Context, params: dict[str, Any]) -> None:
        if not run_sql(session, write.LOCK, params).all():
            return
        run_sql(session, write.BEFORE, params)
        self._geocode_moved(session, context, params)
        run_sql(session, write.MOVES, params)
        run_sql(session, write.UPDATE, params)
        run_sql(session, write.UPDATE_ADDRESS, params)
        run_sql(session, write.UPDATE_SCOPE, params)

    def _geocode_moved(self, session: Session, context: Context, params: dict[str, Any]) -> None:
        """Look up anew the addresses the file changes, with what stays of them."""
        moved = run_sql(session, write.MOVED, params).mappings().all()
        if not moved:
            return
        queries = [address_query(dict(row), row["country"]) for row in moved]
        asked = [query or geocoding.AddressQuery() for query in queries]
        found = geocoder.geocode_many(session, asked, context.plan.options.country)
        points = (
            (row["row_no"], *answers.row_of(answer))
            for row, answer in zip(moved, found, strict=True)
        )
        session.execute(text(_POINTS_TABLE))
        copy_rows(session, "import_points", ("row_no", *answers.COLUMNS), points)
        run_sql(session, _TAKE_POINTS, params)
        run_sql(session, settle.UNITS, params)
        run_sql(session, settle.COAST, params)
        session.execute(text("DROP TABLE import_units"))
        session.execute(text(write.UNITS_OF_BLOCK))

    def finish(self, session: Session, context: Context) -> None:
        """Nothing is left to do."""

    def undo(self, session: Session, import_id: int, targets: Sequence[int]) -> tuple[int, int]:
        """Remove what the import created and restore what it changed, unless edited since."""
        return account_undo.undo(session, import_id, targets)


def _without_street(query: geocoding.AddressQuery) -> geocoding.AddressQuery:
    """The rows of one village are one question where no streets are known."""
    if not query.village or not (query.district or query.city or query.postcode):
        return query
    return replace(query, text="", street="", house_number="")


_POINTS_TABLE = f"""
    DROP TABLE IF EXISTS import_points;
    CREATE TEMP TABLE import_points (row_no integer,
        {", ".join(f"{name} {kind}" for name, kind in answers.COLUMNS.items())}) ON COMMIT DROP
"""
_TAKE_POINTS = f"""
    UPDATE import_stage r SET {", ".join(f"{name} = p.{name}" for name in answers.COLUMNS)},
        unit = NULL, again = true,
        geom = CASE WHEN p.lon IS NOT NULL THEN ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) END
    FROM import_points p WHERE p.row_no = r.row_no
"""
