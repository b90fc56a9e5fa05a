"""The link to a switch: lost, and found again with whatever happened meanwhile."""

from ccenter.acd import commands, events, facts, switch
from ccenter.acd.call import Call
from ccenter.acd.world import World


def on_node_down(w: World, event: events.NodeDown) -> None:
    if event.node not in w.state.down:
        w.state.down.append(event.node)
        w.out.append(facts.NodeChanged(w.seq(), w.now, event.node, False))


def on_node_up(w: World, event: events.NodeUp) -> None:
    """Work off the difference between what we believe and what the switch has."""
    here = event.node + "-"
    note = "switch_restarted" if event.restarted else "gone_unseen"
    if event.node in w.state.down:
        w.state.down.remove(event.node)
    before = len(w.state.calls)
    w.out += [commands.MakeBridge(bridge) for bridge in bridges_of(w) if bridge.startswith(here) and bridge not in event.bridges]
    gone = [leg for leg in w.state.legs.values() if leg.id.startswith(here) and leg.id not in event.legs]
    for leg in sorted(gone, key=lambda leg: leg.role != "customer"):  # else a lost agent's caller were offered anew first
        switch.on_ended(w, events.LegEnded(leg.id, 0, note))
    lost = before - len(w.state.calls)
    for leg_id, channel_state in event.legs.items():
        known = w.state.legs.get(leg_id)
        if known is None or known.ending:
            w.out.append(commands.HangUp(leg_id))
        elif channel_state == "Up":
            switch.on_answered(w, events.LegAnswered(leg_id))
    wanted = {*bridges_of(w), here + "hold"}
    for call in list(w.state.calls.values()):
        if call.node == event.node:
            mend(w, call, event)
    for watch in w.watches.values():
        bridge = w.state.legs[watch.leg].bridge
        if bridge.startswith(here):
            rejoin(w, event, bridge, watch.leg, watch.snoop)
    w.out += [commands.DropBridge(bridge) for bridge in event.bridges if bridge.startswith(here) and bridge not in wanted]
    w.wake()
    w.out.append(facts.NodeChanged(w.seq(), w.now, event.node, True, event.restarted, max(0, lost)))


def bridges_of(w: World) -> list[str]:
    """All that should be there but the holding bridge."""
    bridges = [call.bridge for call in w.state.calls.values()] + [watch.bridge for watch in w.watches.values()]
    return [bridge for bridge in bridges if bridge]


def rejoin(w: World, event: events.NodeUp, bridge: str, *leg_ids: str) -> None:
    """Put those legs into the bridge that should be in it and are not."""
    together = event.bridges.get(bridge, ())
    legs = [leg for leg_id in leg_ids if (leg := w.state.legs.get(leg_id)) is not None and leg.bridge == bridge != ""]
    apart = tuple(leg.id for leg in legs if leg.id not in together)
    if apart:
        w.out.append(commands.Join(bridge, apart))


def mend(w: World, call: Call, event: events.NodeUp) -> None:
    """Say again what may have been lost on the way: who is joined, what is heard."""
    customer = w.state.legs.get(call.customer)
    if customer is not None and customer.answered and event.legs.get(call.customer) == "Ring":
        w.out.append(commands.Answer(call.customer))
    parties = [party.leg for party in call.parties()]
    rejoin(w, event, call.bridge, call.customer, call.agent_leg, *parties)
    for leg_id in (call.agent_leg, *parties):
        leg = w.state.legs.get(leg_id)
        if leg is not None and leg.bridge == "hold" and leg_id not in event.bridges.get(event.node + "-hold", ()):
            w.out.append(commands.Park(leg_id, w.queue_of(call).music))
    if customer is None:
        return
    there = next((bridge for bridge, legs in event.bridges.items() if customer.id in legs), "")
    if there and not customer.bridge:
        w.out.append(commands.Leave(there, customer.id))
    elif customer.bridge == "hold" and there != event.node + "-hold":
        w.out.append(commands.Park(customer.id, w.queue_of(call).music))
    if customer.music and not call.play:
        w.out.append(commands.StartMusic(customer.id, customer.music))
    elif not customer.music and customer.bridge != "hold" and customer.state == "up":
        w.out.append(commands.StopMusic(customer.id))
    if call.play and call.saying:  # its end may have come while nobody listened
        w.out.append(commands.StopPlay(call.customer, call.play))
        switch.after_play(w, call)
