"""The version of what the map shows, and indexes for long lists.

Browsers keep tiles and ask whether they still hold; the answer is the version, so every change to
what a tile shows must raise it, in the same transaction, without making writers wait for each
other. The version is the sum over a few slots: a writer raises any slot that nobody holds. A sum
of committed raises never falls, and a writer sees its own raise at once.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_WATCHED = {
    "account_scope": "INSERT OR UPDATE OR DELETE OR TRUNCATE",
    "accounts": "UPDATE OF name, tags OR TRUNCATE",
    "users": "UPDATE OF email",
    "boundaries": "INSERT OR UPDATE OR DELETE OR TRUNCATE",
    "territories": "INSERT OR UPDATE OR DELETE OR TRUNCATE",
    "territory_plans": "UPDATE OF state",
}


def upgrade() -> None:
    """Create the slots, their triggers and the indexes."""
    op.execute(
        """
        CREATE TABLE map_versions (
            slot smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            raises bigint NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50);
        INSERT INTO map_versions (raises) SELECT 0 FROM generate_series(1, 8);

        CREATE FUNCTION raise_map_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE map_versions SET raises = raises + 1 WHERE slot = (
                SELECT slot FROM map_versions ORDER BY slot LIMIT 1 FOR UPDATE SKIP LOCKED);
            IF NOT FOUND THEN  -- all are held by others: one more, for good
                INSERT INTO map_versions (raises) VALUES (1);
            END IF;
            RETURN NULL;
        END $$;

        -- Lists are read page by page, each from where the last ended.
        CREATE INDEX account_scope_revenue ON account_scope (revenue, account_id);
        CREATE INDEX account_scope_last_order ON account_scope
            (coalesce(last_order, '-infinity'::date), account_id);
        CREATE INDEX account_scope_last_visit ON account_scope
            (coalesce(last_visit, '-infinity'::date), account_id);
        -- Serves all that the index on the name alone served.
        CREATE INDEX accounts_lower_name_id ON accounts (lower(name), id);
        DROP INDEX IF EXISTS accounts_lower_idx;
        """
    )
    for table, events in _WATCHED.items():
        op.execute(
            f"CREATE TRIGGER raise_map_version AFTER {events} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION raise_map_version()"
        )
