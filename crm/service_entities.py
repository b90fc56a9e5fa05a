"""What is done for customers, and what agents work with, as entities for `ccenter.office.rights`; and the events for webhooks."""

from django.utils.translation import gettext_lazy as _

from ccenter.office import webhooks
from ccenter.office.rights import declare

READERS = ("agent", "expert", "lead", "order_reviewer", "finance", "warehouse")
WRITERS = ("agent", "expert", "lead")


def declare_all() -> None:
    tickets()
    outbound()
    knowledge()
    mails()


def tickets() -> None:
    """A ticket is whose who took it and who answers for it; a branch sees what was handed to it."""
    works = "view add change work close note follow_up"
    declare(
        "tickets",
        _("complaints and work orders"),
        {
            "work": _("work on"),
            "assign": _("assign"),
            "dispatch": _("hand to a branch"),
            "close": _("close"),
            "reopen": _("open again"),
            "withdraw": _("withdraw"),
            "note": _("add a note"),
            "follow_up": _("ask for a follow-up call"),
            "export": _("export"),
        },
        own=("author", "owner"),
        team=("team", "owner__seat__group"),
        branch="branch",
        seeds={
            "agent": f"{works} reopen",
            "expert": f"{works} reopen assign dispatch",
            "lead": f"{works} reopen assign dispatch withdraw export:team",
            **dict.fromkeys(("order_reviewer", "finance", "warehouse"), "view"),
            "branch": "view:branch work:branch note:branch",
        },
    )
    settings = {"expert": "view", "lead": "view"}
    declare("due_rules", _("due time rules"), seeds=settings)
    declare("escalations", _("escalations"), seeds=settings)
    declare(
        "records",
        _("service records"),
        own="author",
        team="author__seat__group",
        seeds={
            **dict.fromkeys(READERS, "view"),
            **dict.fromkeys(("agent", "expert"), "view add change:own"),
            "lead": "view add change:team",
        },
    )
    declare("categories", _("categories"), seeds=dict.fromkeys((*READERS, "branch"), "view"))
    for event, title in (
        ("ticket.taken", _("a ticket was taken")),
        ("ticket.state", _("a ticket changed its state")),
        ("ticket.escalated", _("a ticket is late")),
        ("mail.bounced", _("a mail came back")),
    ):
        webhooks.declare(event, title)


def outbound() -> None:
    """Calls to customers at a time, who is not to be called, and what surveys were answered."""
    declare(
        "barred_numbers",
        _("numbers not to be called"),
        seeds={"agent": "view add", "expert": "view add", "lead": "view add delete"},
    )
    declare(
        "outbound_tasks",
        _("outbound calls"),
        {"cancel": _("cancel")},
        own="author",
        seeds={
            "agent": "view add change:own cancel:own",
            "expert": "view add change cancel",
            "lead": "view add change cancel",
            "order_reviewer": "view add change:own cancel:own",
        },
    )
    declare("outbound_rules", _("rules for outbound calls"), seeds={"expert": "view", "lead": "view add change delete"})
    declare("survey_answers", _("answers to surveys"), seeds={"expert": "view", "lead": "view"})


def knowledge() -> None:
    everybody = (*READERS, "branch")
    declare(
        "articles",
        _("knowledge base"),
        {"submit": _("hand in"), "approve": _("approve and refuse"), "vote": _("judge")},
        own="author",
        seeds={
            **dict.fromkeys(everybody, "view vote"),
            "agent": "view vote add change:own submit:own",
            "expert": "view vote add change submit approve",
            "lead": "view vote add change submit approve",
        },
    )
    declare(
        "scripts",
        _("scripts"),
        seeds={"agent": "view", "expert": "view add change", "lead": "view add change delete", "branch": "view"},
    )
    declare(
        "script_runs",
        _("answers to scripts"),
        own="user",
        team="user__seat__group",
        seeds={**dict.fromkeys(WRITERS, "view add change:own"), "branch": "view:own add change:own"},
    )
    declare(
        "news",
        _("news"),
        {"read": _("read and confirm"), "readers": _("see who has read it")},
        own="author",
        seeds={**dict.fromkeys(everybody, "view read"), "lead": "view read add change:own delete:own readers"},
    )


def mails() -> None:
    declare(
        "mails",
        _("mails to customers"),
        {"again": _("send again")},
        own="author",
        team="author__seat__group",
        seeds={**dict.fromkeys(READERS, "view"), **dict.fromkeys(WRITERS, "view add again")},
    )
    declare("mail_files", _("files to attach"), own="author", seeds=dict.fromkeys(WRITERS, "view add"))
    declare("mail_templates", _("mail templates"), seeds=dict.fromkeys(WRITERS, "view"))
