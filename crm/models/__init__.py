"""Customers and what is done for them; a file for each subject.

Calls, agents, queues and orders are kept as text, as in `ccenter.calls.models.record`: what was done outlives them.
"""

from crm.models.categories import Category
from crm.models.customers import E164, Customer, CustomerAddress, CustomerNote, CustomerPhone, Tag
from crm.models.fields import CustomField
from crm.models.knowledge import Article, ArticleVersion, ArticleVote
from crm.models.mail import Mail, MailFile, MailTemplate
from crm.models.merging import Duplicate, Merge
from crm.models.news import News, NewsReceipt
from crm.models.outbound import OutboundRule, OutboundTask
from crm.models.records import ServiceRecord
from crm.models.scripts import Script, ScriptAnswer, ScriptRun
from crm.models.search import CustomerIndex
from crm.models.syncing import RefusedRow, Source, SourceRow, SourceRun
from crm.models.tickets import Complaint, DueRule, Escalation, Ticket, TicketEvent

__all__ = [
    "E164",
    "Article",
    "ArticleVersion",
    "ArticleVote",
    "Category",
    "Complaint",
    "CustomField",
    "Customer",
    "CustomerAddress",
    "CustomerIndex",
    "CustomerNote",
    "CustomerPhone",
    "DueRule",
    "Duplicate",
    "Escalation",
    "Mail",
    "MailFile",
    "MailTemplate",
    "Merge",
    "News",
    "NewsReceipt",
    "OutboundRule",
    "OutboundTask",
    "RefusedRow",
    "Script",
    "ScriptAnswer",
    "ScriptRun",
    "ServiceRecord",
    "Source",
    "SourceRow",
    "SourceRun",
    "Tag",
    "Ticket",
    "TicketEvent",
]
