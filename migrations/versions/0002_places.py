"""Administrative boundaries and which units lie beside each other.

A unit's code is unique across layers and the part before its colon is the layer, so that other
tables refer to a unit by one column. Parents are checked at the end of the transaction: a load
replaces many units at once.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    op.execute(
        """
        CREATE TABLE boundary_layers (
            code text PRIMARY KEY,
            name text NOT NULL,
            country text,
            level smallint NOT NULL CHECK (level >= 0),
            parent text REFERENCES boundary_layers,
            source text NOT NULL,
            vintage text NOT NULL,
            licence text NOT NULL,
            attribution text NOT NULL,
            units_sha256 text,
            edges_sha256 text,
            loaded_at timestamptz
        );

        CREATE TABLE boundaries (
            code text PRIMARY KEY CHECK (starts_with(code, layer || ':')),
            layer text NOT NULL REFERENCES boundary_layers,
            name text NOT NULL,
            name_id text,
            parent text REFERENCES boundaries DEFERRABLE INITIALLY DEFERRED,
            country text,
            population bigint CHECK (population >= 0),
            area_km2 double precision NOT NULL CHECK (area_km2 > 0),
            geom geometry(MultiPolygon, 4326) NOT NULL,
            outline geometry(MultiPolygon, 3857) NOT NULL,
            centre geometry(Point, 4326) NOT NULL
        );
        COMMENT ON COLUMN boundaries.outline IS
            'coarse copy for drawing at low zoom, in web mercator; never for measuring';
        CREATE INDEX ON boundaries (layer, code);
        CREATE INDEX ON boundaries (parent);
        CREATE INDEX ON boundaries USING gist (geom);
        CREATE INDEX ON boundaries USING gist (outline);

        CREATE TABLE boundary_edges (
            a text NOT NULL REFERENCES boundaries ON DELETE CASCADE,
            b text NOT NULL REFERENCES boundaries ON DELETE CASCADE,
            layer text NOT NULL REFERENCES boundary_layers,
            kind text NOT NULL CHECK (kind IN ('land', 'ferry')),
            length_m double precision NOT NULL CHECK (length_m >= 0),
            PRIMARY KEY (a, b),
            CHECK (a < b)
        );
        COMMENT ON COLUMN boundary_edges.length_m IS
            'land: length of the shared border; ferry: width of the crossing';
        CREATE INDEX ON boundary_edges (b);
        CREATE INDEX ON boundary_edges (layer);
        """
    )


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE boundary_edges, boundaries, boundary_layers")
