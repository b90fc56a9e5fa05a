"""Websockets of the web process."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
