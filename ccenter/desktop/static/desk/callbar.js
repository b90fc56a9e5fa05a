// The card of the call in hand: who it is with, how long, and everything that can be done. Buttons keep their places, and one is
// enabled exactly when the centre would do it (SeatAllows).

import { Refusal, act } from "./api.js";
import { $, el, icon, say, setText, withKey } from "./dom.js";
import { clock } from "./format.js";
import { keyTone } from "./sound.js";
import { DONE } from "./model.js";
import { PHASES } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export class CallBar {
  /** `desk`: {model, phone, nameOf(call), target(text), transfer(kind), dial()} */
  constructor(root, desk) {
    this.root = root;
    this.desk = desk;
    this.model = desk.model;
    this.phone = desk.phone;
    this.buttons = {};
    this._draw();
    this.model.addEventListener("seat", () => this.show());
    this.model.addEventListener("call", () => this.show());
    for (const kind of ["ringing", "talking", "over", "muted", "line", "quality"]) this.phone.addEventListener(kind, () => this.show());
    setInterval(() => this._tick(), 500);
  }

  /** What a key or a button does. Refused: says why; for what is not possible now the centre knows the reason. */
  async do(name) {
    const button = this.buttons[name];
    if (button.hidden || button.dataset.busy) return;
    if (button.disabled && !ASKED.has(name)) {
      say(interpolate(gettext("%s: not possible now."), [button.title]), "bad");
      return;
    }
    try {
      await DO[name](this);
    } catch (error) {
      say(error instanceof Refusal ? error.message : String(error), "bad");
    }
  }

  /** Sends an action; its button waits for the answer. */
  async act(path, body, name) {
    const button = this.buttons[name];
    if (button) {
      button.dataset.busy = "1";
      button.disabled = true;
    }
    try {
      return await act(path, body);
    } finally {
      if (button) {
        delete button.dataset.busy;
        this.show();
      }
    }
  }

  _button(name, label, iconName, key, kind = "") {
    const node = el(`button.b${kind}`, { type: "button", title: withKey(label, key), onclick: () => this.do(name) }, icon(iconName), el("span", null, label), key ? el("kbd", null, key) : null);
    this.buttons[name] = node;
    return node;
  }

  _draw() {
    this.dialled = el("input.in.tnum", {
      id: "dial", type: "tel", maxlength: "40", placeholder: gettext("Number or seat"), "aria-label": gettext("Number or seat to call"), autocomplete: "off",
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.isComposing) this.do("dial");
      },
    });
    const dial = this._button("dial", gettext("Call"), "phone-plus", "");
    this.root.replaceChildren(
      el("div.call-head", null,
        el("span.call-icon", null, icon("phone")),
        el("div.call-who", null, el("div.call-name"), el("div.call-sub")),
        el("div.call-clock.clock")),
      el("div.call-warn", { hidden: true }),
      el("div.call-dial", null, this.dialled, dial),
      el("div.call-next", null, this._button("next", gettext("Next callback"), "phone-calling", "X")),
      el("div.call-main", null, this._button("answer", gettext("Answer"), "phone-incoming", "F2", ".good"), this._button("hangUp", gettext("Hang up"), "phone-off", "F4", ".bad")),
      el("div.call-grid", null,
        this._button("hold", gettext("Hold"), "player-pause", "F8"),
        this._button("mute", gettext("Mute"), "microphone-off", "M"),
        this._button("keys", gettext("Keypad"), "dialpad", "K"),
        this._button("transfer", gettext("Transfer"), "arrow-forward-up", "T"),
        this._button("consult", gettext("Consult"), "messages", "C"),
        this._button("record", gettext("Pause rec."), "player-record", "P")),
      el("div.call-keys", { hidden: true }, ...KEYS.map((key) => el("button.b", { type: "button", onclick: () => this.sendKey(key) }, key))),
      el("div.party", { hidden: true },
        el("div.party-head", null, icon("user-share"), el("b.party-name"), el("span.party-state.muted"), el("span.clock.party-clock")),
        el("div.party-guests"),
        el("div.party-buttons", null,
          this._button("complete", gettext("Hand over"), "check", "L", ".main"),
          this._button("join", gettext("All three"), "users-group", "J"),
          this._button("invite", gettext("Invite"), "user-plus", "I"),
          this._button("cancel", gettext("Back"), "arrow-back-up", "B"),
          this._button("leave", gettext("Leave"), "door-exit", "L"))),
    );
    this.show();
  }

  /** One request at a time, with all that was pressed meanwhile: side by side, keys change places on the way. */
  async sendKey(key) {
    if (!this.model.may("SendKeys")) return;
    keyTone(key);
    this._typed = (this._typed || "") + key;
    if (this._typing) return;
    this._typing = true;
    while (this._typed) {
      const keys = this._typed;
      this._typed = "";
      await act("send-keys", { keys }).catch((error) => say(error.message, "bad"));
    }
    this._typing = false;
  }

  get keypad() {
    return !$(".call-keys", this.root).hidden;
  }

  show() {
    const { model, phone, root } = this;
    const call = model.live;
    const live = call && !DONE.has(call.phase);
    root.dataset.phase = live ? call.phase : model.seat.state === "WRAP_UP" ? "wrap" : "idle";
    const head = $(".call-icon .ti", root);
    const name = { ringing: "phone-incoming", dialing: "phone-outgoing", talking: "phone", held: "music", wrap: "pencil" }[root.dataset.phase] || "phone";
    if (head && head.className !== `ti ti-${name}`) head.className = `ti ti-${name}`;
    if (live) {
      const who = this.desk.nameOf(call);
      setText($(".call-name", root), who.name || who.number || gettext("Unknown"));
      setText($(".call-sub", root), [call.away ? gettext("Phone lost") : PHASES[call.phase], who.name ? who.number : "", call.role === "party" ? gettext("consultation") : who.queue].filter(Boolean).join(" · "));
    } else {
      setText($(".call-name", root), model.seat.state === "WRAP_UP" ? gettext("Wrap-up") : gettext("No call"));
      setText($(".call-sub", root), model.seat.state === "READY" ? gettext("The next call rings here.") : model.seat.state === "WRAP_UP" ? gettext("Ready ends it.") : "");
    }
    const b = this.buttons;
    const may = (action) => model.may(action);
    const free = !live;
    $(".call-dial", root).hidden = !free || model.seat.state === "LOGGED_OUT" || !model.seat.state;
    $(".call-next", root).hidden = $(".call-dial", root).hidden;
    this._enable("dial", may("DialNumber"));
    this._enable("next", may("NextCallback"));
    $(".call-main", root).hidden = free;
    $(".call-grid", root).hidden = free || ["ringing", "dialing"].includes(call?.phase);
    const browser = phone.on;
    b.answer.hidden = !live || call.phase === "talking" || call.phase === "held" || (call.phase === "dialing" && browser);
    this._enable("answer", browser ? phone.ringing : may("AnswerCall"));
    this._enable("hangUp", may("HangUpCall") || (browser && phone.talking && !model.live));
    setText($("span", b.hangUp), live && call.phase === "ringing" ? gettext("Decline") : gettext("Hang up"));
    const held = live && call.phase === "held";
    setText($("span", b.hold), held ? gettext("Resume") : gettext("Hold"));
    $(".ti", b.hold).className = `ti ti-player-${held ? "play" : "pause"}`;
    b.hold.classList.toggle("on", Boolean(held));
    this._enable("hold", held ? may("ResumeCall") : may("HoldCall"));
    b.mute.hidden = !browser;
    b.mute.classList.toggle("on", phone.muted);
    setText($("span", b.mute), phone.muted ? gettext("Unmute") : gettext("Mute"));
    this._enable("mute", phone.talking);
    this._enable("keys", may("SendKeys"));
    if (!may("SendKeys")) this._keypad(false);
    this._enable("transfer", may("TransferCall"));
    this._enable("consult", may("ConsultWith"));
    const paused = call?.recording === "paused";
    setText($("span", b.record), paused ? gettext("Resume rec.") : gettext("Pause rec."));
    b.record.classList.toggle("on", Boolean(paused));
    this._enable("record", paused ? may("ResumeRecording") : may("PauseRecording"));
    const party = live && call.role === "agent" && call.party;
    $(".party", root).hidden = !party;
    if (party) {
      setText($(".party-name", root), this.desk.target(party.target));
      setText($(".party-state", root), party.joined ? gettext("in the call") : party.up ? gettext("consultation") : gettext("rings"));
      b.complete.hidden = b.join.hidden = party.joined;
      b.cancel.hidden = party.joined && !call.guests.length;
      setText($("span", b.cancel), party.joined ? gettext("Let the last go") : gettext("Back"));
      b.leave.hidden = b.invite.hidden = !party.joined;
      $(".party-guests", root).replaceChildren(...call.guests.map((one) => el("div", null, icon("user"), el("b", null, this.desk.target(one.target)), el("span.muted", null, one.up ? gettext("in the call") : gettext("rings")))));
    }
    this._enable("complete", may("CompleteTransfer"));
    this._enable("join", may("JoinAll"));
    this._enable("cancel", may("CancelConsult"));
    this._enable("leave", may("LeaveCall"));
    this._enable("invite", may("InviteParty"));
    const { quality } = phone;
    const poor = call?.phase === "talking" && phone.talking && quality?.bars < 2 && [Math.round(quality.loss), Math.round(quality.delay)];
    const warn = !live ? "" : call.away ? (call.role === "party" || call.direction === "internal" ? gettext("Your phone was lost. It is rung again as soon as it is there.") : gettext("Your phone was lost. The customer hears music until you are back.")) : phone.muted ? gettext("You are muted. The customer does not hear you.") : poor ? interpolate(gettext("The line is bad: loss %s %, delay %s ms."), poor) : paused ? gettext("Recording is paused.") : "";
    setText($(".call-warn", root), warn);
    $(".call-warn", root).hidden = !warn;
    this._tick();
  }

  _enable(name, on) {
    const button = this.buttons[name];
    const off = !on || button.dataset.busy === "1";
    if (button.disabled !== off) button.disabled = off;
  }

  _keypad(open) {
    $(".call-keys", this.root).hidden = !open;
    this.buttons.keys.classList.toggle("on", open);
  }

  _tick() {
    const call = this.model.live;
    const live = call && !DONE.has(call.phase);
    const from = live ? (call.connected ?? call.since) : this.model.seat.state === "WRAP_UP" ? this.model.seat.since : null;
    setText($(".call-clock", this.root), from === null ? "" : clock(this.model.now() - from));
    if (live && call.party) setText($(".party-clock", this.root), clock(this.model.now() - call.party.since));
  }
}

