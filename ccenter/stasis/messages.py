"""What Asterisk says: of each message only the fields that are used."""

import msgspec
from msgspec import Struct


class CallerId(Struct, frozen=True):
    number: str = ""
    name: str = ""


class Dialplan(Struct, frozen=True):
    context: str = ""
    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class Channel(Struct):
    id: str
    name: str = ""
    state: str = ""
    caller: CallerId = CallerId()
    dialplan: Dialplan = Dialplan()


class Playback(Struct):
    id: str
    target_uri: str = ""
    state: str = ""


class Recording(Struct):
    name: str
    target_uri: str = ""
    duration: float = 0.0


class Endpoint(Struct):
    technology: str = ""
    resource: str = ""
    state: str = ""


class Peer(Struct):
    peer_status: str = ""  # "Reachable", "Unreachable"


class Contact(Struct):
    """Where a phone is. `contact_status`: "NonQualified" (just registered), "Reachable", "Unreachable", "Removed"."""

    uri: str = ""
    contact_status: str = ""


class Message(Struct):
    """An event. `type` says which fields are there. `soft`: a hang-up that no frame of the network brought."""

    type: str
    args: tuple[str, ...] = ()
    channel: Channel | None = None
    cause: int = 0
    soft: bool = False
    tech_cause: int = 0
    digit: str = ""
    playback: Playback | None = None
    recording: Recording | None = None
    endpoint: Endpoint | None = None
    peer: Peer | None = None
    contact_info: Contact | None = None


class Bridge(Struct):
    id: str
    channels: tuple[str, ...] = ()


class Status(Struct, frozen=True):
    startup_time: str = ""


class Info(Struct):
    """`status.startup_time` tells one run of Asterisk from another."""

    status: Status = Status()


class Reason(Struct):
    message: str = ""
    error: str = ""


read_message = msgspec.json.Decoder(Message).decode
read_channel = msgspec.json.Decoder(Channel).decode
read_channels = msgspec.json.Decoder(list[Channel]).decode
read_bridges = msgspec.json.Decoder(list[Bridge]).decode
read_endpoints = msgspec.json.Decoder(list[Endpoint]).decode
read_info = msgspec.json.Decoder(Info).decode
read_reason = msgspec.json.Decoder(Reason).decode
