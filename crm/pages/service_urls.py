"""Addresses of the pages about service, below /crm/."""

from typing import Any

from django.urls import path

from crm.pages import knowledge, mails, news, outbound, scripts, settings_pages, tickets


def pages(address: str, name: str, rows: Any = None, card: Any = None, form: Any = None, change: Any = None) -> list[Any]:
    """A list, the form of a new row, a row's card, and the form that changes it (`change`, else `form`)."""
    found = [path(f"{address}/", rows.as_view(), name=f"{name}s")] if rows else []
    found += [path(f"{address}/new/", form.as_view(verb="add"), name=f"{name}_new")] if form else []
    found += [path(f"{address}/<int:key>/", card.as_view(), name=name)] if card else []
    return found + ([path(f"{address}/<int:key>/change/", change.as_view(), name=f"{name}_change")] if change else [])


urlpatterns = [
    path("found-customers/", settings_pages.FoundCustomers.as_view(), name="found_customers"),
    *pages("tickets", "ticket", tickets.Tickets, tickets.TicketCard, tickets.NewTicket, tickets.ChangeTicket),
    path("tickets/export/", tickets.ExportTickets.as_view(), name="tickets_export"),
    *pages("due-rules", "due_rule", settings_pages.DueRules, settings_pages.DueRuleForm, settings_pages.DueRuleForm),
    *pages("escalations", "escalation", settings_pages.Escalations, settings_pages.EscalationForm, settings_pages.EscalationForm),
    path("categories/", settings_pages.Categories.as_view(), name="categories"),
    *pages("categories", "category", None, settings_pages.CategoryForm, settings_pages.CategoryForm),
    path("categories/<int:key>/delete/", settings_pages.DropCategory.as_view(), name="category_delete"),
    *pages("records", "record", settings_pages.Records, settings_pages.RecordCard, None, settings_pages.ChangeRecord),
    *pages(
        "outbound-tasks",
        "outbound_task",
        outbound.OutboundTasks,
        outbound.OutboundTaskCard,
        outbound.NewOutboundTask,
        outbound.ChangeOutboundTask,
    ),
    *pages("outbound-rules", "outbound_rule", outbound.OutboundRules, outbound.OutboundRuleForm, outbound.OutboundRuleForm),
    path("barred-numbers/", outbound.BarredNumbers.as_view(), name="barred_numbers"),
    path("knowledge/", knowledge.Knowledge.as_view(), name="knowledge"),
    path("knowledge/<int:key>/vote/", knowledge.Vote.as_view(), name="vote"),
    *pages("articles", "article", knowledge.Articles, knowledge.ArticleCard, knowledge.ArticleForm, knowledge.ArticleForm),
    *pages("scripts", "script", scripts.Scripts, scripts.ScriptForm, scripts.ScriptForm),
    path("scripts/run/", scripts.RunScript.as_view(), name="run_script"),
    *pages("script-runs", "script_run", scripts.ScriptRuns, scripts.ScriptRunPage),
    path("news/", news.NewsList.as_view(), name="news"),
    path("news/to-confirm/", news.NewsToConfirm.as_view(), name="news_to_confirm"),
    path("news/<int:key>/read/", news.ReadNews.as_view(), name="news_read"),
    *pages("news", "news", None, None, news.NewsForm, news.NewsForm),
    path("news/<int:key>/", news.NewsCard.as_view(), name="news_card"),
    *pages("mails", "mail", mails.Mails, mails.MailCard),
    *pages("mail-templates", "mail_template", mails.Templates, mails.TemplateForm, mails.TemplateForm),
]
