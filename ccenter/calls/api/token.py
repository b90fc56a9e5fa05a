"""Login for programs: a token for a user name and password."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from ccenter.calls.api.base import View
from ccenter.calls.logins import HELD_UP


class Login(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False, style={"input_type": "password"})


class TokenAnswer(serializers.Serializer):
    token = serializers.CharField(help_text="For the header `Authorization: Token <token>`.")


def _refusal(errors: Any) -> APIException:
    """Why not, as it is told: that one must wait, or that name and password do not match."""
    for error in errors.get(api_settings.NON_FIELD_ERRORS_KEY, ()):
        if error.code == HELD_UP:
            return TooMany(error)
    return serializers.ValidationError({"password": [_("User name and password do not match.")]})


class TooMany(APIException):
    status_code = 429
    default_code = HELD_UP


class TokenView(View):
    """Log in."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(request=Login, responses=TokenAnswer, tags=["login"], operation_id="token")
    def post(self, request: Request) -> Response:
        """A token for a user name and password. It is the same each time, until it is deleted."""
        asked = Login(data=request.data)
        asked.is_valid(raise_exception=True)
        login = AuthTokenSerializer(data=asked.validated_data, context={"request": request})
        if not login.is_valid():
            raise _refusal(login.errors)
        token, _created = Token.objects.get_or_create(user=login.validated_data["user"])
        return Response({"token": token.key})
