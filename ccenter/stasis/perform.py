"""Does what the core wants done: commands become requests to Asterisk, in order for each leg and bridge.

Every command names what it touches. It waits for the command before it on each of these, and for nothing else. What is
kept of a leg is what Asterisk does not do by itself (all of it measured, see ARCHITECTURE.md): a join waits for ever
behind a playback and does not stop the channel's music, a channel in a bridge cannot be recorded by ARI.

A command that cannot be done comes back as an event; one for a leg that has just gone does not, its `LegEnded` says it all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from ccenter.acd import commands, events
from ccenter.acd.commands import Command
from ccenter.stasis.ari import TIMED_OUT, UNREACHABLE, Ari, AriError
from ccenter.stasis.background import Background
from ccenter.stasis.judging import DETECT
from ccenter.stasis.lanes import Lanes, Task
from ccenter.stasis.places import Places
from ccenter.stasis.translate import Live
from ccenter.stasis.wording import as_dialled, caller_id, headers, is_endpoint, media_uri

log = logging.getLogger(__name__)

HOOK_GONE = 0.1  # seconds until the hook of a stopped recording or snoop is off the channel: it goes with the next packet
RING_LIMIT = 120  # seconds; only a guard, the core decides how long a phone rings
OUT_OF_ORDER, NO_CONTACT = 27, "no_contact"
NOT_IN_APPLICATION = 422  # ARI's word for a channel that is there, but not in our hands
ENTERS_WITHIN = 1.0  # seconds until a snoop must be; it is made with a thread of its own
MESSAGE_FORMAT = "wav"
BEEP = 0.7  # seconds; it lasts 0.4
WITHHELD = '"anonymous" <anonymous>'  # shown by desk phones; of nothing at all they would make our address


class Performer:
    """Commands for one node. `emit` gets the events that come of them; `live` is shared with the translator."""

    def __init__(self, node: str, ari: Ari, live: Live, background: Background, emit: Callable[[events.AnyEvent], None]) -> None:
        self.ari = ari
        self.hold = f"{node}-hold"
        self._live = live
        self._background = background
        self._emit = emit
        self._places = Places(live, self.hold)
        self._lanes = Lanes()

    # -- what comes in -----------------------------------------------------------------------------------------

    def perform(self, batch: Iterable[Command]) -> None:
        """Starts the commands. Dials go first: they are what somebody waits for, and touch nothing of the others."""
        dials: list[Task] = []
        for command in sorted(batch, key=lambda c: not isinstance(c, commands.Dial)):
            do, touches = PLANS[type(command)]
            job = partial(self._do, command, do)
            match command:
                case commands.HangUp(leg=leg):
                    # Nothing that may hang in the switch keeps a leg alive.
                    self._lanes.overtake(job, leg)
                case commands.Dial(leg=leg):
                    self._live.setdefault(leg, 0)
                    dials.append(self._lanes.start(job, touches(command), makes=leg))
                case commands.Snoop(leg=leg):
                    self._live.setdefault(leg, 0)
                    self._lanes.start(job, touches(command), dials, makes=leg)
                case commands.Park(leg=leg):
                    # Not while another enters what it leaves: the switch may bridge their audio twice.
                    left = self._places.going(leg, self.hold)
                    self._lanes.start(job, [leg, left] if left not in ("", self.hold) else [leg], dials)
                case commands.Join(bridge=bridge, legs=legs):  # whoever is there alone steps out for a moment
                    there = [leg for leg, place in self._places.items() if place.goes == bridge]
                    for leg in legs:
                        self._places.going(leg, bridge)
                    self._lanes.start(job, [*touches(command), *there], dials)
                case commands.Leave(leg=leg) | commands.RecordMessage(leg=leg):
                    self._places.going(leg, "")
                    self._lanes.start(job, touches(command), dials)
                case _:
                    self._lanes.start(job, touches(command), dials)

    def noted(self, event: events.AnyEvent) -> None:
        """Takes note of what the switch said, before or after the core did."""
        self._places.noted(event)

    def found(self, legs: Collection[str], bridges: dict[str, tuple[str, ...]]) -> None:
        """What the switch has after the link was away."""
        self._places.found(legs, bridges)

    async def idle(self) -> None:
        """Waits until all that was started is done."""
        await self._lanes.idle()

    @property
    def pending(self) -> int:
        """Commands that are not done yet; and the books are empty when it is 0."""
        return self._lanes.pending

    # -- what comes of it --------------------------------------------------------------------------------------

    async def _do(self, command: Command, do: Callable[["Performer", Any], Awaitable[None]]) -> None:
        try:
            await do(self, command)
        except AriError as error:
            self._failed(command, error)
        except Exception:
            log.exception("%s failed", type(command).__name__)
            self._emit_failed(command, "error")

    def _failed(self, command: Command, error: AriError) -> None:
        leg = getattr(command, "leg", "")
        if leg and (leg not in self._live or error.status == 404):
            return  # gone meanwhile, and told or about to be
        if error.status == UNREACHABLE:
            log.warning("%s: %s", type(command).__name__, error.reason)
            return  # the link is down: when it is up again the whole picture is compared
        self._emit_failed(command, f"{error.status} {error.reason}")

    def _emit_failed(self, command: Command, reason: str) -> None:
        leg = getattr(command, "leg", "")
        log.warning("%s %s: %s", type(command).__name__, leg, reason)
        self._emit(events.CommandFailed(type(command).__name__, leg, reason))

    # -- legs --------------------------------------------------------------------------------------------------

    async def _answer(self, command: commands.Answer) -> None:
        await self._hush(command.leg)
        await self.ari.channels.answer(command.leg)

    async def _dial(self, command: commands.Dial) -> None:
        if not is_endpoint(command.endpoint):
            self._not_made(command.leg, "bad_endpoint")
            return
        try:
            try:
                await self._originate(command, command.like)
            except AriError as error:
                if error.status != 400 or not command.like:
                    raise
                # The caller has just gone, which is no fault of this phone's: it rings until the core has heard.
                await self._originate(command, "")
            if command.leg not in self._live:  # taken for gone while the link was away: the phone would ring for nobody
                await _unless(self.ari.channels.hangup(command.leg, OUT_OF_ORDER), 404)
        except AriError as error:
            if error.status == 409:  # done before
                return
            if error.status == UNREACHABLE:
                raise
            if error.status == TIMED_OUT:
                with suppress(AriError):
                    await self.ari.channels.hangup(command.leg, OUT_OF_ORDER)
            if error.status == 500 and "@" not in command.endpoint and command.leg in self._live:
                self._emit(events.PhoneChanged(command.endpoint, False))  # Asterisk knows better than our last look
            self._not_made(command.leg, NO_CONTACT if error.status == 500 else f"{error.status} {error.reason}")

    async def _originate(self, command: commands.Dial, like: str) -> None:
        await self.ari.channels.originate(
            command.leg,
            as_dialled(command.endpoint),
            f"dialled,{command.leg},{DETECT}" if command.detect else f"dialled,{command.leg}",
            caller_id(command.caller_id) or ("" if "@" in command.endpoint else WITHHELD),
            RING_LIMIT,
            headers(command),
            like,
        )

    async def _snoop(self, command: commands.Snoop) -> None:
        self._places.of(command.leg).snoop = True
        if command.instead:
            with suppress(AriError):
                await self.ari.channels.hangup(command.instead, 16)
            await asyncio.sleep(HOOK_GONE)
        try:
            await self.ari.channels.snoopChannelWithId(
                command.of, command.leg, command.spy, command.whisper, f"snoop,{command.of}"
            )
        except AriError as error:
            if error.status == UNREACHABLE:
                raise
            if error.status == 500 and await self._is_there(command.leg):  # done before
                return
            if error.status == TIMED_OUT:
                with suppress(AriError):
                    await self.ari.channels.hangup(command.leg, OUT_OF_ORDER)
            self._not_made(command.leg, f"{error.status} {error.reason}")
            return
        bridge = self._places.of(command.of).goes
        if command.whisper != "none" and bridge:  # their page may have come back while the customer is on hold
            self._fill_when_alone(bridge, command.of)

    async def _is_there(self, leg: str) -> bool:
        try:
            await self.ari.channels.get(leg)
        except AriError:
            return False
        return True

    def _not_made(self, leg: str, note: str) -> None:
        if self._live.pop(leg, None) is not None:
            log.warning("%s cannot be made: %s", leg, note)
            self._emit(events.LegEnded(leg, OUT_OF_ORDER, note))

    async def _hang_up(self, command: commands.HangUp) -> None:
        await _unless(self.ari.channels.hangup(command.leg, command.cause), 404)

    async def _answer_phone(self, command: commands.AnswerPhone) -> None:
        await self.ari.manager.PJSIPNotify(command.leg, "Event=talk")

    async def _send_dtmf(self, command: commands.SendDtmf) -> None:
        await self.ari.channels.sendDTMF(command.leg, command.keys)

    # -- what a leg hears --------------------------------------------------------------------------------------

    async def _play(self, command: commands.Play) -> None:
        media = ",".join(m for m in map(media_uri, command.sounds) if m)
        if not media:
            raise AriError(400, "nothing to play")
        place = self._places.of(command.leg)
        place.play = command.play
        await _unless(self.ari.channels.play(command.leg, command.play, media, command.language), 409)
        if not place.bridge:
            place.music = False  # ended by the playback; in a bridge it comes back afterwards

    async def _stop_play(self, command: commands.StopPlay) -> None:
        await _unless(self.ari.playbacks.stop(command.play), 404)
        place = self._places.of(command.leg)
        if place.play == command.play:
            place.play = ""

    async def _start_music(self, command: commands.StartMusic) -> None:
        self._places.of(command.leg).music = True
        await self.ari.channels.startMoh(command.leg, command.music)

    async def _stop_music(self, command: commands.StopMusic) -> None:
        self._places.of(command.leg).music = False
        await self.ari.channels.stopMoh(command.leg)

    async def _hush(self, leg: str) -> None:
        """No playback may be on where the switch would wait for its end."""
        place = self._places.of(leg)
        if place.play:
            play, place.play = place.play, ""
            await _unless(self.ari.playbacks.stop(play), 404)

    async def _quieten(self, leg: str) -> None:
        """Whoever is joined with others hears nothing but them.

        Outside of bridges: there another thread plays the music or silence, and an end that comes while it is at it is lost.
        """
        await self._hush(leg)
        place = self._places.of(leg)
        if place.music or place.silence:
            await self._step_out(leg)
        if place.music:
            place.music = False
            await self.ari.channels.stopMoh(leg)
        if place.silence:
            place.silence = False
            with suppress(AriError):
                await self.ari.channels.stopSilence(leg)

    async def _step_out(self, leg: str) -> None:
        place = self._places.of(leg)
        if place.bridge:
            await _unless(self.ari.bridges.removeChannel(place.bridge, leg), 404, 422)
            place.bridge = ""

    # -- bridges -----------------------------------------------------------------------------------------------

    async def open_hold(self) -> None:
        """Makes the node's holding bridge, where parked legs are each on their own."""
        await _unless(self.ari.bridges.create(self.hold, "holding"), 409)

    async def _make_bridge(self, command: commands.MakeBridge) -> None:
        await _unless(self.ari.bridges.create(command.bridge, "mixing"), 409)

    async def _join(self, command: commands.Join) -> None:
        legs = [leg for leg in command.legs if leg in self._live]
        if not legs:
            return
        alone = [leg for leg in self._places.members(command.bridge) if self._places.of(leg).silence and leg not in legs]
        legs = alone + legs
        for leg in legs:
            with suppress(AriError):
                await self._quieten(leg)
        try:
            await self._add(command.bridge, legs)
        except AriError as error:
            if error.status not in (400, 404, 409, NOT_IN_APPLICATION) or len(legs) < 2:
                raise
            for leg in legs:  # one of them is gone, and Asterisk then takes none
                await _unless(self._add(command.bridge, [leg]), 400, 404, NOT_IN_APPLICATION)

    async def _add(self, bridge: str, legs: list[str]) -> None:
        loop = asyncio.get_running_loop()
        patient_until = loop.time() + (ENTERS_WITHIN if any(self._places.of(leg).snoop for leg in legs) else 0.0)
        while True:
            try:
                await self.ari.bridges.addChannel(bridge, ",".join(legs))
                break
            except AriError as error:
                if error.status != NOT_IN_APPLICATION or loop.time() > patient_until:
                    raise
            await asyncio.sleep(0.005)
        for leg in legs:
            self._places.of(leg).bridge = bridge

    async def _leave(self, command: commands.Leave) -> None:
        await self._hush(command.leg)
        await _unless(self.ari.bridges.removeChannel(command.bridge, command.leg), 404, 422)
        self._places.of(command.leg).bridge = ""

    async def _park(self, command: commands.Park) -> None:
        await self._hush(command.leg)
        left = self._places.of(command.leg).bridge
        try:
            await self._add(self.hold, [command.leg])
        except AriError as error:
            if error.status != 404:
                raise
            await self.open_hold()
            await self._add(self.hold, [command.leg])
        self._places.of(command.leg).music = True
        await self.ari.channels.startMoh(command.leg, command.music)
        behind = self._places.members(left)
        if len(behind) == 1:
            self._fill_when_alone(left, behind[0])

    def _fill_when_alone(self, bridge: str, leg: str) -> None:
        """In its turn: somebody may just be joining them."""
        self._lanes.start(partial(self._fill_silence, bridge, leg), [bridge, leg])

    async def _fill_silence(self, bridge: str, leg: str) -> None:
        """Whoever is alone is sent silence: to a channel that nothing is sent to nobody can whisper."""
        if self._places.members(bridge) == [leg]:
            self._places.of(leg).silence = True
            with suppress(AriError):
                await self.ari.channels.startSilence(leg)

    async def _drop_bridge(self, command: commands.DropBridge) -> None:
        """After all that is under way for those in it: whom the switch is just moving elsewhere falls out of both bridges."""
        lanes = [command.bridge, *self._places.members(command.bridge)]
        self._lanes.start(partial(self._do, command, Performer._destroy_bridge), lanes)

    async def _destroy_bridge(self, command: commands.DropBridge) -> None:
        await _unless(self.ari.bridges.destroy(command.bridge), 404)
        for place in self._places.values():
            if place.bridge == command.bridge:
                place.bridge = ""
            if place.goes == command.bridge:
                place.goes = ""

    # -- recordings --------------------------------------------------------------------------------------------

    async def _start_recording(self, command: commands.StartRecording) -> None:
        path = self._background.new_recording(command.recording)
        await self.ari.manager.MixMonitor(command.leg, str(path), "D")

    async def _continue_recording(self, command: commands.ContinueRecording) -> None:
        """Begins anew at the end of the file, or whoever talks now is left out for as long as the last one talked.

        (The translators of Debian's Asterisk drop audio whose sequence number is not above the last; a recording keeps its own.)
        """
        with suppress(AriError):  # it had failed before
            await self.ari.manager.StopMixMonitor(command.leg)
        await asyncio.sleep(HOOK_GONE)
        path = self._background.begun_recording(command.recording)
        await self.ari.manager.MixMonitor(command.leg, str(path), "Da")
        if command.paused:
            await self.ari.manager.MixMonitorMute(command.leg, "both", True)

    async def _pause_recording(self, command: commands.PauseRecordingOf) -> None:
        await self.ari.manager.MixMonitorMute(command.leg, "both", command.paused)

    async def _check_recording(self, command: commands.CheckRecording) -> None:
        self._emit(await self._background.check(command))

    async def _record_message(self, command: commands.RecordMessage) -> None:
        await self._quieten(command.leg)
        await self._step_out(command.leg)
        place = self._places.of(command.leg)
        await self.ari.channels.record(command.leg, f"voicemail/{command.message}", MESSAGE_FORMAT, command.seconds)
        place.beeps_until = asyncio.get_running_loop().time() + BEEP

    async def _stop_message(self, command: commands.StopMessage) -> None:
        """Not during the beep: Asterisk would take it, record on, and be deaf to any further word."""
        wait = self._places.of(command.leg).beeps_until - asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, wait))
        await _unless(self.ari.recordings.stop(f"voicemail/{command.message}"), 404, 409)

    # -- beside the switch -------------------------------------------------------------------------------------

    async def _look_up(self, command: commands.LookUp) -> None:
        self._emit(await self._background.look_up(command))

    async def _store(self, command: commands.Store) -> None:
        self._emit(await self._background.store(command))


