"""Static files without a web server in front, in an asynchronous chain of middleware.

WhiteNoise alone is synchronous, and one such part makes Django hold a thread for the length of every request: for a long
poll, that is twenty seconds.
"""

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise; what is no static file passes without a thread."""

    sync_capable = False
    async_capable = True

    def __init__(self, get_response: object) -> None:
        super().__init__(get_response)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        file = self.files.get(path)
        if file is None and self.autorefresh and path.startswith(self.static_prefix):
            file = await sync_to_async(self.find_file)(path)
        if file is not None:
            return await sync_to_async(self.serve)(file, request)
        return await self.get_response(request)
