// The chosen seat: its call, its day, and what a lead can do there.

import { clock, el, icon, numberText, setData, setHidden, setText, timeOfDay, twice } from "./dom.js";
import { TargetPicker } from "./targets.js";
import { callStateName, modeName, since, stateName } from "./words.js";

const MODES = ["listen", "whisper", "barge"];
const MODE_LABELS = { listen: gettext("Listen in"), whisper: gettext("Whisper"), barge: gettext("Barge in") };
const MODE_ICONS = { listen: "ear", whisper: "message-2", barge: "users-group" };

/** A button with icon, label and the key that does the same. */
function button(glyph, label, key, title) {
  return el("button.b.small.act", { type: "button", title: title || null, "aria-keyshortcuts": key || null },
    icon(glyph), el("span.label", {}, label), key ? el("kbd", {}, key.toUpperCase()) : null);
}

export class SeatCard {
  /** `act(seat, action, body)` does something at the seat; `own()` is {number, state} of the lead's own seat; `near`: where it may pick up. */
  constructor(node, model, names, { act, own, message, pickUp, near, close }) {
    Object.assign(this, { node, model, names, act, own, near });
    this.number = "";
    this.parts = {
      title: el("h2"), state: el("span.badge-state"), timer: el("span.timer"), call: el("p.call-line"), way: el("ol.way-steps"),
      day: el("p.day-line"), listening: el("p.listening-line", { hidden: true }),
    };
    const simple = (glyph, label, key, action, body, title) => {
      const one = button(glyph, label, key, title);
      one.addEventListener("click", () => act(this.number, action, typeof body === "function" ? body() : body));
      return one;
    };
    this.modes = new Map(MODES.map((mode) => [mode, simple(MODE_ICONS[mode], MODE_LABELS[mode], mode[0], "monitor", { mode })]));
    this.stop = simple("player-stop", gettext("Stop"), "s", "stop-monitor", {});
    this.takeOver = button("phone-incoming", gettext("Take over"), "", gettext("The customer is yours, the agent is released"));
    twice(this.takeOver, () => act(this.number, "take-over", {}));
    this.off = button("phone-off", gettext("Force off"), "", gettext("Ends the agent's call"));
    twice(this.off, () => act(this.number, "force-hang-up", {}));
    this.transfer = button("phone-outgoing", gettext("Force transfer"), "t");
    this.transfer.addEventListener("click", () => this._openPicker());
    this.pickUp = button("hand-grab", gettext("Pick up"), "p", gettext("Take the call that rings here"));
    this.pickUp.addEventListener("click", () => pickUp(this._seat()?.call));
    this.ready = simple("player-play", gettext("Make ready"), "", "force-state", { state: "ready" });
    this.busy = simple("player-pause", gettext("Make busy"), "", "force-state", () => ({ state: "not_ready", reason: this.reason.value }));
    this.reason = el("select.in", { "aria-label": gettext("Reason") },
      [...names.reasons].map(([code, name]) => el("option", { value: code }, name)));
    this.out = button("logout", gettext("Sign out"), "");
    twice(this.out, () => act(this.number, "force-state", { state: "signed_out" }));
    this.picker = new TargetPicker(model, names, (target) => {
      this.picker.close();
      act(this.number, "force-transfer", target);
    });
    this.text = el("input.in", { type: "text", maxLength: 500, placeholder: gettext("Message to this seat"), "aria-label": gettext("Message to this seat") });
    const form = el("form.message-line", { onsubmit: (event) => {
      event.preventDefault();
      const said = this.text.value.trim();
      if (said) message(this.number, said).then((sent) => sent && (this.text.value = ""));
    } }, this.text, el("button.b.small", { type: "submit" }, icon("send"), el("span.visually-hidden", {}, gettext("Send"))));
    this.text.addEventListener("keydown", (event) => event.key === "Escape" && this.text.blur());
    const parts = this.parts;
    node.append(
      el("header", {}, parts.title, el("button.b.plain", { type: "button", "aria-label": gettext("Close"), onclick: close }, icon("x"))),
      el("p.state-line", {}, parts.state, parts.timer), parts.day, parts.listening, parts.call, parts.way,
      el("div.acts", { role: "group", "aria-label": gettext("The call") }, el("div.mode-switch", {}, [...this.modes.values()]), this.stop, this.pickUp, this.takeOver, this.transfer, this.off),
      this.picker.node,
      el("div.acts", { role: "group", "aria-label": gettext("The seat") }, this.ready, el("div.busy-line", {}, this.busy, this.reason), this.out),
      form,
    );
    this.keys = { l: this.modes.get("listen"), w: this.modes.get("whisper"), b: this.modes.get("barge"), s: this.stop, t: this.transfer, p: this.pickUp };
  }

  show(number) {
    if (number !== this.number) this.picker.close();
    this.number = this.picker.but = number;
    setHidden(this.node, !number);
    if (number) this.update();
  }

  /** A key of the page: true when it was one of ours. */
  key(name) {
    const wanted = this.keys[name];
    if (!this.number || !wanted || wanted.disabled || wanted.hidden) return false;
    wanted.click();
    return true;
  }

