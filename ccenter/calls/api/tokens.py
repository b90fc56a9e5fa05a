"""Who asks, by token. REST framework builds the same query anew for each request, which takes longer than to answer it."""

from typing import Any

from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token

from ccenter.prepared import Prepared, Slot

_tokens = Prepared(lambda: Token.objects.filter(key=Slot("key")).select_related("user"))


class ByToken(TokenAuthentication):
    """What is no token of somebody who may come in, REST framework refuses in its own words."""

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        found = _tokens(key=key)
        if found and found[0].user.is_active:
            return found[0].user, found[0]
        refused: tuple[Any, Any] = super().authenticate_credentials(key)
        return refused
