"""The way to the pages about service: the menu, the tools beside a call, what has to be looked at."""

from django.utils.translation import gettext_lazy as _

from ccenter.office.pages import menu
from crm.pages.news import waiting


def add_all() -> None:
    for name, label, icon, right in (
        ("crm:tickets", _("Complaints and work orders"), "lifebuoy", "tickets.view"),
        ("crm:knowledge", _("Knowledge"), "book-2", "articles.view"),
        ("crm:news", _("News"), "speakerphone", "news.view"),
        ("crm:records", _("Service records"), "notes", "records.view"),
        ("crm:mails", _("Mails"), "mail", "mails.view"),
        ("crm:articles", _("Articles"), "book", "articles.add"),
        ("crm:scripts", _("Scripts"), "quote", "scripts.view"),
        ("crm:script_runs", _("Answers to scripts"), "list-check", "script_runs.view"),
        ("crm:mail_templates", _("Mail templates"), "template", "mail_templates.view"),
        ("crm:categories", _("Categories"), "category", "categories.view"),
        ("crm:due_rules", _("Due times"), "clock-exclamation", "due_rules.view"),
        ("crm:escalations", _("Escalations"), "stairs-up", "escalations.view"),
    ):
        menu.add("service", name, label, icon, right)
    for name, label, icon, right in (
        ("crm:outbound_tasks", _("Outbound calls"), "phone-outgoing", "outbound_tasks.view"),
        ("crm:outbound_rules", _("Rules for outbound calls"), "calendar-repeat", "outbound_rules.view"),
        ("crm:barred_numbers", _("Numbers not to be called"), "phone-off", "barred_numbers.view"),
    ):
        menu.add("calls", name, label, icon, right)
    beside = "?call={call}&customer={customer}"
    menu.tool(f"/crm/knowledge/{beside}", _("Knowledge"), "book-2", "articles.view")
    menu.tool(f"/crm/scripts/run/{beside}", _("Script"), "quote", "script_runs.add")
    menu.tool(f"/crm/tickets/new/{beside}", _("New complaint or work order"), "lifebuoy", "tickets.add")
    menu.notices(waiting)
