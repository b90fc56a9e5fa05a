"""/api/office/: rights, branches, the audit log, jobs, webhooks, saved filters."""

from ccenter.office.api import branches, record
from ccenter.office.rest import Router

router = Router()
router.register("branches", branches.Branches, basename="branch")
router.register("audit", record.Audit, basename="audit")

urlpatterns = router.urls
