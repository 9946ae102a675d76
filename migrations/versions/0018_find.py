"""Finding customers and contacts by words in any spelling.

`folded` is a name without capitals, accents and punctuation, its words apart by one space. A name
is found by its beginning (btree, in the order of the list, so that a search stops at the first
hits) and by the beginnings of its words (GIN on the words as lexemes). A misspelt word is put right
from `search_words`, the distinct words of all names: comparing 20,000 words takes milliseconds,
comparing a million names takes seconds. Words of names that are gone stay; they only offer a
correction that then finds nobody. The table has no unique key on purpose: with one, two imports
that add the same words would wait for each other, and stop each other as a deadlock.

The functions are plpgsql because `unaccent` is STABLE: an SQL function would not be inlined and is
slower. They name the schema, as a restore runs with an empty search path.

Locks: the indexes are built CONCURRENTLY, so reading and writing go on; the triggers take a SHARE
ROW EXCLUSIVE lock for an instant, before the words are gathered, so that none is missed.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

_INDEXES = {
    "accounts_folded": 'accounts ((folded(name)) COLLATE "C", id)',
    "contacts_folded": 'contacts ((folded(name)) COLLATE "C", id)',
    "accounts_words": "accounts USING gin (name_words(name)) WITH (fastupdate = off)",
    "contacts_words": "contacts USING gin (name_words(name)) WITH (fastupdate = off)",
    "search_words_word": "search_words (word)",
    "search_words_similar": "search_words USING gin (word gin_trgm_ops)",
}


def upgrade() -> None:
    """Create the functions, the words with their triggers, and the indexes."""
    op.execute(_FOLDING)
    # A function may set a threshold of pg_trgm only once the session has loaded the library.
    op.execute("SELECT public.similarity('a', 'b')")
    op.execute(_WORDS)
    for table in ("accounts", "contacts"):
        op.execute(
            f"""
            DROP TRIGGER IF EXISTS note_new_words ON {table};
            CREATE TRIGGER note_new_words AFTER INSERT ON {table}
                REFERENCING NEW TABLE AS added
                FOR EACH STATEMENT EXECUTE FUNCTION note_new_words();
            DROP TRIGGER IF EXISTS note_changed_words ON {table};
            CREATE TRIGGER note_changed_words AFTER UPDATE OF name ON {table}
                FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)
                EXECUTE FUNCTION note_changed_words();
            """
        )
    with op.get_context().autocommit_block():
        op.execute(
            """
            INSERT INTO search_words (word)
            SELECT word FROM (
                SELECT DISTINCT word FROM accounts, unnest(words_to_know(name)) word
                UNION SELECT DISTINCT word FROM contacts, unnest(words_to_know(name)) word
            ) found
            WHERE NOT EXISTS (SELECT 1 FROM search_words known WHERE known.word = found.word)
            """
        )
        for name, what in _INDEXES.items():
            # One that was interrupted is there but not valid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
        # The planner knows nothing of what an expression holds until it looked.
        op.execute("ANALYZE accounts, contacts, search_words")


_FOLDING = """
    CREATE OR REPLACE FUNCTION public.folded(name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    BEGIN
        RETURN btrim(regexp_replace(
            lower(public.unaccent('public.unaccent'::regdictionary, name)),
            '[[:punct:][:space:]]+', ' ', 'g'));
    END $$;

    CREATE OR REPLACE FUNCTION public.name_words(name text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    BEGIN
        -- A lexeme has at most 2,046 bytes.
        RETURN array_to_tsvector(string_to_array(left(public.folded(name), 500), ' '));
    END $$;

    -- Numbers and short words are not put right: too much resembles them.
    CREATE OR REPLACE FUNCTION public.words_to_know(name text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    BEGIN
        RETURN ARRAY(
            SELECT word FROM unnest(string_to_array(left(public.folded(name), 500), ' ')) word
            WHERE length(word) BETWEEN 4 AND 40 AND word !~ '[0-9]');
    END $$;
"""
_WORDS = """
    CREATE TABLE IF NOT EXISTS search_words (word text NOT NULL);

    -- Letters that changed places leave two words of five letters little in common. The threshold
    -- is set inside, as only a superuser may attach it to the function; other searches keep theirs.
    CREATE OR REPLACE FUNCTION public.similar_words(typed text) RETURNS SETOF text
    LANGUAGE plpgsql AS $$
    DECLARE
        usual text := coalesce(
            nullif(current_setting('pg_trgm.similarity_threshold', true), ''), '0.3');
    BEGIN
        PERFORM set_config('pg_trgm.similarity_threshold', '0.15', true);
        RETURN QUERY SELECT near.word FROM (
            SELECT DISTINCT known.word, public.similarity(known.word, typed) AS close
            FROM public.search_words known WHERE known.word OPERATOR(public.%) typed
        ) near
        ORDER BY near.close DESC, near.word LIMIT 60;
        PERFORM set_config('pg_trgm.similarity_threshold', usual, true);
    END $$;

    CREATE OR REPLACE FUNCTION public.note_new_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.search_words (word)
        SELECT DISTINCT word FROM added, unnest(public.words_to_know(added.name)) word
        WHERE NOT EXISTS (SELECT 1 FROM public.search_words known WHERE known.word = word.word);
        RETURN NULL;
    END $$;

    CREATE OR REPLACE FUNCTION public.note_changed_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.search_words (word)
        SELECT DISTINCT word FROM unnest(public.words_to_know(NEW.name)) word
        WHERE NOT EXISTS (SELECT 1 FROM public.search_words known WHERE known.word = word.word);
        RETURN NULL;
    END $$;
"""
