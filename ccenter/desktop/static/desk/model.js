// What this seat knows: its own state, and the calls it has to do with. Facts are folded in as they come; the snapshot of
// GET /api/seat/ begins it. Nothing here touches the page. Events: "seat", "calls", "call" (detail: id), "opened" (detail: id).

const MOST_CALLS = 8; // kept in tabs; the oldest that is done goes first

export const DONE = new Set(["ended", "missed", "gone"]);

/** A call at this seat. `phase`: ringing, dialing, talking, held, ended, missed, gone (somebody else has it). */
function fresh(id, at) {
  return {
    id, phase: "ringing", since: at, connected: null, ended: null, role: "agent", mine: false, direction: "in", number: "", name: "", queue: "",
    party: null, // {target, up, joined, since} whom we consult
    guests: [], // {target, up} beyond the third person of a conference
    recording: "", // "", on, paused
    away: false, pop: null, customer: null, failure: "", saved: false, draft: null, read: 0,
    chosen: null, // the customer, by hand
    written: false, // there is a draft that is not saved
    stale: false, // its customer may have changed
  };
}

export class Model extends EventTarget {
  constructor(number) {
    super();
    this.me = number;
    this.seat = { state: "", reason: "", since: null, endpoint: "", online: true, call: "" };
    this.actions = new Set();
    this.calls = new Map();
    this.skew = 0; // seconds the server's clock is ahead of ours
    this._heard = null;
  }

  /** Seconds since 1970 by the server's clock. */
  now() {
    return Date.now() / 1000 + this.skew;
  }

  may(action) {
    return this.actions.has(action);
  }

  /** The call in hand, or null. */
  get live() {
    return this.calls.get(this.seat.call) || null;
  }

  load(snapshot) {
    const call = snapshot.call;
    this.seat = {
      state: snapshot.state, reason: snapshot.reason || "", since: seconds(snapshot.since), endpoint: snapshot.endpoint || "",
      online: snapshot.online, call: call ? call.id : "",
    };
    this.actions = new Set(snapshot.actions || []);
    for (const one of this.calls.values()) if (!DONE.has(one.phase) && one.id !== this.seat.call) this._done(one, "ended", this.now());
    if (call) {
      const one = this._open(call.id, seconds(call.offered_at || call.started_at) || this.now());
      one.direction = call.direction;
      one.queue = call.queue;
      one.mine = call.direction !== "in" && (call.direction === "out" || call.ani === this.me);
      if (call.connected_at) one.connected = seconds(call.connected_at);
      const phases = { RESERVED: call.direction === "in" ? "ringing" : "dialing", TALKING: call.state === "HELD" ? "held" : call.state === "RESERVED" && one.mine ? "dialing" : "talking", WRAP_UP: "ended" };
      one.phase = phases[this.seat.state] || "ended";
      one.recording = call.recorded && one.phase !== "ended" ? "on" : "";
      if (one.phase === "ended") one.ended = seconds(call.ended_at) || this.now();
      this._said(one.id);
    }
    this._tell("seat");
    this._tell("calls");
  }

  /** A fact of the feed. Facts of other seats, which a lead's feed brings too, change nothing. */
  take(told) {
    const fact = { ...told, at: typeof told.at === "string" ? seconds(told.at) : told.at };
    this._clock(fact.at);
    if (fact.agent === this.me && SEAT[fact.type]) SEAT[fact.type](this, fact);
    if (fact.call && CALL[fact.type]) CALL[fact.type](this, fact, this.calls.get(fact.call));
  }

  /** After a reload: whom we consult, our part in the call and its recording, from the call's facts so far. */
  restore(id, facts) {
    const call = this.calls.get(id);
    if (!call) return;
    const { phase, since, connected } = call;
    for (const told of facts) {
      const fact = { ...told, at: typeof told.at === "string" ? seconds(told.at) : told.at };
      call.phase = "talking";
      if (RESTORED.has(fact.type)) CALL[fact.type](this, fact, call);
    }
    const talks = phase === "held" && call.role === "party"; // it is the customer who is on hold
    Object.assign(call, { phase: talks ? "talking" : phase, since, connected, ended: DONE.has(phase) ? call.ended : null });
    this._said(id);
  }

