"""Django's settings. Everything that differs between installations comes from the environment (see .env.example)."""

import os
from pathlib import Path

import dj_database_url

BASE_DIR = Path(__file__).resolve().parent.parent


def _all() -> str:
    """Said lazily: the CTI server reads these settings, and starts without Django."""
    from django.utils.translation import gettext_lazy

    return gettext_lazy("all")


def _require(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set: start through `python -m deploy.stack` or see .env.example")
    return value


STATE = Path(_require("CC_STATE"))
SECRET_KEY = _require("CC_SECRET_KEY")
DEBUG = os.environ.get("CC_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("CC_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CC_TRUSTED_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "ccenter.administration.Administration",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "channels",
    "ccenter.calls",
    "ccenter.office",
    "crm",
    "orders",
    "ccenter.stasis",
    "ccenter.desktop",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "ccenter.static.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "ccenter.urls"
ASGI_APPLICATION = "ccenter.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# A database that is away must fail fast: no web worker may hang on it for longer than a person waits.
DATABASES = {"default": dj_database_url.parse(_require("DATABASE_URL"), conn_max_age=60, conn_health_checks=True)}
# PostgreSQL compiling a query takes 0.3 s, which none of ours is worth; who gives options of their own decides.
DATABASES["default"]["OPTIONS"] = {"options": "-c jit=off", **DATABASES["default"].get("OPTIONS", {}), "connect_timeout": 3}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _require("REDIS_URL")
CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # a worker that dies gives its task back
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {  # seconds
    "sweep-recordings": {"task": "ccenter.calls.tasks.sweep_recordings", "schedule": 60.0, "options": {"expires": 60.0}},
    "sweep-jobs": {"task": "ccenter.office.tasks.sweep_jobs", "schedule": 60.0, "options": {"expires": 60.0}},
    "send-webhooks": {"task": "ccenter.office.tasks.send_webhooks", "schedule": 10.0, "options": {"expires": 10.0}},
    "tidy-office": {"task": "ccenter.office.tasks.tidy", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "keep-openings": {"task": "ccenter.desktop.tasks.keep_openings", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "keep-retention": {"task": "ccenter.calls.tasks.keep_retention", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "sweep-mails": {"task": "crm.tasks.sweep_mails", "schedule": 60.0, "options": {"expires": 60.0}},
    "release-outbound": {"task": "crm.tasks.release_outbound", "schedule": 5.0, "options": {"expires": 5.0}},
    "run-sources": {"task": "crm.tasks.run_sources", "schedule": 60.0, "options": {"expires": 60.0}},
    "index-customers": {"task": "crm.tasks.index_customers", "schedule": 600.0, "options": {"expires": 600.0}},
    "escalate-tickets": {"task": "crm.tasks.escalate_tickets", "schedule": 60.0, "options": {"expires": 60.0}},
    "refresh-prices": {"task": "orders.tasks.refresh_prices", "schedule": 60.0, "options": {"expires": 60.0}},
    "expire-points": {"task": "orders.tasks.expire_points", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "review-levels": {"task": "orders.tasks.review_levels", "schedule": 86400.0, "options": {"expires": 86400.0}},
}
KEEP_RECORD_DAYS = int(os.environ.get("CC_KEEP_RECORD_DAYS", "1095"))  # of calls and all that was told of them; 0: for ever

AUTHENTICATION_BACKENDS = ["ccenter.calls.logins.Backend", "ccenter.office.rights.Backend"]
# The company's mail server; without a host, mails wait. MAIL_BOUNCES takes "+key" before the @: see crm/services/mailing.py.
EMAIL_HOST = os.environ.get("CC_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("CC_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("CC_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("CC_SMTP_PASSWORD", "")
EMAIL_USE_SSL = os.environ.get("CC_SMTP_TLS", "") == "tls"
EMAIL_USE_TLS = os.environ.get("CC_SMTP_TLS", "") == "starttls"
EMAIL_TIMEOUT = 30  # seconds
MAIL_FROM = DEFAULT_FROM_EMAIL = os.environ.get("CC_MAIL_FROM", "service@localhost")
MAIL_BOUNCES = os.environ.get("CC_MAIL_BOUNCES", "bounce@localhost")

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "console"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("CC_HTTPS") == "1"
X_FRAME_OPTIONS = "SAMEORIGIN"

LANGUAGE_CODE = os.environ.get("CC_LANGUAGE", "zh-hans")
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "ccenter" / "locale"]
USE_I18N = True
FILTERS_EMPTY_CHOICE_LABEL = _all
USE_TZ = True
TIME_ZONE = os.environ.get("CC_TIME_ZONE", "Asia/Shanghai")  # the centre's zone: shown, never stored

STATIC_URL = "static/"
STATICFILES_DIRS = [("vendor", BASE_DIR / "build" / "vendor")]  # made by deploy/pages.sh
WHITENOISE_USE_FINDERS = True  # straight from the apps: nothing has to be collected
STATIC_ROOT = STATE / "static"
MEDIA_ROOT = STATE / "media"
RECORDINGS = STATE / "recordings"
JOURNAL = STATE / "journal"
VOICEMAILS = Path(os.environ.get("CC_VOICEMAILS", STATE / "asterisk/spool/recording/voicemail"))  # where Asterisk puts them

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "ccenter.calls.api.tokens.ByToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ccenter.calls.api.parsers.Json"],
    "DEFAULT_THROTTLE_RATES": {  # of each user, in each web process; of customers, orders and what belongs to them
        "office-read": os.environ.get("CC_READ_RATE", "1200/min"),
        "office-write": os.environ.get("CC_WRITE_RATE", "300/min"),
    },
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ccenter",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],  # choices stand where they are used: the same field name has others elsewhere
    "SERVE_PERMISSIONS": ["ccenter.calls.api.base.IsStaff"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,  # what is only read is no part of what is sent
}

# Where the switch is. Read by ccenter.stasis and by nothing else.
NODE = os.environ.get("CC_NODE", "ast1")
ARI_URL = os.environ.get("CC_ARI_URL", "http://127.0.0.1:8088")
ARI_USER = os.environ.get("CC_ARI_USER", "ccenter")
ARI_PASSWORD = os.environ.get("CC_ARI_PASSWORD", "")
AMI_USER = os.environ.get("CC_AMI_USER", "ccenter")
AMI_PASSWORD = os.environ.get("CC_AMI_PASSWORD", "")
AGI_PORT = int(os.environ.get("CC_AGI_PORT", "4573"))
# Where browsers' phones register: Asterisk's websocket, or the proxy's /ws/sip before it (wss://host/ws/sip).
SIP_WS = os.environ.get("CC_SIP_WS") or f"ws{ARI_URL.removeprefix('http')}/ws"

PHONE_REGION = os.environ.get("CC_PHONE_REGION", "CN")  # how a number without a country code is read
CURRENCY = os.environ.get("CC_CURRENCY", "CNY")  # of prices and orders, ISO 4217

# To stderr, one line for whatever a person may ask about later: refused requests and logins, failures. No full number in it.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "ccenter.stasis.masking.MaskingFormatter", "fmt": "%(asctime)s %(name)s %(levelname)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {name: {"level": "INFO"} for name in ("ccenter", "crm", "orders", "reports")},
}
