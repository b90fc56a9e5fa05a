"""The feed by long poll."""

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from ccenter.calls.api.base import AsyncView
from ccenter.calls.api.serializers import FactTold
from ccenter.calls.feed import hub
from ccenter.calls.rights import listening

LONGEST = 30.0


class FeedQuery(serializers.Serializer):
    since = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    timeout = serializers.FloatField(min_value=0, max_value=LONGEST, default=20.0)
    lines = serializers.BooleanField(default=False)


class FeedAnswer(serializers.Serializer):
    """Facts in order. Ask again with `since` = `seq`."""

    seq = serializers.IntegerField()
    facts = serializers.ListField(child=FactTold())
    more = serializers.BooleanField(help_text="There is more already: ask at once.")
    reset = serializers.BooleanField(help_text="`since` is not of this record: read the lists anew, then go on from `seq`.")


class FeedView(AsyncView):
    @extend_schema(
        parameters=[
            OpenApiParameter(
                "since", OpenApiTypes.INT64, description="The last seq you know. Without it: answers at once with it."
            ),
            OpenApiParameter("lines", bool, description="Also who waits in the queues your seat serves."),
            OpenApiParameter("timeout", OpenApiTypes.FLOAT, description=f"Seconds to wait, at most {LONGEST:g}; default 20."),
        ],
        responses=FeedAnswer,
        tags=["feed"],
        operation_id="feed",
    )
    async def get(self, request: Request) -> HttpResponse:
        """What happened after `since`; waits for the first fact. Leads hear of their groups, agents of their own.

        The same comes over the websocket /ws/feed/?since=, one such object a message.
        """
        query = FeedQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        scope = await sync_to_async(listening)(request.user, lines=query.validated_data["lines"])
        await sync_to_async(connections.close_all)()  # waiting needs no connection
        feed = hub()
        since = query.validated_data.get("since")
        if since is None:
            body = b'{"seq":%d,"facts":[],"more":false,"reset":false}' % await feed.now()
        else:
            body = (await feed.since(since, scope, query.validated_data["timeout"])).encode()
        return HttpResponse(body, content_type="application/json")
