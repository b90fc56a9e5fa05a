"""/api/office/: rights, branches, the audit log, jobs, webhooks, saved filters."""

from ccenter.office.api import branches, record, roles
from ccenter.office.rest import Router

router = Router()
router.register("roles", roles.Roles, basename="role")
router.register("branches", branches.Branches, basename="branch")
router.register("audit", record.Audit, basename="audit")

urlpatterns = router.urls
