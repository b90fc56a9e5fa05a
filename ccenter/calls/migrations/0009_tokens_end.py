"""Whoever changes a password, by admin, command or SQL: the tokens given for the old one end, as the sessions do.

Who signs in may have the same password hashed anew, which is no change: `logins.Backend` says so for its transaction.
"""

from django.conf import settings
from django.db import migrations

SQL = """
CREATE FUNCTION calls_password_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('ccenter.same_password', true) IS DISTINCT FROM 'yes' THEN
        DELETE FROM authtoken_token WHERE user_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER password_changed AFTER UPDATE OF password ON auth_user FOR EACH ROW
WHEN (OLD.password IS DISTINCT FROM NEW.password) EXECUTE FUNCTION calls_password_changed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0008_login_attempts"),
        ("authtoken", "0004_alter_tokenproxy_options"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION calls_password_changed() CASCADE")]
