"""The web process: HTTP to Django, websockets to the consumers of `ccenter.calls`."""

import os

from django.core.asgi import get_asgi_application

from ccenter.threads import ReusedThreads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccenter.settings")
django_app = ReusedThreads(get_asgi_application())  # before the consumers: they need the app registry

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from ccenter.calls.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_app,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
