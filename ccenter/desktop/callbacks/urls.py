"""/callbacks/: whom we owe a call, and the rules for it."""

from django.urls import path

from ccenter.desktop.callbacks import figures, lists, rules, surge

app_name = "callbacks"
urlpatterns = [
    path("", lists.Callbacks.as_view(), name="callbacks"),
    path("of/<str:key>/", lists.CallbackCard.as_view(), name="callback"),
    path("surge/", surge.SurgeView.as_view(), name="surge"),
    path("figures/", figures.Figures.as_view(), name="figures"),
    *rules.urlpatterns,
]
