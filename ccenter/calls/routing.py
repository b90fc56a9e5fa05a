"""Websockets of the web process."""

from django.urls import path

from ccenter.calls.consumers import FeedConsumer

websocket_urlpatterns = [path("ws/feed/", FeedConsumer.as_asgi())]
