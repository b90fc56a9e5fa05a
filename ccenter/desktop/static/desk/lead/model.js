// What a lead sees, in memory: the snapshot of /api/live/, and each fact folded into it as it comes.
//
// Figures that only the server can know (service level, today's figures, alarms) come with the next snapshot; everything
// else changes with the fact itself. A snapshot may be older than facts that are known already: those are folded again.

import { moment } from "../format.js";

const KEPT_FACTS = 3000;
const WAITING = new Set(["QUEUED", "RESERVED"]);

export class Model extends EventTarget {
  constructor() {
    super();
    this.seq = 0;
    this.seats = new Map(); // number -> seat
    this.queues = new Map();
    this.calls = new Map();
    this.trunks = new Map();
    this.monitors = new Map(); // the lead's seat -> {agent, by, mode, since, call}
    this.away = new Map(); // seat whose phone is lost in a call -> since
    this.callbacks = 0;
    this.alarms = [];
    this.skew = 0; // milliseconds the server's clock is ahead of ours
    this.changed = { seats: new Set(), calls: new Set(), all: false };
    this.unknown = false; // a call came into sight of which only a new snapshot tells the rest
    this.stale = false; // a figure changed that only a new snapshot tells
    this._facts = [];
    this._timer = 0;
  }

  /** Milliseconds since 1970, by the server's clock. */
  now() {
    return Date.now() + this.skew;
  }

  /** Takes a snapshot; facts newer than it are folded again. */
  load(live) {
    this.seq = live.seq;
    const at = moment(live.at);
    if (at !== null) this.skew = at - Date.now();
    this.seats = new Map(live.seats.map((seat) => [seat.number, { ...seat, today: { ...seat.today } }]));
    this.queues = new Map(live.queues.map((queue) => [queue.code, { ...queue }]));
    this.calls = new Map(live.calls.map((call) => [call.id, { ...call, path: [...call.path] }]));
    this.trunks = new Map(live.trunks.map((trunk) => [trunk.code, { ...trunk }]));
    this.monitors = new Map();
    for (const one of live.monitors) this.monitors.set(one.supervisor, { ...one });
    this.away = new Map(live.seats.filter((seat) => seat.away).map((seat) => [seat.number, seat.away]));
    this.callbacks = live.callbacks_open;
    this.alarms = live.alarms;
    this.stale = this.unknown = false;
    this.changed.all = true;
    this._facts = this._facts.filter((fact) => fact.seq > live.seq);
    for (const fact of this._facts) this._fold(fact);
    this._plan();
  }

  /** Folds facts in their order; those known already do nothing. */
  take(facts) {
    for (const fact of facts) {
      if (fact.seq <= this.seq) continue;
      this._facts.push(fact);
      this._fold(fact);
    }
    if (this._facts.length > KEPT_FACTS) this._facts.splice(0, this._facts.length - KEPT_FACTS);
    this._plan();
  }

  /** The record began anew: what we know is of another life. */
  forget() {
    this.seq = 0;
    this._facts = [];
  }

  /** Callers who wait, of one queue or all, who came first at the front. */
  waiting(queue = "") {
    const found = [];
    for (const call of this.calls.values()) {
      if (WAITING.has(call.state) && !call.answered && (!queue || call.queue === queue)) found.push(call);
    }
    return found.sort((one, other) => (moment(one.queued_at || one.since) || 0) - (moment(other.queued_at || other.since) || 0));
  }

  /** How many seats are in each state. */
  states() {
    const counts = {};
    for (const seat of this.seats.values()) counts[seat.state] = (counts[seat.state] || 0) + 1;
    return counts;
  }

  /** Whether the lead at seat `me` listens somewhere: [watched seat, monitor], or null. */
  watching(me) {
    const monitor = this.monitors.get(me);
    return monitor ? [monitor.agent, monitor] : null;
  }

  /** Who listens at a seat; the lead at seat `me` first. */
  listeners(number, me = "") {
    const all = [...this.monitors.values()].filter((one) => one.agent === number);
    return all.sort((one, other) => (other.supervisor === me) - (one.supervisor === me));
  }

  _fold(fact) {
    this.seq = Math.max(this.seq, fact.seq);
    const fold = FOLDS[fact.type];
    if (fold) fold(this, fact);
  }

  _seat(number, change) {
    const seat = this.seats.get(number);
    if (!seat) return;
    change(seat);
    this.changed.seats.add(number);
  }

  _call(fact, change) {
    const call = this.calls.get(fact.call);
    if (!call) return;
    change(call);
    this.changed.calls.add(fact.call);
  }

