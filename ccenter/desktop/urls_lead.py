"""Addresses of the team lead's pages."""

from django.urls import path

from ccenter.desktop import views_lead

urlpatterns = [
    path("", views_lead.live, name="lead"),
    path("wallboard/", views_lead.wallboard, name="lead_wallboard"),
    path("recordings/", views_lead.recordings, name="lead_recordings"),
    path("seats/", views_lead.seat_records, name="lead_seats"),
]
