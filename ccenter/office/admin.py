"""What has a page of its own has none among the administrators' tables: roles are changed where it is written down who did."""

from django.contrib import admin
from django.contrib.auth.models import Group

admin.site.unregister(Group)
