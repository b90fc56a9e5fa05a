"""Addresses of the pages of customers."""

from django.urls import path

from crm.pages import customer_card, customer_edit, customers, files, labels, merging, sources, write_mail

urlpatterns = [
    path("customers/", customers.Customers.as_view(), name="customers"),
    path("customers/new/", customer_edit.NewCustomer.as_view(), name="customer_new"),
    path("customers/import/", files.Import.as_view(), name="customers_import"),
    path("customers/export/", files.Export.as_view(), name="customers_export"),
    path("customers/change/", files.ChangeAll.as_view(), name="customers_change"),
    path("customers/<int:key>/", customer_card.CustomerCard.as_view(), name="customer"),
    path("customers/<int:key>/change/", customer_edit.ChangeCustomer.as_view(), name="customer_change"),
    path("customers/<int:key>/history/", customer_card.History.as_view(), name="customer_history"),
    path("customers/<int:key>/notes/", customer_card.NewNote.as_view(), name="customer_note"),
    path("customers/<int:key>/mail/", write_mail.WriteMail.as_view(), name="customer_mail"),
    path("customers/<int:key>/merge/", merging.MergeWith.as_view(), name="merge_with"),
    path("customers/<int:left>/merge/<int:right>/", merging.Compare.as_view(), name="merge"),
    path("duplicates/", merging.Duplicates.as_view(), name="duplicates"),
    path("duplicates/<int:key>/", merging.Pair.as_view(), name="duplicate"),
    path("merges/", merging.Merges.as_view(), name="merges"),
    path("merges/<int:key>/undo/", merging.UndoMerge.as_view(), name="merge_undo"),
    path("tags/", labels.Tags.as_view(), name="tags"),
    path("tags/new/", labels.NewTag.as_view(), name="tag_new"),
    path("tags/<int:key>/", labels.ChangeTag.as_view(), name="tag"),
    path("fields/", labels.Fields.as_view(), name="fields"),
    path("fields/new/", labels.NewField.as_view(), name="field_new"),
    path("fields/<int:key>/", labels.ChangeField.as_view(), name="field"),
    path("sources/", sources.Sources.as_view(), name="sources"),
    path("sources/new/", sources.NewSource.as_view(), name="source_new"),
    path("sources/runs/", sources.SourceRuns.as_view(), name="source_runs"),
    path("sources/refused/", sources.RefusedRows.as_view(), name="source_refused"),
    path("sources/<int:key>/", sources.SourceCard.as_view(), name="source"),
    path("sources/<int:key>/change/", sources.ChangeSource.as_view(), name="source_change"),
]
