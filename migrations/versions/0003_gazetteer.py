"""The gazetteer: named places of the world, their names in comparable form, and their misspellings.

Names are kept apart from places because a place has several. `gazetteer_spellings` holds each name
with one letter left out: two spellings that differ by a slip share such a form, so a typo is
mended by a lookup in a B-tree instead of a comparison with every name. The key of a name is
compared byte by byte ("C"), which also lets the B-tree answer searches by beginning.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.execute(
        """
        CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

        CREATE TABLE gazetteer_places (
            id integer PRIMARY KEY,
            code text NOT NULL UNIQUE,
            kind text NOT NULL CHECK (kind IN
                ('village', 'postcode', 'district', 'city', 'regency', 'region', 'country')),
            country text NOT NULL CHECK (length(country) = 2),
            name text NOT NULL,
            label text NOT NULL,
            postcode_id integer,
            district_id integer,
            regency_id integer,
            region_id integer,
            population bigint NOT NULL DEFAULT 0 CHECK (population >= 0),
            lon double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
            lat double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
            radius_m integer NOT NULL CHECK (radius_m > 0)
        );
        COMMENT ON COLUMN gazetteer_places.radius_m IS
            'about 95 % of the addresses in the place lie within this distance of its point';
        CREATE INDEX gazetteer_places_point ON gazetteer_places
            USING gist (ST_SetSRID(ST_MakePoint(lon, lat), 4326));
        CREATE INDEX gazetteer_places_country ON gazetteer_places (country)
            WHERE kind = 'country';
        CREATE INDEX gazetteer_places_district ON gazetteer_places (district_id)
            WHERE district_id IS NOT NULL;

        CREATE TABLE gazetteer_names (
            key text COLLATE "C" NOT NULL,
            country text NOT NULL,
            place_id integer NOT NULL,
            weight real NOT NULL
        );
        COMMENT ON COLUMN gazetteer_names.weight IS 'how likely a person who types it means it';
        CREATE INDEX gazetteer_names_key ON gazetteer_names (key, country);

        CREATE TABLE gazetteer_spellings (
            form text COLLATE "C" NOT NULL,
            country text NOT NULL,
            key text COLLATE "C" NOT NULL
        );
        CREATE INDEX gazetteer_spellings_form ON gazetteer_spellings (form, country);

        CREATE TABLE gazetteer_loads (
            source text PRIMARY KEY,
            sha256 text NOT NULL,
            num_places integer NOT NULL,
            loaded_at timestamptz NOT NULL DEFAULT now()
        );
        """
    )


def downgrade() -> None:
    """Drop the tables; the extension stays, others may use it."""
    op.execute("DROP TABLE gazetteer_loads, gazetteer_spellings, gazetteer_names, gazetteer_places")