async def _unless(request: Awaitable[None], *statuses: int) -> None:
    """The request; these refusals say that what was wanted is so already."""
    try:
        await request
    except AriError as error:
        if error.status not in statuses:
            raise


def _leg(command: Any) -> tuple[str, ...]:
    return (command.leg,)


def _bridge(command: Any) -> tuple[str, ...]:
    return (command.bridge,)


def _nothing(command: Any) -> tuple[str, ...]:
    return ()


# command -> how it is done, and what it touches
PLANS: dict[type[Command], tuple[Callable[[Performer, Any], Awaitable[None]], Callable[[Any], tuple[str, ...]]]] = {
    commands.Answer: (Performer._answer, _leg),
    commands.Dial: (Performer._dial, _leg),
    commands.HangUp: (Performer._hang_up, _nothing),
    commands.AnswerPhone: (Performer._answer_phone, _leg),
    commands.Play: (Performer._play, _leg),
    commands.StopPlay: (Performer._stop_play, _leg),
    commands.StartMusic: (Performer._start_music, _leg),
    commands.StopMusic: (Performer._stop_music, _leg),
    commands.MakeBridge: (Performer._make_bridge, _bridge),
    commands.Join: (Performer._join, lambda c: (c.bridge, *c.legs)),
    commands.Leave: (Performer._leave, lambda c: _leg(c) if c.bridge.endswith("-hold") else (c.bridge, c.leg)),
    commands.Park: (Performer._park, _leg),
    commands.DropBridge: (Performer._drop_bridge, _bridge),
    commands.SendDtmf: (Performer._send_dtmf, _leg),
    commands.StartRecording: (Performer._start_recording, _leg),
    commands.ContinueRecording: (Performer._continue_recording, _leg),
    commands.PauseRecordingOf: (Performer._pause_recording, _leg),
    commands.CheckRecording: (Performer._check_recording, _nothing),
    commands.RecordMessage: (Performer._record_message, _leg),
    commands.StopMessage: (Performer._stop_message, _leg),
    commands.Snoop: (Performer._snoop, _leg),
    commands.LookUp: (Performer._look_up, _nothing),
    commands.Store: (Performer._store, _nothing),
}