  // A caller comes into sight when they come to a line of ours: what came before is in the next snapshot.
  _appear(fact) {
    if (this.calls.has(fact.call)) return;
    this.calls.set(fact.call, { id: fact.call, ani: "", state: "QUEUED", queue: fact.queue || "", agent: "", since: fact.at, started_at: fact.at, path: [] });
    this.changed.calls.add(fact.call);
    this.stale = this.unknown = true;
  }

  _drop(call) {
    this.calls.delete(call);
    this.changed.calls.add(call);
  }

  _step(fact, step, more = {}) {
    this._call(fact, (call) => call.path.push({ at: fact.at, step, ...more }));
  }

  // All facts of one breath make one painting. A hidden page gets no frames, but its alarms must sound.
  _plan() {
    if (this._timer) return;
    const paint = () => {
      this._timer = 0;
      const changed = this.changed;
      this.changed = { seats: new Set(), calls: new Set(), all: false };
      this.dispatchEvent(new CustomEvent("change", { detail: changed }));
    };
    this._timer = globalThis.document?.hidden === false ? requestAnimationFrame(paint) || 1 : setTimeout(paint, 50);
  }
}

const state = (model, fact, name, more = {}) =>
  model._call(fact, (call) => Object.assign(call, { state: name, since: fact.at }, more));