const ASKED = new Set(["hangUp", "hold", "record", "complete", "join", "cancel", "leave"]); // what the centre does, not this page

const DO = {
  answer: async (bar) => (bar.phone.on ? bar.phone.answer() : bar.act("answer", {}, "answer")),
  hangUp: (bar) => bar.act("hang-up", {}, "hangUp"),
  hold: (bar) => bar.act(bar.model.live?.phase === "held" ? "resume" : "hold", {}, "hold"),
  mute: async (bar) => bar.phone.mute(),
  keys: async (bar) => bar._keypad(!bar.keypad),
  transfer: async (bar) => bar.desk.transfer("transfer"),
  consult: async (bar) => bar.desk.transfer("consult"),
  invite: async (bar) => bar.desk.transfer("invite"),
  record: (bar) => bar.act(bar.model.live?.recording === "paused" ? "resume-recording" : "pause-recording", {}, "record"),
  complete: (bar) => bar.act("complete", {}, "complete"),
  join: (bar) => bar.act("join-all", {}, "join"),
  cancel: (bar) => bar.act("cancel-consult", {}, "cancel"),
  leave: (bar) => bar.act("leave", {}, "leave"),
  next: (bar) => bar.act("next-callback", {}, "next"),
  dial: async (bar) => {
    const number = bar.dialled.value.trim();
    if (!number) {
      bar.dialled.focus();
      return;
    }
    await bar.desk.dial({ number });
    bar.dialled.value = "";
  },
};
