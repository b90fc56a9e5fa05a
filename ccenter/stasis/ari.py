"""Asterisk's interfaces, and the only file that speaks them: ARI for calls, AMI over HTTP for the little ARI cannot do.

Events come over a websocket, commands go over pooled HTTP: a command that blocks (Asterisk's `answer` waits while a prompt
plays) then holds up nothing but itself. The names are ARI's own (channels.originate, bridges.addChannel); ids are chosen
by the caller and every command may be repeated, so one that met a closed connection is simply sent again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from ccenter.stasis import messages
from ccenter.stasis.http import Client
from ccenter.stasis.messages import Bridge, Channel, Endpoint, Info, Message

log = logging.getLogger(__name__)

HEARTBEAT = 10.0  # seconds between pings of the websocket; half of it without an answer and the link is lost
PATIENCE = 10.0  # seconds an HTTP command may take
KEEP_ALIVE = 10.0  # seconds an idle connection is kept: less than Asterisk's own limit
CONNECTIONS = 64  # at once; beyond it commands wait their turn
FIRST_RETRY, LAST_RETRY = 0.02, 0.25  # seconds between attempts to connect, doubled each time


class AriError(Exception):
    """The switch said no, or nothing. `status` is HTTP's; UNREACHABLE: it got nothing, TIMED_OUT: who knows what it did."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class ApplicationReplaced(Exception):
    """Another process has taken our application: from now on we hear nothing, so the only right thing is to end."""


UNREACHABLE, TIMED_OUT = 0, 504

_encode = msgspec.json.Encoder().encode


