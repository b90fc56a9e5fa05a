// The callback this seat has in hand: shown to it (accept or skip, with the time left), called by it, or to be given its result.
// What it is comes from the server; when to ask is told by facts.

import { act, get, post } from "./api.js";
import { el, icon, say, setText } from "./dom.js";
import { clock, moment, shortTime } from "./format.js";
import { chime } from "./sound.js";

const SOON = 60; // ms: facts of one moment are one question
const ABOUT = /^Callback/;
const OF_CALL = new Set(["CallStarted", "CallReached", "CallEnded"]);
const ICONS = { callback: "phone-calling", visit: "home-heart", survey: "clipboard-list", reminder: "bell-ringing", follow_up: "calendar-event" };

export class Owed {
  /** `desk`: {model, openCustomer(id), openPage(address, title, icon)} */
  constructor(root, desk) {
    this.root = root;
    this.desk = desk;
    this.model = desk.model;
    this.hand = null; // as the server tells it
    this._soon = 0;
    this._asked = 0;
    this.model.addEventListener("seat", () => {
      if (this.model.seat.state === "LOGGED_OUT" && this.hand) this._show(null);
      this._enable();
    });
    setInterval(() => this._tick(), 250);
  }

  /** A fact of the feed: of mine, or of the callback I have. */
  fact(fact) {
    const mine = fact.agent === this.model.me;
    const held = this.hand?.callback;
    if (mine || (held && (!fact.callback || fact.callback === held.id))) {
      if (ABOUT.test(fact.type) || (OF_CALL.has(fact.type) && (held || fact.callback))) this.ask();
    }
  }

  ask() {
    this._soon ||= setTimeout(() => {
      this._soon = 0;
      this.read();
    }, SOON);
  }

  async read() {
    const turn = (this._asked += 1);
    try {
      const hand = await get("/api/desk/callback-in-hand/");
      if (turn === this._asked) this._show(hand.callback ? hand : null);
    } catch (error) {
      if (error.status !== 403) setTimeout(() => this.ask(), 2000);
    }
  }

  get presented() {
    return this.hand?.callback.state === "PRESENTED";
  }

  async accept() {
    if (this.presented) await this._do("dial-callback");
  }

  async skip() {
    if (this.presented) await this._do("skip-callback");
  }

  async questions() {
    if (!this.hand?.task?.questions) return;
    try {
      const { address } = await post(`/api/desk/callbacks/${encodeURIComponent(this.hand.callback.id)}/questions/`);
      this.desk.openPage(address, gettext("Questions"), "clipboard-list");
    } catch (error) {
      say(error.message, "bad");
    }
  }

  async _do(path, more = {}) {
    if (this._busy) return;
    this._busy = true;
    this._enable();
    const { id } = this.hand.callback;
    try {
      await act(path, { callback: id, ...more });
      if (more.result) this._mark(id, more.result);
    } catch (error) {
      say(error.message, "bad");
    }
    this._busy = false;
    this._enable();
    this.ask();
  }

  /** What was said during the talk counts when it is over; until then it is shown, and can be said anew. */
  _mark(id, result) {
    this._said = { id, result };
    for (const node of this.root.querySelectorAll("[data-result]")) node.classList.toggle("on", this._is(node.dataset.result));
  }

  _is(result) {
    return this._said?.id === this.hand?.callback.id && this._said?.result === result;
  }

  async _later(input) {
    if (!input.value) {
      input.showPicker?.();
      input.focus();
      return;
    }
    await this._do("callback-result", { result: "later", at: input.value });
  }

  _show(hand) {
    const before = this.hand?.callback;
    const now = hand?.callback;
    this.hand = hand;
    const told = JSON.stringify(hand);
    if (told === this._told) return;
    this._told = told;
    if (!now) {
      this.root.hidden = true;
      this.root.replaceChildren();
      return;
    }
    const writing = this.root.contains(document.activeElement) && document.activeElement.matches("input");
    if (writing && before?.id === now.id && before.state === now.state) return;
    this.root.hidden = false;
    this.root.dataset.state = now.state;
    this.root.replaceChildren(...this._draw(hand));
    this._enable();
    this._tick();
    if (this.presented && (before?.id !== now.id || before.state !== now.state)) {
      chime();
      if (now.customer && !this.model.live) this.desk.openCustomer(now.customer.id);
    }
  }

