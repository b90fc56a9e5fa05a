"""Addresses of the pages of orders, their review, delivery and money."""

from django.urls import path, re_path

from orders.pages import entry, in_turn, money, orders

NUMBER = r"(?P<key>[0-9]{4,16})"

urlpatterns = [
    path("", orders.Orders.as_view(), name="orders"),
    path("export/", orders.ExportOrders.as_view(), name="export"),
    path("delivery-notes/", orders.DeliveryNotes.as_view(), name="delivery_notes"),
    path("new/", entry.OrderEntry.as_view(), name="new"),
    path("new/submit/", entry.SubmitEntry.as_view(), name="new_submit"),
    path("new/drop/", entry.DropEntry.as_view(), name="new_drop"),
    path("review/", in_turn.Review.as_view(), name="review"),
    re_path(rf"^review/{NUMBER}/$", in_turn.ReviewCard.as_view(), name="review_order"),
    path("dispatch/", in_turn.Dispatch.as_view(), name="dispatch"),
    re_path(rf"^dispatch/{NUMBER}/$", in_turn.DispatchCard.as_view(), name="dispatch_order"),
    path("payments/", money.Payments.as_view(), name="payments"),
    path("outstanding/", money.Outstanding.as_view(), name="outstanding"),
    re_path(r"^outstanding/(?P<what>collect|owed|refund)/$", money.Outstanding.as_view(), name="outstanding_of"),
    path("returns/", money.Returns.as_view(), name="returns"),
    path("invoices/", money.Invoices.as_view(), name="invoices"),
    path("invoices/<int:key>/pdf/", money.InvoicePaper.as_view(), name="invoice_pdf"),
    re_path(rf"^{NUMBER}/$", orders.OrderCard.as_view(), name="order"),
    re_path(rf"^{NUMBER}/delivery-note/$", orders.DeliveryNote.as_view(), name="delivery_note"),
]