class Ari:
    """One Asterisk: `async with Ari(...) as ari`, then `ari.channels.answer(id)` and so on; `ari.listen` for events.

    Every operation raises AriError. `requests` counts what was sent.
    """

    def __init__(self, url: str, app: str, user: str, password: str, ami_user: str, ami_password: str) -> None:
        self.url = url.rstrip("/")
        self.app = app
        self.requests = 0
        self._credentials = (user, password)
        self._ami_credentials = (ami_user, ami_password)
        self.channels = Channels(self)
        self.bridges = Bridges(self)
        self.playbacks = Playbacks(self)
        self.recordings = Recordings(self)
        self.applications = Applications(self)
        self.endpoints = Endpoints(self)
        self.asterisk = AsteriskSystem(self)
        self.manager = Manager(self)

    async def __aenter__(self) -> "Ari":
        self.http = Client(self.url, *self._credentials, most=CONNECTIONS, patience=PATIENCE, keep=KEEP_ALIVE)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE)
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"Authorization": aiohttp.encode_basic_auth(*self._credentials), "User-Agent": "ccenter"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        digest = aiohttp.DigestAuthMiddleware(*self._ami_credentials)
        self._ami_session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            middlewares=(digest,),
            timeout=aiohttp.ClientTimeout(total=PATIENCE),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.http.close()
        await self._ami_session.close()
        await self._session.close()

    async def request(self, method: str, path: str, body: object = None) -> bytes:
        """Sends one command; `path` is quoted already and `body` becomes JSON. Returns the answer's text."""
        self.requests += 1
        try:
            status, text = await self.http.request(method, f"/ari/{path}", None if body is None else _encode(body))
        except TimeoutError:
            raise AriError(TIMED_OUT, f"no answer in {PATIENCE:.0f} s") from None
        except OSError as error:
            raise AriError(UNREACHABLE, str(error) or type(error).__name__) from None
        if status < 300:
            return text
        raise AriError(status, _why(text))

    async def ami(self, action: dict[str, str], variables: tuple[str, ...] = ()) -> None:
        """One AMI action over HTTP, answered with success. Raises AriError."""
        query = urlencode([*action.items(), *(("Variable", v) for v in variables)], quote_via=quote)
        self.requests += 1
        try:
            async with self._ami_session.get(URL(f"{self.url}/arawman?{query}", encoded=True)) as response:
                text = (await response.read()).decode(errors="replace")
        except TimeoutError:
            raise AriError(TIMED_OUT, f"no answer in {PATIENCE:.0f} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise AriError(UNREACHABLE, str(error) or type(error).__name__) from None
        if response.status >= 300 or "Response: Success" not in text:
            said = [line for line in text.splitlines() if line.startswith("Message: ")]
            raise AriError(max(response.status, 400), said[0][9:] if said else "AMI refused")

    async def listen(
        self,
        connected: Callable[[], Awaitable[None]],
        heard: Callable[[Message], None],
        lost: Callable[[], None],
    ) -> NoReturn:
        """Keeps a websocket to Asterisk, for ever.

        On each connection first `connected` runs to its end, while events wait; then `heard` gets each of them. `lost` is
        called when the link breaks. Should `connected` raise AriError the link is dropped and made anew.
        Raises ApplicationReplaced.
        """
        query = urlencode({"app": self.app, "subscribeAll": "false"})
        url = URL(f"{self.url}/ari/events?{query}", encoded=True)
        wait = FIRST_RETRY
        said = ""
        while True:
            up = False
            try:
                async with self._session.ws_connect(url, heartbeat=HEARTBEAT, max_msg_size=0) as socket:
                    await connected()
                    up, wait, said = True, FIRST_RETRY, ""
                    log.info("linked to %s", self.url)
                    async for frame in socket:
                        if frame.type is aiohttp.WSMsgType.TEXT:
                            self._hear(frame.data, heard)
                            await asyncio.sleep(0)  # what follows from it goes out before the next event of a burst
            except (AriError, aiohttp.ClientError, OSError, TimeoutError) as error:
                if str(error) != said:  # once, not at each attempt
                    said = str(error)
                    log.warning("no link to %s: %s", self.url, said or type(error).__name__)
            finally:
                if up:
                    log.warning("the link to %s is lost", self.url)
                    lost()
            await asyncio.sleep(wait)
            wait = min(wait * 2, LAST_RETRY)

    def _hear(self, text: str, heard: Callable[[Message], None]) -> None:
        try:
            message = messages.read_message(text)
        except msgspec.DecodeError as error:
            log.error("an event that cannot be read: %s", error)
            return
        if message.type == "ApplicationReplaced":
            raise ApplicationReplaced(self.app)
        heard(message)


def _why(text: bytes) -> str:
    try:
        said = messages.read_reason(text)
    except msgspec.DecodeError:
        return ""
    return said.message or said.error


def _id(ident: str) -> str:
    return quote(ident, safe="")


class _Part:
    """A resource of ARI."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._request = ari.request


class Channels(_Part):
    async def list(self) -> list[Channel]:
        return messages.read_channels(await self._request("GET", "channels"))

    async def answer(self, channelId: str) -> None:
        await self._request("POST", f"channels/{_id(channelId)}/answer")

    async def hangup(self, channelId: str, reason_code: int) -> None:
        await self._request("DELETE", f"channels/{_id(channelId)}?reason_code={reason_code}")

    async def get(self, channelId: str) -> Channel:
        return messages.read_channel(await self._request("GET", f"channels/{_id(channelId)}"))

    async def snoopChannelWithId(self, channelId: str, snoopId: str, spy: str, whisper: str, appArgs: str) -> None:
        """Directions are "none", "in", "out" or "both". Back before the new channel is in the application."""
        query = {"spy": spy, "whisper": whisper, "app": self._ari.app, "appArgs": appArgs}
        await self._request("POST", f"channels/{_id(channelId)}/snoop/{_id(snoopId)}?{urlencode(query)}")

    async def originate(
        self,
        channelId: str,
        endpoint: str,
        appArgs: str,
        callerId: str,
        timeout: int,
        variables: dict[str, str],
        originator: str = "",
    ) -> None:
        """Rings `endpoint`. Safe from what `callerId` holds only as far as the caller made it so."""
        body: dict[str, Any] = {
            "channelId": channelId,
            "endpoint": endpoint,
            "app": self._ari.app,
            "appArgs": appArgs,
            "callerId": callerId,
            "timeout": timeout,
            "variables": variables,
        }
        if originator:
            body["originator"] = originator
        await self._request("POST", "channels", body)

    async def continueInDialplan(self, channelId: str, context: str, extension: str, priority: int) -> None:
        """Out of the application, on in the dialplan."""
        query = {"context": context, "extension": extension, "priority": priority}
        await self._request("POST", f"channels/{_id(channelId)}/continue?{urlencode(query)}")

    async def play(self, channelId: str, playbackId: str, media: str, lang: str) -> None:
        """`media`: URIs, comma separated, played one after the other."""
        path = f"channels/{_id(channelId)}/play/{_id(playbackId)}?{urlencode({'media': media, 'lang': lang})}"
        await self._request("POST", path)

    async def startMoh(self, channelId: str, mohClass: str) -> None:
        await self._request("POST", f"channels/{_id(channelId)}/moh?{urlencode({'mohClass': mohClass})}")

    async def stopMoh(self, channelId: str) -> None:
        await self._request("DELETE", f"channels/{_id(channelId)}/moh")

    async def startSilence(self, channelId: str) -> None:
        await self._request("POST", f"channels/{_id(channelId)}/silence")

    async def stopSilence(self, channelId: str) -> None:
        await self._request("DELETE", f"channels/{_id(channelId)}/silence")

    async def sendDTMF(self, channelId: str, dtmf: str) -> None:
        await self._request("POST", f"channels/{_id(channelId)}/dtmf?{urlencode({'dtmf': dtmf})}")

    async def record(self, channelId: str, name: str, format: str, maxDurationSeconds: int) -> None:
        """After a beep, until # or five seconds of silence or the time is up."""
        query = {
            "name": name,
            "format": format,
            "maxDurationSeconds": maxDurationSeconds,
            "maxSilenceSeconds": 5,
            "ifExists": "overwrite",
            "beep": "true",
            "terminateOn": "#",
        }
        await self._request("POST", f"channels/{_id(channelId)}/record?{urlencode(query)}")


class Bridges(_Part):
    async def list(self) -> list[Bridge]:
        return messages.read_bridges(await self._request("GET", "bridges"))

    async def create(self, bridgeId: str, type: str) -> None:
        await self._request("POST", f"bridges/{_id(bridgeId)}?type={_id(type)}")

    async def addChannel(self, bridgeId: str, channel: str) -> None:
        """`channel`: ids, comma separated."""
        await self._request("POST", f"bridges/{_id(bridgeId)}/addChannel?{urlencode({'channel': channel})}")

    async def removeChannel(self, bridgeId: str, channel: str) -> None:
        await self._request("POST", f"bridges/{_id(bridgeId)}/removeChannel?{urlencode({'channel': channel})}")

    async def destroy(self, bridgeId: str) -> None:
        await self._request("DELETE", f"bridges/{_id(bridgeId)}")


class Playbacks(_Part):
    async def stop(self, playbackId: str) -> None:
        await self._request("DELETE", f"playbacks/{_id(playbackId)}")


class Recordings(_Part):
    async def stop(self, recordingName: str) -> None:
        await self._request("POST", f"recordings/live/{_id(recordingName)}/stop")


class Applications(_Part):
    async def filter(self, *events: str) -> None:
        """From now on only these types of event."""
        await self._request("PUT", f"applications/{self._ari.app}/eventFilter", {"allowed": [{"type": e} for e in events]})

    async def subscribe(self, eventSource: str) -> None:
        await self._request("POST", f"applications/{self._ari.app}/subscription?{urlencode({'eventSource': eventSource})}")


class Endpoints(_Part):
    async def listByTech(self, tech: str) -> list[Endpoint]:
        return messages.read_endpoints(await self._request("GET", f"endpoints/{_id(tech)}"))


class AsteriskSystem(_Part):
    async def getInfo(self) -> Info:
        return messages.read_info(await self._request("GET", "asterisk/info?only=status"))

    async def updateObject(self, configClass: str, objectType: str, id: str, fields: dict[str, str]) -> None:
        path = f"asterisk/config/dynamic/{_id(configClass)}/{_id(objectType)}/{_id(id)}"
        pairs = [{"attribute": key, "value": value} for key, value in fields.items()]
        await self._request("PUT", path, {"fields": pairs})

    async def hasObject(self, configClass: str, objectType: str, id: str) -> bool:
        """Is it there? Not ARI's word, which would be getObject."""
        try:
            await self._request("GET", f"asterisk/config/dynamic/{_id(configClass)}/{_id(objectType)}/{_id(id)}")
        except AriError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def deleteObject(self, configClass: str, objectType: str, id: str) -> None:
        await self._request("DELETE", f"asterisk/config/dynamic/{_id(configClass)}/{_id(objectType)}/{_id(id)}")


class Manager(_Part):
    """AMI's actions, by their own names."""

    async def MixMonitor(self, Channel: str, File: str, Options: str) -> None:
        await self._ari.ami({"action": "MixMonitor", "Channel": Channel, "File": File, "Options": Options})

    async def StopMixMonitor(self, Channel: str) -> None:
        await self._ari.ami({"action": "StopMixMonitor", "Channel": Channel})

    async def MixMonitorMute(self, Channel: str, Direction: str, State: bool) -> None:
        action = {"action": "MixMonitorMute", "Channel": Channel, "Direction": Direction, "State": str(int(State))}
        await self._ari.ami(action)

    async def PJSIPQualify(self, Endpoint: str) -> None:
        await self._ari.ami({"action": "PJSIPQualify", "Endpoint": Endpoint})

    async def PJSIPNotify(self, Channel: str, Variable: str) -> None:
        await self._ari.ami({"action": "PJSIPNotify", "Channel": Channel}, (Variable,))
