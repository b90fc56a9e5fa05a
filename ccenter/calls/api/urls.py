"""The REST interface, under /api/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from ccenter.calls.api import alarms, audio, feed, health, lead, live, phone, record, recordings, seat, seat_records, token

urlpatterns = [
    path("health/", health.HealthView.as_view()),
    path("token/", token.TokenView.as_view()),
    path("seat/", seat.SeatView.as_view()),
    path("seat/phone/", phone.PhoneView.as_view()),
    path("seat/sign-in/", phone.SignInView.as_view()),
    *(path(f"seat/{name}/", view) for name, view in seat.ACTIONS),
    path("waiting/", live.WaitingView.as_view()),
    path("figures/", live.FiguresView.as_view()),
    path("live/", live.LiveView.as_view()),
    path("requests/<uuid:ident>/", seat.RequestView.as_view()),
    path("seats/", record.SeatsView.as_view()),
    *(path(f"seats/<str:number>/{name}/", view) for name, view in lead.ACTIONS),
    path("seat-records/", seat_records.SeatRecordsView.as_view()),
    path("seat-records/import/", seat_records.SeatImportView.as_view()),
    path("seat-records/export/", seat_records.SeatExportView.as_view()),
    path("seat-records/<str:number>/", seat_records.SeatRecordView.as_view()),
    path("queues/", record.QueuesView.as_view()),
    path("trunks/", record.TrunksView.as_view()),
    path("alarms/", alarms.AlarmsView.as_view()),
    path("alarms/<int:ident>/clear/", alarms.ClearAlarmView.as_view()),
    path("calls/", record.CallsView.as_view()),
    path("calls/<str:ident>/", record.CallView.as_view()),
    path("calls/<str:ident>/timeline/", record.TimelineView.as_view()),
    path("recordings/", recordings.RecordingsView.as_view()),
    path("recordings/<str:ident>/peaks/", recordings.PeaksView.as_view()),
    path("recordings/<str:ident>/listenings/", recordings.ListeningsView.as_view()),
    path("recordings/<str:ident>/audio/", audio.AudioView.as_view()),
    path("voicemails/", record.VoicemailsView.as_view()),
    path("voicemails/<str:ident>/audio/", audio.VoicemailAudioView.as_view()),
    path("feed/", feed.FeedView.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema")),
]
