"""Writes, a file for each subject. Who may is asked by who calls this; what is wrong comes as ValidationError by field."""

from crm.services.customers import add_customer, add_note, add_phones, change_customer
from crm.services.records import change_record, save_record
from crm.services.tickets import add_complaint, change_complaint

__all__ = [
    "add_complaint",
    "add_customer",
    "add_note",
    "add_phones",
    "change_complaint",
    "change_customer",
    "change_record",
    "save_record",
]
