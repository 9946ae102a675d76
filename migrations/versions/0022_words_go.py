"""A word of names is known as long as somebody's name holds it, and no longer.

`search_words` (0018) kept the words of customers and contacts who were deleted or renamed: parts of
names of people who may have asked to be forgotten. Now a word goes in the transaction that takes
its last name away.

Triggers gather the words of deleted and former names in `search_words_gone`, each once for a
transaction, and a deferred trigger there looks, when the transaction commits, whether an index
(`accounts_words`, `contacts_words`) finds another name with the word. Each word is asked for once
however many names went, and at the end, so that a merge, an undo or an import that takes a name
away and brings it back forgets nothing. The table is empty outside of transactions. Adding names
costs nothing more than before.

Two transactions that take the last two names with a word would each see the other's: they look one
after the other (an advisory lock, held from the commit's beginning to its end). One that adds a
name at the instant in which the word's last other one goes may leave the word unknown until the
next name with it: a correction that is not offered, nothing else.

`forget_words` looks at all words; the daily tidying runs it, and this migration for what was left.

Locks: SHARE ROW EXCLUSIVE on both tables for an instant.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Create the gathering of words and what forgets them; forget what is known in vain."""
    op.execute(_GONE)
    op.execute(_FORGETTING)
    for table in ("accounts", "contacts"):
        op.execute(
            f"""
            DROP TRIGGER IF EXISTS note_gone_words ON {table};
            CREATE TRIGGER note_gone_words AFTER DELETE ON {table}
                REFERENCING OLD TABLE AS removed
                FOR EACH STATEMENT EXECUTE FUNCTION note_gone_words();
            """
        )
    op.execute("SELECT forget_words()")


_GONE = """
    CREATE TABLE IF NOT EXISTS search_words_gone (word text NOT NULL);
    CREATE INDEX IF NOT EXISTS search_words_gone_word ON search_words_gone (word);
    COMMENT ON TABLE search_words_gone IS 'words to look for when the transaction commits';

    CREATE OR REPLACE FUNCTION public.note_gone_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.search_words_gone (word)
        SELECT DISTINCT word FROM removed, unnest(public.words_to_know(removed.name)) word
        WHERE NOT EXISTS (SELECT 1 FROM public.search_words_gone gone WHERE gone.word = word.word);
        RETURN NULL;
    END $$;

    CREATE OR REPLACE FUNCTION public.note_changed_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.search_words (word)
        SELECT DISTINCT word FROM unnest(public.words_to_know(NEW.name)) word
        WHERE NOT EXISTS (SELECT 1 FROM public.search_words known WHERE known.word = word.word);
        INSERT INTO public.search_words_gone (word)
        SELECT DISTINCT word FROM unnest(public.words_to_know(OLD.name)) word
        WHERE word <> ALL (public.words_to_know(NEW.name)) AND NOT EXISTS (
            SELECT 1 FROM public.search_words_gone gone WHERE gone.word = word.word);
        RETURN NULL;
    END $$;
"""
# Planned for any word, a sequential scan looks cheap; it would fold every name there is.
_FORGETTING = """
    CREATE OR REPLACE FUNCTION public.is_word_of_a_name(word text) RETURNS boolean
    LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    DECLARE
        query tsquery := CAST('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || ''''
                              AS tsquery);
    BEGIN
        RETURN EXISTS (SELECT FROM public.accounts a WHERE public.name_words(a.name) @@ query)
            OR EXISTS (SELECT FROM public.contacts c WHERE public.name_words(c.name) @@ query);
    END $$;

    CREATE OR REPLACE FUNCTION public.forget_gone_word() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Whoever takes the other last name waits, so that one of both sees that it is the last.
        PERFORM pg_advisory_xact_lock(hashtext('search_words'));
        DELETE FROM public.search_words_gone WHERE word = NEW.word;
        IF NOT public.is_word_of_a_name(NEW.word) THEN
            DELETE FROM public.search_words WHERE word = NEW.word;
        END IF;
        RETURN NULL;
    END $$;

    DROP TRIGGER IF EXISTS forget_gone_word ON search_words_gone;
    CREATE CONSTRAINT TRIGGER forget_gone_word AFTER INSERT ON search_words_gone
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION forget_gone_word();

    CREATE OR REPLACE FUNCTION public.forget_words() RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        gone bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('search_words'));
        DELETE FROM public.search_words known WHERE NOT public.is_word_of_a_name(known.word);
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END $$;
"""
