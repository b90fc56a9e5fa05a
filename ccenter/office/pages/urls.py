"""/office/: the office's own pages."""

from django.urls import path

from ccenter.office.pages import branches, me, saved

app_name = "office"
urlpatterns = [
    path("", me.Home.as_view(), name="home"),
    path("me/", me.Me.as_view(), name="me"),
    path("notices/", me.Notices.as_view(), name="notices"),
    path("filters/new/<slug:of>/", saved.NewFilter.as_view(), name="filters"),
    path("filters/<int:key>/", saved.OldFilter.as_view(), name="filter"),
    path("branches/", branches.Branches.as_view(), name="branches"),
    path("branches/new/", branches.NewBranch.as_view(), name="branch_new"),
    path("branches/<int:key>/", branches.BranchCard.as_view(), name="branch"),
]
