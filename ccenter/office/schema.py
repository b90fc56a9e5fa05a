"""What migrations put into the database beside tables."""

from django.db.migrations import RunSQL

FUNCTIONS = """
CREATE FUNCTION office_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE FUNCTION office_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- what is older than TG_ARGV[0] may go (retention); nothing may ever be rewritten
    IF TG_OP = 'DELETE' AND OLD.at < now() - TG_ARGV[0]::interval THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
DROP_FUNCTIONS = "DROP FUNCTION office_next_version(); DROP FUNCTION office_is_append_only();"


def functions() -> RunSQL:
    return RunSQL(FUNCTIONS, DROP_FUNCTIONS)


def versioned(*tables: str) -> RunSQL:
    """Each change of a row counts its `version` up. The migration depends on ("office", "0001_initial")."""
    return RunSQL(
        [
            f"CREATE TRIGGER {table}_version BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION office_next_version()"
            for table in tables
        ],
        [f"DROP TRIGGER {table}_version ON {table}" for table in tables],
    )


def append_only(table: str, kept: str = "100 years") -> RunSQL:
    """Rows (with a time `at`) are never changed, and deleted only when they are older than the interval `kept`."""
    return RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION office_is_append_only('{kept}')",
        f"DROP TRIGGER {table}_append_only ON {table}",
    )