  _draw({ callback: one, results, task }) {
    const states = { PRESENTED: gettext("Is it you?"), DIALLING: gettext("Calling"), TALKING: gettext("Talking"), RESULT: gettext("What came of it?") };
    const button = (name, label, iconName, key, kind, onclick) => el(`button.b${kind}`, { type: "button", dataset: { owed: name }, title: `${label} (${key})`, onclick }, icon(iconName), el("span", null, label), el("kbd", null, key));
    const line = (...parts) => parts.filter(Boolean).join(" · ");
    const at = el("input.in", { type: "datetime-local", "aria-label": gettext("Call later at") });
    return [
      el("div.owed-head", null, icon(ICONS[one.kind] || "phone-calling"), el("b", null, one.kind_name), el("span.tag.accent", null, states[one.state] || ""), el("span.grow"), el("span.clock.owed-left")),
      el("progress.owed-time", { hidden: one.state !== "PRESENTED", max: 1, value: 1, "aria-label": gettext("Time left") }),
      el("div.owed-who", null, one.customer ? el("button.link-button", { type: "button", onclick: () => this.desk.openCustomer(one.customer.id) }, one.customer.name) : null, el("span.tnum", null, one.number.text)),
      el("div.owed-about.muted", null,
        el("div", null, line(one.source_name && one.source !== "task" ? one.source_name : "", one.source === "task" ? "" : interpolate(gettext("asked at %s"), [shortTime(one.asked_at)]), one.times_asked > 1 ? `× ${one.times_asked}` : "", one.queue?.name)),
        one.label || one.dnis ? el("div", null, icon("device-tv"), ` ${line(one.label, one.dnis, one.chosen)}`) : null,
        task ? el("div", null, icon("notes"), ` ${line(task.reason, task.order)}`) : null,
        one.tried.length ? el("div", null, icon("history"), ` ${one.tried.map((was) => `${shortTime(was.at)} ${was.result}`).join(", ")}`) : null),
      one.state === "PRESENTED"
        ? el("div.owed-acts", null, button("accept", gettext("Call now"), "phone", "A", ".main", () => this.accept()), button("skip", gettext("Skip"), "player-skip-forward", "S", "", () => this.skip()))
        : null,
      task?.questions && one.state !== "PRESENTED" ? el("div.owed-acts", null, button("questions", gettext("Questions"), "clipboard-list", "Q", ".main", () => this.questions())) : null,
      results.length
        ? el("div.owed-results", { role: "group", "aria-label": gettext("What came of it?") },
            results.map(({ code, name }) => el(`button.b.small${this._is(code) ? ".on" : ""}`, { type: "button", dataset: { result: code }, onclick: () => this._do("callback-result", { result: code }) }, name)),
            el("span.owed-later", null, at, el(`button.b.small${this._is("later") ? ".on" : ""}`, { type: "button", dataset: { result: "later" }, onclick: () => this._later(at) }, gettext("Later"))))
        : null,
    ].filter(Boolean);
  }

  _enable() {
    const needs = { accept: "DialCallback", skip: "SkipCallback" };
    for (const [name, action] of Object.entries(needs)) {
      const node = this.root.querySelector(`[data-owed=${name}]`);
      if (node) node.disabled = Boolean(this._busy) || !this.model.may(action);
    }
    for (const node of this.root.querySelectorAll("[data-result]")) node.disabled = Boolean(this._busy) || !this.model.may("CallbackResult");
  }

  _tick() {
    const { hand, root } = this;
    if (!hand || !this.presented || !hand.until) return;
    const until = moment(hand.until) / 1000;
    const left = Math.max(0, until - this.model.now());
    this._whole = Math.max(this._whole && this._of === hand.callback.id ? this._whole : 0, left);
    this._of = hand.callback.id;
    setText(root.querySelector(".owed-left"), clock(Math.ceil(left)));
    root.querySelector(".owed-time").value = this._whole ? left / this._whole : 0;
    root.classList.toggle("urgent", left < 8);
  }
}
