"""IDs from before a merge lead to who stayed; one contact of a customer is the primary one.

A merge keeps one of two IDs, and the next file of whoever sends customers still names the other:
its rows made the merged customer anew. The images of a merge know both IDs, but for 30 days only.
So `account_former_ids` keeps each ID that a merge took away for as long as the customer is there;
imports ask it where no customer has the ID. A merge that is taken back takes its IDs back.

The IDs of merges whose images are still there are filled in.

`primary_contacts` holds whom somebody chose, by account: one at most, which its key sees to. Until
somebody chooses it is the first contact, so nothing is filled in. A column of `contacts` would have
to be unset and set in one step, and a merge, which moves rows by what must be unique, would have
left the other customer's contact behind.

Locks: none that a writer waits for.
"""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Create the tables and fill in what is known."""
    op.execute(
        """
        CREATE TABLE account_former_ids (
            external_id text PRIMARY KEY,
            account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
            merge_id bigint NOT NULL REFERENCES account_merges ON DELETE CASCADE
        );
        COMMENT ON TABLE account_former_ids IS
            'IDs that merges took away, and the customer each leads to';
        CREATE INDEX account_former_ids_account ON account_former_ids (account_id);
        CREATE INDEX account_former_ids_merge ON account_former_ids (merge_id);
        INSERT INTO account_former_ids
        SELECT DISTINCT ON (r.before ->> 'external_id')
            r.before ->> 'external_id', m.account_id, m.id
        FROM account_merge_rows r
        JOIN account_merges m ON m.id = r.merge_id AND m.undone_at IS NULL
        WHERE r.table_name = 'accounts' AND r.kind IN ('deleted', 'changed')
          AND r.before ->> 'external_id' IS NOT NULL
          AND NOT EXISTS (SELECT FROM accounts a WHERE a.external_id = r.before ->> 'external_id')
        ORDER BY r.before ->> 'external_id', m.id DESC;
        """
    )
    op.execute(
        """
        CREATE TABLE primary_contacts (
            account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
            contact_id bigint NOT NULL UNIQUE REFERENCES contacts ON DELETE CASCADE
        );
        COMMENT ON TABLE primary_contacts IS 'whom somebody chose; the first contact otherwise';
        """
    )


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE account_former_ids, primary_contacts")
