"""The switch as far as the core can tell: channels, bridges, what each channel hears, and events in flight.

`perform` does a command to the truth at once; what the real one would report later is put into `flight`. A test
delivers from there when and in what order it likes, and makes things happen (`answers`, `hangs_up`, `presses`).
"""

from dataclasses import dataclass, field

from ccenter.acd import commands, events
from ccenter.acd.world import Output


@dataclass
class Channel:
    """`state`: ring (comes in), dialling, ringing, up."""

    id: str
    state: str
    endpoint: str = ""
    plays: dict[str, tuple[str, ...]] = field(default_factory=dict)
    music: str = ""
    bridge: str = ""
    message: str = ""
    recording: str = ""
    paused: bool = False
    keys_sent: str = ""
    of: str = ""  # a snoop: the channel it hears, and may be heard on
    spy: str = ""
    whisper: str = ""


@dataclass
class Switch:
    node: str = "ast1"
    channels: dict[str, Channel] = field(default_factory=dict)
    bridges: dict[str, None] = field(default_factory=dict)
    flight: list[events.AnyEvent] = field(default_factory=list)
    lookups: list[commands.LookUp] = field(default_factory=list)
    stores: list[commands.Store] = field(default_factory=list)
    checks: list[commands.CheckRecording] = field(default_factory=list)
    linked: bool = True
    born: int = 0

    # -- what happens by itself --------------------------------------------------------------------------------

    def report(self, event: events.AnyEvent) -> None:
        """What happens while nobody is connected is never told."""
        if self.linked:
            self.flight.append(event)

    def comes_in(self) -> str:
        """A new incoming channel's id."""
        self.born += 1
        leg = f"{self.node}-17000000.{self.born}"
        self.channels[leg] = Channel(leg, "ring")
        return leg

    def rings(self, leg: str) -> None:
        self.channels[leg].state = "ringing"
        self.report(events.LegRinging(leg))

    def answers(self, leg: str) -> None:
        self.channels[leg].state = "up"
        self.report(events.LegAnswered(leg, f"PJSIP/x-{leg}"))

    def ends(self, leg: str, cause: int = 16, note: str = "") -> None:
        channel = self.channels.pop(leg)
        if channel.message:
            self.report(events.MessageRecorded(leg, channel.message, 4.0))
        self.report(events.LegEnded(leg, cause, note))
        for snoop in [snoop for snoop, other in self.channels.items() if other.of == leg]:
            self.ends(snoop)

    def presses(self, leg: str, key: str) -> None:
        self.report(events.KeyPressed(leg, key))

    def finishes_play(self, leg: str, play: str) -> None:
        del self.channels[leg].plays[play]
        self.report(events.PlayEnded(leg, play))

    def finishes_message(self, leg: str, seconds: float) -> None:
        message, self.channels[leg].message = self.channels[leg].message, ""
        self.report(events.MessageRecorded(leg, message, seconds))

    def restarts(self) -> None:
        """A new Asterisk: it knows nothing."""
        self.channels.clear()
        self.bridges.clear()

    def truth(self, *, restarted: bool = False) -> events.NodeUp:
        names = {"ring": "Ring", "dialling": "Down", "ringing": "Ringing", "up": "Up"}
        return events.NodeUp(
            self.node,
            {leg: names[channel.state] for leg, channel in self.channels.items()},
            {bridge: tuple(self.members(bridge)) for bridge in [*self.bridges, self.node + "-hold"]},
            restarted,
        )

    # -- what can be seen --------------------------------------------------------------------------------------

    def members(self, bridge: str) -> list[str]:
        return [leg for leg, channel in self.channels.items() if channel.bridge == bridge]

    def talks_with(self, leg: str) -> set[str]:
        bridge = self.channels[leg].bridge
        return set(self.members(bridge)) - {leg} if bridge and bridge != self.node + "-hold" else set()

    def hears(self, leg: str) -> set[str]:
        """music, prompt, beep (a message is taken), people; nothing: stranded."""
        channel = self.channels[leg]
        heard = {
            "music": bool(channel.music),
            "prompt": bool(channel.plays),
            "beep": bool(channel.message),
            "people": bool(self.talks_with(leg)),
        }
        return {name for name, yes in heard.items() if yes}

    def voices(self, leg: str) -> set[str]:
        """Whose voices reach this channel: of those in its bridge, through snoops there, and whispered into it."""
        heard = set()
        for other in self.talks_with(leg):
            snoop = self.channels[other]
            if not snoop.of:
                heard.add(other)
            if snoop.spy in ("in", "both"):
                heard.add(snoop.of)
            if snoop.spy in ("out", "both"):
                heard |= self.talks_with(snoop.of)
        for snoop in self.channels.values():
            to_it = snoop.of == leg and snoop.whisper in ("out", "both")
            as_if_from_it = snoop.of in self.talks_with(leg) and snoop.whisper in ("in", "both")
            if to_it or as_if_from_it:
                heard |= self.talks_with(snoop.id)
        return heard - {leg}

    # -- commands ----------------------------------------------------------------------------------------------

    def perform(self, out: list[Output]) -> None:
        for item in out:
            if isinstance(item, commands.Command) and (
                self.linked or isinstance(item, commands.LookUp | commands.Store | commands.CheckRecording)
            ):
                self._one(item)

    def _one(self, command: commands.Command) -> None:
        match command:
            case commands.Dial(leg=leg, endpoint=endpoint):
                assert leg not in self.channels, f"{leg} dialled twice"
                self.channels[leg] = Channel(leg, "dialling", endpoint)
            case commands.Snoop(leg=leg, of=of, spy=spy, whisper=whisper, instead=instead):
                if instead in self.channels:
                    self.ends(instead, 16)
                assert leg not in self.channels, f"{leg} made twice"
                self.channels[leg] = Channel(leg, "up", of=of, spy=spy, whisper=whisper)
                if of not in self.channels:
                    self.ends(leg, 0)
                else:
                    assert self.channels[of].state == "up", f"{of} only rings, and is listened to"
            case commands.LookUp():
                self.lookups.append(command)
            case commands.Store():
                self.stores.append(command)
            case commands.CheckRecording():
                self.checks.append(command)
            case commands.MakeBridge(bridge=bridge):
                self.bridges[bridge] = None
            case commands.DropBridge(bridge=bridge):
                self.bridges.pop(bridge, None)
                for leg in self.members(bridge):
                    self.channels[leg].bridge = ""
            case commands.Join(bridge=bridge, legs=legs):
                assert bridge in self.bridges, f"{bridge} is not there"
                for leg in legs:
                    if leg in self.channels:
                        self.channels[leg].bridge = bridge
                        self.channels[leg].plays.clear()  # the shell stops what would hold the switch up
                        self.channels[leg].music = ""
            case commands.HangUp(leg=leg):
                if leg in self.channels:
                    self.ends(leg)
            case _:
                channel = self.channels.get(command.leg)  # type: ignore[attr-defined]
                if channel is not None:
                    self._on(channel, command)

    def _on(self, channel: Channel, command: commands.Command) -> None:
        match command:
            case commands.Answer():
                channel.state = "up"
            case commands.AnswerPhone():
                if channel.state in ("dialling", "ringing"):
                    self.answers(channel.id)
            case commands.Play(play=play, sounds=sounds):
                assert channel.message == "", "spoken into a message"
                channel.plays[play] = sounds
            case commands.StopPlay(play=play):
                channel.plays.pop(play, None)
            case commands.StartMusic(music=music):
                channel.music = music
            case commands.StopMusic():
                channel.music = ""
            case commands.Park(music=music):
                channel.bridge, channel.music = self.node + "-hold", music
            case commands.Leave():
                if channel.bridge == self.node + "-hold":
                    channel.music = ""
                channel.bridge = ""
            case commands.StartRecording(recording=recording):
                channel.recording = recording
            case commands.ContinueRecording(recording=recording, paused=paused):
                channel.recording, channel.paused = recording, paused  # begins, where the beginning was lost
            case commands.PauseRecordingOf(paused=paused):
                channel.paused = paused
            case commands.RecordMessage(message=message):
                assert not channel.plays, "the message is taken into a prompt"
                channel.message = message
            case commands.StopMessage(message=message):
                if channel.message == message:
                    self.finishes_message(channel.id, 4.0)  # told, though the core may have given it up
            case commands.SendDtmf(keys=keys):
                channel.keys_sent += keys
            case _:
                raise AssertionError(f"not known: {command}")
