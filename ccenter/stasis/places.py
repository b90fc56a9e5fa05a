"""What each leg is doing at the switch, as far as we have made it do so."""

from collections.abc import Collection

from msgspec import Struct

from ccenter.acd import events


class Place(Struct):
    """`bridge`: "" is none. `music`: it may be playing. `play`: a playback that may be on. `silence`: it may be sent some."""

    bridge: str = ""
    goes: str = ""  # the bridge it will be in when all that was asked for is done
    music: bool = False
    play: str = ""
    silence: bool = False
    beeps_until: float = 0.0  # before a message is taken
    snoop: bool = False


class Places(dict[str, Place]):
    """By leg. `live` are the legs there are: nothing is remembered of others. In the bridge `hold` each is on their own."""

    def __init__(self, live: Collection[str], hold: str) -> None:
        super().__init__()
        self._live = live
        self._hold = hold

    def of(self, leg: str) -> Place:
        """The leg's place, made when it has none yet."""
        place = self.get(leg)
        if place is None:
            place = Place()
            if leg in self._live:
                self[leg] = place
        return place

    def going(self, leg: str, bridge: str) -> str:
        """From now on the leg is to be in this bridge; where it was to be before."""
        place = self.of(leg)
        before, place.goes = place.goes, bridge
        return before

    def members(self, bridge: str) -> list[str]:
        """The legs that are together in a bridge."""
        return [leg for leg, place in self.items() if place.bridge == bridge] if bridge not in ("", self._hold) else []

    def noted(self, event: events.AnyEvent) -> None:
        """Takes note of what the switch said."""
        match event:
            case events.PlayEnded(leg=leg, play=play):
                place = self.get(leg)
                if place is not None and place.play == play:
                    place.play = ""
            case events.LegEnded(leg=leg):
                self.pop(leg, None)

    def found(self, legs: Collection[str], bridges: dict[str, tuple[str, ...]]) -> None:
        """What the switch has after the link was away: where each leg is; whether it is sent music nobody can tell."""
        plays = {leg: self.of(leg).play for leg in legs}
        self.clear()
        for leg in legs:
            self[leg] = Place(music=True, play=plays[leg])
        for bridge, members in bridges.items():
            for leg in members:
                if leg in self:
                    self[leg].bridge = self[leg].goes = bridge
                    self[leg].silence = len(members) == 1 and bridge != self._hold