  focusMessage() {
    this.text.focus();
  }

  update() {
    const seat = this._seat();
    if (!seat) return;
    const { parts, names, model } = this;
    const call = seat.call ? model.calls.get(seat.call) : null;
    const own = this.own();
    const [monitor] = model.listeners(seat.number, own.number);
    const mine = Boolean(monitor && own.number && monitor.supervisor === own.number);
    setText(parts.title, `${seat.number} ${seat.name}`);
    setText(parts.state, seat.state === "NOT_READY" && seat.reason ? names.reason(seat.reason) : stateName(seat.state));
    setData(parts.state, "state", model.away.has(seat.number) ? "AWAY" : seat.state);
    setText(parts.day, interpolate(gettext("Today: %s answered, %s talked"), [seat.today.answered || 0, clock(seat.today.talk || 0)]));
    setHidden(parts.listening, !monitor);
    setText(parts.listening, model.listeners(seat.number).map((one) => `${modeName(one.mode)}: ${names.seat(one.supervisor)} ${one.by || ""}`).join(" · "));
    const number = call && numberText(call.direction === "out" ? call.dnis : call.ani);
    setText(parts.call, call ? [call.name, number, callStateName(call.state), call.queue && names.queue(call.queue)].filter(Boolean).join(" · ") : "");
    this._writeWay(call);
    this._enable(seat, call, own, mine, monitor);
    this.tick(model.now());
  }

  tick(now) {
    const seat = this._seat();
    if (seat) setText(this.parts.timer, seat.state === "LOGGED_OUT" ? "" : since(seat.since, now));
  }

  _seat() {
    return this.model.seats.get(this.number);
  }

  _writeWay(call) {
    const steps = call ? call.path : [];
    const key = call ? `${call.id} ${steps.length}` : "";
    if (key === this.wayKey) return;
    this.wayKey = key;
    this.parts.way.replaceChildren(...this.names.way(steps).slice(-8).map((one) => el("li", { title: timeOfDay(one.at) }, one.text)));
  }

  // The core has the last word; this only spares clicks that cannot succeed, and says why.
  _enable(seat, call, own, mine, monitor) {
    const talking = seat.state === "TALKING";
    const phone = own.number && own.state && own.state !== "LOGGED_OUT";
    const free = phone && seat.number !== own.number && (own.state !== "TALKING" || this.model.watching(own.number) !== null);
    const noPhone = own.number ? gettext("Sign in with a phone first") : gettext("You have no seat of your own");
    for (const [mode, one] of this.modes) {
      one.disabled = !(talking && free);
      one.setAttribute("aria-pressed", String(mine && monitor.mode === mode));
      one.title = phone ? "" : noPhone;
    }
    setHidden(this.stop, !mine);
    setHidden(this.pickUp, !(seat.state === "RESERVED" && call?.direction === "in" && this.near.has(seat.number)));
    this.pickUp.disabled = !phone;
    this.takeOver.disabled = !(talking && free);
    if (!phone) this.takeOver.title = noPhone;
    this.transfer.disabled = !talking;
    this.off.disabled = !(talking || seat.state === "RESERVED");
    this.ready.disabled = !["NOT_READY", "WRAP_UP"].includes(seat.state);
    this.busy.disabled = seat.state === "LOGGED_OUT" || seat.state === "NOT_READY";
    this.reason.disabled = this.busy.disabled;
    this.out.disabled = seat.state === "LOGGED_OUT";
  }

  _openPicker() {
    if (this.picker.node.hidden) this.picker.open();
    else this.picker.close();
  }
}

/** The bar that says whom the lead hears, for as long as it is so. */
export class ListeningBar {
  constructor(node, model, names, { own, act }) {
    Object.assign(this, { node, model, names, own, act });
    this.said = el("strong");
    this.timer = el("span.timer");
    this.modes = new Map(MODES.map((mode) => [mode, el("button.b.small", { type: "button", onclick: () => act(this.target, "monitor", { mode }) }, icon(MODE_ICONS[mode]), el("span", {}, MODE_LABELS[mode]))]));
    const stop = el("button.b.small.bad", { type: "button", onclick: () => act(this.target, "stop-monitor", {}) }, icon("player-stop"), el("span", {}, gettext("Stop")));
    node.append(icon("headphones"), this.said, this.timer, el("div.mode-switch", {}, [...this.modes.values()]), stop);
  }

  update() {
    const found = this.model.watching(this.own().number);
    setHidden(this.node, !found);
    if (!found) return;
    const [number, monitor] = found;
    this.target = number;
    setData(this.node, "mode", monitor.mode);
    setText(this.said, `${modeName(monitor.mode)}: ${this.names.seat(number)}`);
    for (const [mode, one] of this.modes) one.setAttribute("aria-pressed", String(mode === monitor.mode));
    this.tick(this.model.now());
  }

  tick(now) {
    const found = this.model.watching(this.own().number);
    if (found) setText(this.timer, since(found[1].since || found[1].started_at, now));
  }
}
