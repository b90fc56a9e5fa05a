"""Addresses of the team lead's pages."""

from django.urls import path

from ccenter.desktop import views_lead, views_records

urlpatterns = [
    path("", views_lead.live, name="lead"),
    path("wallboard/", views_lead.wallboard, name="lead_wallboard"),
    path("recordings/", views_records.found_recordings, name="lead_recordings"),
    path("recordings/<str:ident>/listeners/", views_records.listeners, name="lead_listeners"),
    path("seats/", views_records.seats, name="lead_seats"),
    path("seats/new/", views_records.seat, name="lead_seat_new"),
    path("seats/<str:number>/", views_records.seat, name="lead_seat"),
]
