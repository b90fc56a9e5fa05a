"""Login for programs: a token for a user name and password."""

import logging

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from ccenter.calls.api.base import View

log = logging.getLogger(__name__)


class Login(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False, style={"input_type": "password"})


class TokenAnswer(serializers.Serializer):
    token = serializers.CharField(help_text="For the header `Authorization: Token <token>`.")


class Failures(SimpleRateThrottle):
    """Counts failed logins only: who knows the password is never held up by it."""

    def throttle_success(self) -> bool:
        return True

    def count(self) -> None:
        """One more failure."""
        if self.key:
            self.cache.set(self.key, [self.timer(), *self.history], self.duration)


class ByAddress(Failures):
    """Guessing is slow from one address."""

    scope = "token"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"token-address-{self.get_ident(request)}"


class ByName(Failures):
    """And slower for one name, from wherever."""

    scope = "token"
    rate = "10/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        name = request.data.get("username") if isinstance(request.data, dict) else None
        return f"token-name-{str(name)[:150].lower().encode().hex()}" if name else None


class TokenView(View):
    """Log in."""

    authentication_classes = []
    permission_classes = []

    def get_throttles(self) -> list[Failures]:
        self.failures = [ByAddress(), ByName()]
        return self.failures

    @extend_schema(request=Login, responses=TokenAnswer, tags=["login"], operation_id="token")
    def post(self, request: Request) -> Response:
        """A token for a user name and password. It is the same each time, until it is deleted."""
        asked = Login(data=request.data)
        asked.is_valid(raise_exception=True)
        login = AuthTokenSerializer(data=asked.validated_data, context={"request": request})
        if not login.is_valid():
            for throttle in self.failures:
                throttle.count()
            name = asked.validated_data["username"]
            # What is nobody's name is not written down: people type their password there.
            who = repr(name) if User.objects.filter(username=name).exists() else "an unknown name"
            log.warning("login refused for %s from %s", who, self.failures[0].get_ident(request))
            raise serializers.ValidationError({"password": [_("User name and password do not match.")]})
        token, _created = Token.objects.get_or_create(user=login.validated_data["user"])
        return Response({"token": token.key})
