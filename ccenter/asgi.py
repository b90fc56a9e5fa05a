"""The web process: HTTP to Django, websockets to the consumers of `ccenter.desktop`."""

import os
import sys
from typing import Any

from django.core.asgi import get_asgi_application

from ccenter.threads import ReusedThreads

# A request asks the database a dozen times, and after each answer waits for its turn behind whoever computes: 0.5 ms, not 5.
sys.setswitchinterval(0.0005)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccenter.settings")
django_app = ReusedThreads(get_asgi_application())  # before the consumers: they need the app registry

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

import ccenter.urls  # noqa: E402, F401  # now: two first requests that import it at the same time would fail
from ccenter.desktop.routing import websocket_urlpatterns  # noqa: E402

sockets = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
sockets_of_pages = AllowedHostsOriginValidator(sockets)


async def websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A page must come from our own host. A program with a token need not say where from: no page can send that header."""
    by_token = any(name == b"authorization" for name, _ in scope["headers"])
    await (sockets if by_token else sockets_of_pages)(scope, receive, send)


application = ProtocolTypeRouter({"http": django_app, "websocket": websocket})
