"""Websockets of the web process."""

from django.urls import path

from ccenter.desktop.consumers import DeskConsumer

websocket_urlpatterns = [path("ws/feed/", DeskConsumer.as_asgi())]
