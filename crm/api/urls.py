"""/api/crm/: customers, what is done for them, and what agents work with."""

from django.urls import path

from ccenter.office.rest import Router
from crm.api import customers, duplicates, files, knowledge, mail, news, outbound, records, scripts, sources, tickets

router = Router()
router.register("customers", customers.Customers, basename="customer")
router.register("notes", customers.Notes, basename="note")
router.register("tags", customers.Tags, basename="tag")
router.register("custom-fields", customers.CustomFields, basename="custom-field")
router.register("duplicates", duplicates.Duplicates, basename="duplicate")
router.register("customer-imports", files.Imports, basename="customer-import")
router.register("customer-import-previews", files.Previews, basename="customer-import-preview")
router.register("customer-changes", files.CustomerChanges, basename="customer-change")
router.register("customer-exports", files.Exports, basename="customer-export")
router.register("ticket-exports", files.TicketExports, basename="ticket-export")
router.register("sources", sources.Sources, basename="source")
router.register("source-refusals", sources.RefusedRows, basename="source-refusal")
router.register("source-runs", sources.Runs, basename="source-run")
router.register("merges", duplicates.Merges, basename="merge")
router.register("categories", records.Categories, basename="category")
router.register("records", records.Records, basename="record")
router.register("tickets", tickets.Tickets, basename="ticket")
router.register("due-rules", tickets.DueRules, basename="due-rule")
router.register("escalations", tickets.Escalations, basename="escalation")
router.register("outbound-tasks", outbound.OutboundTasks, basename="outbound-task")
router.register("outbound-rules", outbound.OutboundRules, basename="outbound-rule")
router.register("barred-numbers", outbound.BarredNumbers, basename="barred-number")
router.register("survey-answers", outbound.SurveyAnswers, basename="survey-answer")
router.register("articles", knowledge.Articles, basename="article")
router.register("scripts", scripts.Scripts, basename="script")
router.register("script-runs", scripts.Runs, basename="script-run")
router.register("news", news.Pieces, basename="news")
router.register("mails", mail.Mails, basename="mail")
router.register("mail-files", mail.Files, basename="mail-file")
router.register("mail-templates", mail.Templates, basename="mail-template")

urlpatterns = [path("sources/<slug:code>/rows/", sources.Received.as_view(), name="source-rows"), *router.urls]