const FOLDS = {
  SurgeChanged: (model) => model.dispatchEvent(new Event("surge")),
  SurgeDecided: (model) => model.dispatchEvent(new Event("surge")),
  AgentChanged(model, fact) {
    model._seat(fact.agent, (seat) => {
      const today = seat.today;
      if (fact.was === "TALKING" && fact.state !== "TALKING") today.talk = (today.talk || 0) + (fact.lasted || 0);
      seat.since = fact.at;
      seat.state = fact.state;
      seat.reason = fact.reason || "";
      seat.call = fact.call || "";
      if (fact.was === "LOGGED_OUT") seat.online = true;
    });
    if (fact.state !== "TALKING") model.away.delete(fact.agent);
    model.stale = true;
  },
  PhoneStateChanged(model, fact) {
    model._seat(fact.agent, (seat) => (seat.online = fact.online));
  },
  SeatAllows(model, fact) {
    model._seat(fact.agent, (seat) => (seat.allows = fact.actions));
  },
  CallStarted(model, fact) {
    model.calls.set(fact.call, {
      id: fact.call, ani: fact.ani, dnis: fact.dnis, label: fact.label, name: fact.name, trunk: fact.trunk, direction: fact.direction,
      state: "OFFERED", queue: "", agent: fact.agent || "", since: fact.at, started_at: fact.at, path: [],
    });
    model.changed.calls.add(fact.call);
    model.stale = true;
  },
  TrunkTaken(model, fact) {
    const trunk = model.trunks.get(fact.trunk);
    if (!trunk) return;
    trunk.in_use += 1;
    // told without its call it is another group's, or nobody's yet
    if (fact.call) trunk.channels.push({ leg: fact.leg, call: fact.call, agent: fact.agent || "", direction: fact.direction, number: fact.number, since: fact.at });
  },
  TrunkFreed(model, fact) {
    const trunk = model.trunks.get(fact.trunk);
    if (!trunk) return;
    trunk.in_use = Math.max(0, trunk.in_use - 1);
    trunk.channels = trunk.channels.filter((one) => one.leg !== fact.leg);
  },
  CallAnswered(model, fact) {
    model._call(fact, (call) => {
      if (call.state === "OFFERED") Object.assign(call, { state: "IVR", since: fact.at });
    });
  },
  FlowStep(model, fact) {
    model._call(fact, (call) => {
      if (call.state !== "IVR") Object.assign(call, { state: "IVR", since: fact.at });
    });
    model._step(fact, "node", { flow: fact.flow, node: fact.node });
  },
  KeyChosen: (model, fact) => model._step(fact, "key", { node: fact.node, key: fact.key }),
  LookUpEnded: (model, fact) => model._step(fact, "lookup", { kind: fact.kind, result: fact.result }),
  CallQueued(model, fact) {
    model._appear(fact);
    state(model, fact, "QUEUED", { queue: fact.queue, agent: "", queued_at: fact.at, answered: false });
    model._step(fact, "queue", { queue: fact.queue, position: fact.position });
    model.stale = true;
  },
  CallRequeued(model, fact) {
    model._appear(fact);
    model._call(fact, (call) => Object.assign(call, { state: "QUEUED", queue: fact.queue, agent: "", answered: false, queued_at: call.queued_at || fact.at }));
    model._step(fact, "requeue", { queue: fact.queue, reason: fact.reason });
    model.stale = true;
  },
  Announced(model, fact) {
    const queue = model.queues.get(fact.queue);
    if (queue) queue.expected_wait = fact.expected_wait;
  },
  CallOfferedTo(model, fact) {
    model._appear(fact);
    model._call(fact, (call) => {
      call.offered = fact.agent;
      if (call.state === "QUEUED") call.state = "RESERVED";
      else if (!WAITING.has(call.state)) Object.assign(call, { state: "RESERVED", since: fact.at });
    });
  },
  OfferEnded(model, fact) {
    model._call(fact, (call) => {
      if (call.offered === fact.agent) call.offered = "";
    });
  },
  CallConnected(model, fact) {
    model.stale = true;
    if (!fact.agent) return model._drop(fact.call); // another group's agent took the caller
    model._appear(fact);
    state(model, fact, "CONNECTED", { agent: fact.agent, queue: fact.queue, answered: true, offered: "" });
    model._step(fact, "talk", { agent: fact.agent, queue: fact.queue });
    model._seat(fact.agent, (seat) => (seat.today.answered = (seat.today.answered || 0) + 1));
  },
  CallReached(model, fact) {
    state(model, fact, "CONNECTED", { answered: true });
    model._step(fact, "reached", { number: fact.number });
  },
  CallHeld(model, fact) {
    model._call(fact, (call) => (call.state = "HELD"));
    model._step(fact, "hold");
  },
  CallResumed(model, fact) {
    model._call(fact, (call) => (call.state = "CONNECTED"));
    model._step(fact, "resume");
  },
  CallTransferred: (model, fact) => model._step(fact, "transfer", { kind: fact.kind, target: fact.target, agent: fact.agent }),
  TransferFailed: (model, fact) => model._step(fact, "transfer_failed", { target: fact.target, reason: fact.reason }),
  ConsultStarted: (model, fact) => model._step(fact, "consult", { target: fact.target }),
  ConsultAnswered: (model, fact) => model._step(fact, "consult_answered", { target: fact.target }),
  ConsultEnded: (model, fact) => model._step(fact, "consult_ended", { target: fact.target }),
  ConferenceStarted(model, fact) {
    model._call(fact, (call) => (call.state = "CONNECTED"));
    model._step(fact, "conference", { target: fact.target });
  },
  PartyLeft: (model, fact) => model._step(fact, "left", { party: fact.party }),
  CallOverflowed: (model, fact) => model._step(fact, "overflow", { queue: fact.queue, target: fact.target }),
  QueueLeft(model, fact) {
    state(model, fact, "IVR");
    model._step(fact, "exit", { key: fact.key });
    model.stale = true;
  },
  CallbackOpened: (model) => (model.stale = true),
  CallbackClosed: (model) => (model.stale = true),
  CallbackPromised(model, fact) {
    model._call(fact, (call) => (call.state = "IVR"));
    model._step(fact, "callback");
    model.stale = true;
  },
  VoicemailLeft: (model, fact) => model._step(fact, "voicemail"),
  CallEnded(model, fact) {
    model._drop(fact.call);
    for (const [lead, monitor] of model.monitors) {
      if (monitor.call === fact.call) {
        model.monitors.delete(lead);
        model.changed.seats.add(monitor.agent).add(lead);
      }
    }
    model.stale = true;
  },
  MonitorStarted(model, fact) {
    model.changed.seats.add(fact.supervisor);
    model.monitors.set(fact.supervisor, { supervisor: fact.supervisor, agent: fact.agent, by: fact.by, mode: fact.mode, since: fact.at, call: fact.call });
    model.changed.seats.add(fact.agent);
  },
  MonitorChanged(model, fact) {
    const monitor = model.monitors.get(fact.supervisor);
    model.changed.seats.add(fact.supervisor);
    model.monitors.set(fact.supervisor, { since: fact.at, ...monitor, supervisor: fact.supervisor, agent: fact.agent, mode: fact.mode, call: fact.call });
    model.changed.seats.add(fact.agent);
  },
  MonitorEnded(model, fact) {
    model.monitors.delete(fact.supervisor);
    model.changed.seats.add(fact.agent).add(fact.supervisor);
  },
  AgentAway(model, fact) {
    model.away.set(fact.agent, fact.at);
    model.changed.seats.add(fact.agent);
    model._step(fact, "away");
  },
  AgentBack(model, fact) {
    model.away.delete(fact.agent);
    model.changed.seats.add(fact.agent);
    model._step(fact, "back");
  },
  Forced(model, fact) {
    if (fact.call) model._step(fact, "forced", { action: fact.action, by: fact.by });
  },
  NodeChanged(model) {
    model.stale = true;
  },
  ConfigApplied(model) {
    model.stale = true;
  },
};
