"""/api/office/: rights, branches, the audit log, jobs, webhooks, saved filters."""

from ccenter.office.api import branches, filters, jobs, record, roles, webhooks
from ccenter.office.rest import Router

router = Router()
router.register("roles", roles.Roles, basename="role")
router.register("branches", branches.Branches, basename="branch")
router.register("audit", record.Audit, basename="audit")
router.register("filters", filters.SavedFilters, basename="filter")
router.register("webhooks", webhooks.Webhooks, basename="webhook")
router.register("webhook-deliveries", webhooks.Deliveries, basename="delivery")
router.register("jobs", jobs.Jobs, basename="job")

urlpatterns = router.urls
