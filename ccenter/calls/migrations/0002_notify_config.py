"""Whoever changes the configuration, by admin, API, import or SQL: the running centre hears of it at commit."""

from django.db import migrations

TABLES = (
    "centresettings",
    "calendar",
    "openinghours",
    "holiday",
    "queue",
    "queueskill",
    "seatgroup",
    "seatgroup_queues",
    "agent",
    "agent_queues",
    "agentskill",
    "recordingrule",
    "flow",
    "flowversion",
    "trunk",
    "number",
)
FUNCTION = """
CREATE FUNCTION calls_config_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY config;  -- sent at commit, and once however often it is said in a transaction
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON calls_{0}
FOR EACH STATEMENT EXECUTE FUNCTION calls_config_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial")]
    operations = [
        migrations.RunSQL(
            FUNCTION + "".join(TRIGGER.format(table) for table in TABLES),
            "DROP FUNCTION calls_config_changed() CASCADE",
        )
    ]
