"""What tickets and follow-up calls say is found by any part of it: an index over every sign and every two signs in a row.

Functions and no columns: whoever writes a row, it is indexed.
"""

from django.db import migrations, models
from django.contrib.postgres.indexes import GinIndex

FUNCTIONS = """
CREATE FUNCTION crm_plain(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(normalize(regexp_replace(said, '\\s', '', 'g'), NFKC))
$$;
CREATE FUNCTION crm_parts(said text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 2000 AS $$
    SELECT coalesce(array_agg(DISTINCT part), '{}') FROM (
        SELECT sign, lead(sign) OVER (ORDER BY place) AS next
        FROM unnest(string_to_array(public.crm_plain(said), NULL)) WITH ORDINALITY AS signs (sign, place)
    ) AS pairs, LATERAL (VALUES (sign), (sign || next)) AS parts (part) WHERE part IS NOT NULL
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0006_list_indexes")]

    operations = [
        migrations.RunSQL(FUNCTIONS, "DROP FUNCTION crm_parts(text); DROP FUNCTION crm_plain(text)"),
        migrations.AddIndex(
            "ticket", GinIndex(models.Func(models.F("text"), function="crm_parts"), name="tickets_by_text"),
        ),
        migrations.AddIndex(
            "ticket",
            models.Index(fields=["order"], condition=models.Q(("order", ""), _negated=True), name="tickets_of_an_order"),
        ),
        migrations.AddIndex(
            "followupcall", GinIndex(models.Func(models.F("reason"), function="crm_parts"), name="follow_ups_by_reason"),
        ),
    ]