  /** A call that is over, and was before the page was loaded. */
  remember(id) {
    if (this.calls.has(id)) return;
    this.calls.set(id, { ...fresh(id, this.now()), phase: "ended", ended: this.now(), told: true, written: true });
    this._tell("calls");
    this._tell("remembered", id);
  }

  _clock(at) {
    const ahead = at - Date.now() / 1000;
    if (this._heard === null || ahead > this._heard) this.skew = this._heard = ahead; // the least delayed is the nearest
  }

  _open(id, at) {
    let call = this.calls.get(id);
    if (call) return call;
    call = fresh(id, at);
    this.calls.set(id, call);
    for (const old of this.calls.values()) {
      const nothing = old.phase === "missed" || (this.calls.size > MOST_CALLS && DONE.has(old.phase)); // who was missed is among the callbacks
      if (nothing && !old.written) this.calls.delete(old.id);
    }
    this._tell("calls");
    this._tell("opened", id);
    return call;
  }

  _done(call, phase, at) {
    if (DONE.has(call.phase)) return;
    Object.assign(call, { phase, ended: at, party: null, guests: [], away: false, recording: "" });
    this._said(call.id);
  }

  _said(id) {
    this._tell("call", id);
  }

  _tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const seconds = (text) => (text ? Date.parse(text) / 1000 : null);
const isMe = (model, target) => target === `agent:${model.me}` || target === model.me;

const SEAT = {
  AgentChanged(model, fact) {
    const before = model.seat.call;
    Object.assign(model.seat, { state: fact.state, reason: fact.reason || "", since: fact.at, endpoint: fact.endpoint || "", call: fact.call || "" });
    if (fact.state === "RESERVED" && fact.call) {
      const call = model._open(fact.call, fact.at);
      if (DONE.has(call.phase)) Object.assign(call, { phase: "ringing", since: fact.at, ended: null, party: null }); // it comes a second time
    }
    const call = model.calls.get(fact.call || before);
    if (call && fact.state === "TALKING" && ["ringing", "dialing"].includes(call.phase) && !call.mine) {
      Object.assign(call, { phase: "talking", connected: fact.at });
    }
    if (call && fact.state === "WRAP_UP") model._done(call, "ended", fact.at);
    if (call && ["READY", "NOT_READY", "LOGGED_OUT"].includes(fact.state) && !DONE.has(call.phase)) {
      model._done(call, call.connected || call.mine ? "ended" : "missed", fact.at);
    }
    if (call) model._said(call.id);
    model._tell("seat");
  },
  SeatAllows(model, fact) {
    model.actions = new Set(fact.actions);
    model._tell("seat");
  },
  PhoneStateChanged(model, fact) {
    model.seat.online = fact.online;
    model._tell("seat");
  },
  Forced(model, fact) {
    model._tell("forced", fact);
  },
};

const RESTORED = new Set(["ConsultStarted", "ConsultAnswered", "ConsultEnded", "ConferenceStarted", "PartyInvited", "PartyJoined", "InvitationEnded", "PartyLeft", "CallConnected", "CallTransferred", "AgentAway", "AgentBack", "RecordingStarted", "RecordingPaused", "RecordingDone"]);

/** Makes a fold that is for calls of this seat only. */
const ours = (change) => (model, fact, call) => {
  if (!call || DONE.has(call.phase)) return;
  change(call, fact, model);
  model._said(call.id);
};

const CALL = {
  CallStarted(model, fact) {
    if (fact.agent !== model.me) return;
    const call = model._open(fact.call, fact.at);
    Object.assign(call, { mine: true, direction: fact.direction, number: fact.dnis, phase: call.connected ? call.phase : "dialing" });
    model._said(call.id);
  },
  CallOfferedTo(model, fact, known) {
    if (fact.agent !== model.me) return;
    const call = known || model._open(fact.call, fact.at);
    if (DONE.has(call.phase)) Object.assign(call, { phase: "ringing", since: fact.at, ended: null });
    call.queue = fact.queue || call.queue;
    model._said(call.id);
  },
  OfferEnded(model, fact, call) {
    if (!call || fact.agent !== model.me) return;
    call.failure = fact.reason;
    if (!call.connected) model._done(call, call.mine ? "ended" : "missed", fact.at);
  },
  CallConnected: (model, fact, call) => {
    if (!call) return;
    call.party = null;
    if (fact.agent === model.me) {
      if (call.role === "party") call.role = "agent";
      Object.assign(call, { phase: "talking", connected: call.connected || fact.at, queue: fact.queue || call.queue, ended: null });
    } else if (call.role === "agent" && !DONE.has(call.phase)) model._done(call, "gone", fact.at);
    model._said(call.id);
  },
  CallReached: ours((call, fact) => {
    if (call.phase === "dialing" || call.phase === "ringing") Object.assign(call, { phase: "talking", connected: fact.at });
  }),
  CallHeld: ours((call) => (call.phase = "held")),
  CallResumed: ours((call) => (call.phase = "talking")),
  ConsultStarted(model, fact, known) {
    if (isMe(model, fact.target)) {
      const call = known || model._open(fact.call, fact.at);
      Object.assign(call, { role: "party", phase: "ringing", since: fact.at, ended: null, connected: null });
      model._said(call.id);
    } else if (known && fact.agent === model.me) {
      known.party = { target: fact.target, up: false, joined: false, since: fact.at };
      model._said(known.id);
    }
  },
  ConsultAnswered: ours((call, fact, model) => {
    if (isMe(model, fact.target)) Object.assign(call, { phase: "talking", connected: fact.at });
    else if (call.party) Object.assign(call.party, { up: true, since: fact.at });
  }),
  ConsultEnded: ours((call, fact, model) => {
    if (!isMe(model, fact.target)) call.party = null;
    else if (call.role === "party") model._done(call, call.connected ? "ended" : "missed", fact.at);
  }),
  ConferenceStarted: ours((call, fact) => {
    call.phase = "talking";
    if (call.party) call.party.joined = true;
    else if (call.role === "agent") call.party = { target: fact.target, up: true, joined: true, since: fact.at };
  }),
  PartyInvited(model, fact, known) {
    if (isMe(model, fact.target)) {
      const call = known || model._open(fact.call, fact.at);
      Object.assign(call, { role: "party", phase: "ringing", since: fact.at, ended: null, connected: null });
      model._said(call.id);
    } else if (known && fact.agent === model.me) {
      known.guests = [...known.guests, { target: fact.target, up: false }];
      model._said(known.id);
    }
  },
  PartyJoined: ours((call, fact, model) => {
    if (isMe(model, fact.party)) Object.assign(call, { phase: "talking", connected: fact.at });
    call.guests = call.guests.map((one) => (one.target === fact.party ? { ...one, up: true } : one));
  }),
  InvitationEnded: ours((call, fact, model) => {
    if (isMe(model, fact.party)) model._done(call, "missed", fact.at);
    else call.guests = call.guests.filter((one) => one.target !== fact.party);
  }),
  PartyLeft: ours((call, fact, model) => {
    if (isMe(model, fact.party)) model._done(call, "ended", fact.at);
    else if (call.party?.target !== fact.party) call.guests = call.guests.filter((one) => one.target !== fact.party);
    else {
      const [next, ...others] = call.guests; // takes the third person's place
      call.party = next ? { ...next, joined: true, since: call.party.since } : null;
      call.guests = others;
    }
  }),
  CallTransferred: ours((call, fact, model) => {
    if (isMe(model, fact.target)) call.role = "agent";
  }),
  TransferFailed(model, fact, call) {
    if (!call) return;
    call.failure = "transfer";
    model._tell("failed", fact);
    model._said(call.id);
  },
  RecordingStarted: ours((call) => (call.recording = "on")),
  RecordingPaused: ours((call, fact) => (call.recording = fact.paused ? "paused" : "on")),
  RecordingDone: ours((call) => (call.recording = "")),
  AgentAway: ours((call, fact, model) => {
    if (fact.agent === model.me) call.away = true;
  }),
  AgentBack: ours((call, fact, model) => {
    if (fact.agent !== model.me) return;
    call.away = false;
    call.phase = fact.held && call.role === "agent" ? "held" : "talking";
  }),
  CallEnded(model, fact, call) {
    if (!call) return;
    if (DONE.has(call.phase)) {
      model._tell("over", fact); // its record may say more now
      return;
    }
    model._done(call, call.connected || call.mine ? "ended" : "missed", fact.at);
  },
};
