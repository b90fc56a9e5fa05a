"""The REST interface, under /api/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView

from ccenter.calls.api import seat, token

urlpatterns = [
    path("token/", token.TokenView.as_view()),
    path("seat/", seat.SeatView.as_view()),
    *(path(f"seat/{name}/", view) for name, view in seat.ACTIONS),
    path("requests/<uuid:ident>/", seat.RequestView.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularRedocView.as_view(url_name="schema")),
]
