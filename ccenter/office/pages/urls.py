"""/office/: the office's own pages."""

from django.urls import path

from ccenter.office.pages import audit, branches, jobs, me, roles, saved, webhooks

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
    path("jobs/", jobs.Jobs.as_view(), name="jobs"),
    path("jobs/<int:key>/", jobs.JobCard.as_view(), name="job"),
    path("jobs/<int:key>/line/", jobs.JobLine.as_view(), name="job_line"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("roles/", roles.Roles.as_view(), name="roles"),
    path("roles/new/", roles.NewRole.as_view(), name="role_new"),
    path("roles/<int:key>/", roles.RoleCard.as_view(), name="role"),
    path("webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path("webhooks/new/", webhooks.NewWebhook.as_view(), name="webhook_new"),
    path("webhooks/<int:key>/", webhooks.WebhookCard.as_view(), name="webhook"),
    path("webhooks/deliveries/", webhooks.Deliveries.as_view(), name="deliveries"),
    path("webhooks/deliveries/<int:key>/", webhooks.DeliveryCard.as_view(), name="delivery"),
]
