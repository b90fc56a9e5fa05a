"""Customers and what is done for them; a file for each subject.

Calls, agents, queues and orders are kept as text, as in `ccenter.calls.models.record`: what was done outlives them.
"""

from crm.models.categories import Category
from crm.models.complaints import Complaint
from crm.models.customers import E164, Customer, CustomerNote, CustomerPhone
from crm.models.records import ServiceRecord
from crm.models.scripts import Script

__all__ = [
    "E164",
    "Category",
    "Complaint",
    "Customer",
    "CustomerNote",
    "CustomerPhone",
    "Script",
    "ServiceRecord",
]
