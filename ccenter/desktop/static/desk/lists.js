// The lists on the left: callers who wait, callbacks due, voicemails, messages. Read when shown, when told of news, and after each call.

import { Refusal, act, get, post } from "./api.js";
import { $, el, icon, say, setText } from "./dom.js";
import { clock, moment, shortTime } from "./format.js";
import { chime } from "./sound.js";

const AFTER_CALL = 2000; // ms: the next call may come first, and outranks a list
// ms between readings of the waiting lines: facts come in bunches, and sixty seats must not ask at each of them
const LOOK_AFTER = { few: 1000, many: 3000, busy: 10000 };
const OWED_AFTER = { shown: 2500, else: 12000 }; // ms between readings of the callbacks, as facts about them come
const MOST_MESSAGES = 50;
const MANY = 5;
const RINGS_LONG = 3; // seconds: what rings at a colleague for so long may be picked up; most is answered sooner
const LINES = { CallQueued: "waits", CallRequeued: "waits", CallOfferedTo: "rings", CallConnected: "", CallEnded: "", QueueLeft: "", CallOverflowed: "", CallTransferred: "" };
const BUSY = new Set(["PRESENTED", "DIALLING", "TALKING", "RESULT", "ON_LINE"]);
const CLOSINGS = [["reached", gettext("Reached")], ["unreached", gettext("Not reached")], ["not_wanted", gettext("Not wanted any more")], ["duplicate", gettext("Already done")]];

const due = (one) => one.state === "WAITING" || one.state === "PRESENTED" || (one.state === "LATER" && moment(one.due_at) <= Date.now());

export class Lists {
  /** `desk`: {model, dial(number), openCustomer(id), page} */
  constructor(root, tabs, desk) {
    this.root = root;
    this.desk = desk;
    this.model = desk.model;
    this.data = { waiting: [], ringing: [], callbacks: [], voicemails: [], messages: [] };
    this.unread = 0;
    this.known = new Map(); // call -> {how: waits or rings, at}, by the facts
    this._soon = 0;
    this._later = 0;
    this.current = "waiting";
    this.kinds = [
      ["waiting", gettext("Waiting"), "users"],
      ["callbacks", gettext("Callbacks"), "phone-calling"],
      ["voicemails", gettext("Voicemails"), "record-mail"],
      ["messages", gettext("Messages"), "message"],
    ];
    tabs.replaceChildren(...this.kinds.map(([kind, name, iconName]) => el("button.tab", { type: "button", role: "tab", title: name, "aria-label": name, dataset: { kind }, onclick: () => this.show(kind) }, icon(iconName), el("span.tab-name", null, name), el("span.count", { hidden: true }))));
    this.tabs = tabs;
    this.model.addEventListener("seat", () => this._seat());
    setInterval(() => this._tick(), 1000);
    this.show("waiting", false);
  }

  /** After each call, and when the seat becomes free, the lists may have changed. */
  _seat() {
    const { state } = this.model.seat;
    if (state !== this._state) {
      const before = this._state;
      this._state = state;
      clearTimeout(this._later);
      if (["READY", "NOT_READY"].includes(state) && before) {
        this._later = setTimeout(() => {
          for (const kind of ["waiting", "callbacks", "voicemails"]) this.read(kind);
        }, AFTER_CALL);
      }
    }
    for (const button of this.root.querySelectorAll("[data-needs]")) button.disabled = !this.model.may(button.dataset.needs);
  }

  readAll() {
    for (const [kind] of this.kinds) this.read(kind);
  }

  next() {
    const at = this.kinds.findIndex(([kind]) => kind === this.current);
    this.show(this.kinds[(at + 1) % this.kinds.length][0]);
    this.root.focus();
  }

  show(kind, read = true) {
    this.current = kind;
    for (const tab of this.tabs.children) {
      tab.classList.toggle("at", tab.dataset.kind === kind);
      tab.setAttribute("aria-selected", String(tab.dataset.kind === kind));
    }
    this.draw();
    if (read) this.read(kind);
  }

  /** Something beside the facts, told over the feed. */
  push(news) {
    if (news.type === "message") {
      this.unread = news.unread;
      if (!this.data.messages.some((one) => one.id === news.message.id)) this._new(news.message);
      if (!news.message.mine) {
        chime();
        if (this.current !== "messages") say(`${news.message.from.name}: ${news.message.text.slice(0, 120)}`);
      }
      this._count("messages");
      if (this.current === "messages") this.draw();
    } else if (news.type === "message_read") {
      const sent = this.data.messages.find((one) => one.id === news.id);
      if (sent) Object.assign(sent, { reads: news.reads, of: news.of });
      if (this.current === "messages") this.draw();
    } else if (news.type === "messages_changed") this.read("messages");
  }

  _new(message) {
    this.data.messages = [message, ...this.data.messages].slice(0, MOST_MESSAGES);
  }

  async read(kind) {
    try {
      if (kind === "waiting") {
        const { calls, ringing } = await get("/api/waiting/");
        this.data.waiting = calls;
        this.data.ringing = ringing;
        this.known.clear();
        for (const call of calls) this.known.set(call.id, { how: call.state === "RESERVED" ? "rings" : "waits", at: 0 });
        for (const call of ringing) this.known.set(call.id, { how: "rings", at: 0 });
      }
      if (kind === "callbacks") this.data.callbacks = (await get("/api/desk/callbacks/")).callbacks;
      if (kind === "voicemails") this.data.voicemails = (await get("/api/voicemails/")).results;
      if (kind === "messages") {
        const { messages, unread } = await get("/api/desk/messages/");
        this.data.messages = messages;
        this.unread = unread;
      }
    } catch (error) {
      if (error.status && error.status !== 404) say(error.message, "bad");
      return;
    }
    this._count(kind);
    if (kind === this.current) this.draw();
  }

  _count(kind) {
    const numbers = { waiting: [...this.known.values()].filter((one) => one.how === "waits").length, callbacks: this.data.callbacks.filter(due).length, voicemails: this.data.voicemails.filter((one) => !one.heard_at).length, messages: this.unread };
    const badge = $(`[data-kind="${kind}"] .count`, this.tabs);
    badge.hidden = !numbers[kind];
    setText(badge, numbers[kind] > 99 ? "99+" : String(numbers[kind]));
    badge.classList.toggle("alert", kind !== "callbacks" && numbers[kind] > 0);
  }

  draw() {
    const writing = this.root.contains(document.activeElement) && /INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName);
    if (writing && this.current === "messages" && $(".message-list", this.root)) {
      $(".message-list", this.root).replaceChildren(...this._messages());
      return;
    }
    const draw = { waiting: () => this._waiting(), callbacks: () => this._callbacks(), voicemails: () => this._voicemails(), messages: () => [this._write(), el("div.message-list", null, this._messages())] }[this.current];
    const playing = $("audio", this.root);
    if (playing && !playing.paused && this.current === "voicemails") return; // not in the middle of a message
    const held = this._held();
    this.root.replaceChildren(...draw());
    held?.();
  }

  /** What puts the focus back after a drawing: on the same control of the same item, or on the list when that is gone. */
  _held() {
    const active = document.activeElement;
    const item = this.root.contains(active) && active.closest("[data-item]");
    if (!item) return null;
    const controls = (node) => [node, ...node.querySelectorAll("button, audio")];
    const place = controls(item).indexOf(active);
    return () => {
      const same = [...this.root.querySelectorAll("[data-item]")].find((one) => one.dataset.item === item.dataset.item);
      (same && controls(same)[place] ? controls(same)[place] : this.root).focus({ preventScroll: true });
    };
  }

  _nothing(iconName, text) {
    return [el("div.list-empty", null, icon(iconName), el("p", null, text))];
  }

  _name(code) {
    return this.desk.page.queues.find((one) => one.code === code)?.name || code;
  }

  _waiting() {
    const { waiting, ringing } = this.data;
    const line = (call, more, action, allowed, title, label) =>
      el("div.item", { dataset: { item: call.id } },
        el("div.grow", null, el("b.tnum", null, call.number.text || gettext("Number withheld")), el("div.muted", null, [call.label || call.queue_name || call.queue, call.city, more].filter(Boolean).join(" · "))),
        el("span.tnum.wait", { dataset: { since: String(moment(call.since) / 1000) } }, ""),
        el("button.b.small", { type: "button", dataset: { needs: allowed }, disabled: !this.model.may(allowed), title, onclick: (event) => this._take(event.currentTarget, action, call.id) }, label));
    const rings = ringing.filter((call) => call.agent !== this.model.me);
    const rows = waiting.filter((call) => call.state !== "RESERVED").map((call) => line(call, "", "take", "TakeWaiting", gettext("Serve this caller now"), gettext("Take")));
    if (rings.length) rows.push(el("div.list-head", null, gettext("Ringing at colleagues")), ...rings.map((call) => line(call, `${call.agent} ${call.agent_name}`, "pick-up", "PickUp", gettext("Answer it instead of the colleague"), gettext("Pick up"))));
    if (!rows.length) return this._nothing("mood-smile", gettext("Nobody waits."));
    this._tickSoon();
    return rows;
  }

  /** A fact that may change the waiting lines. Who is gone goes at once; who is new is asked for, now and then. */
  lines(fact) {
    const how = LINES[fact.type];
    if (how === undefined) return;
    if (!how || fact.agent === this.model.me) this.known.delete(fact.call);
    else this.known.set(fact.call, { how, at: this.model.now() });
    const busy = !this.model.may("TakeWaiting");
    const often = busy ? LOOK_AFTER.busy : this.known.size > MANY ? LOOK_AFTER.many : LOOK_AFTER.few;
    this._soon ||= setTimeout(() => this._look(), often * (1 + Math.random() / 2));
    const still = (call) => this.known.has(call.id);
    if (!this.data.waiting.every(still) || !this.data.ringing.every(still)) {
      this.data.waiting = this.data.waiting.filter(still);
      this.data.ringing = this.data.ringing.filter(still);
      if (this.current === "waiting") this.draw();
    }
    this._count("waiting");
  }

  /** A fact about a callback: the list is read again, now and then. */
  owed(fact) {
    if (!fact.type.startsWith("Callback") || this._owed) return;
    const shown = this.current === "callbacks" && !document.hidden;
    const pause = shown && this.model.may("DialNumber") ? OWED_AFTER.shown : OWED_AFTER.else;
    this._owed = setTimeout(() => {
      this._owed = 0;
      this.read("callbacks");
    }, pause * (0.5 + Math.random()));
  }

  _look() {
    this._soon = 0;
    if (this.current !== "waiting" || document.hidden) return; // it is read when it is shown
    const shown = new Set([...this.data.waiting.filter((one) => one.state !== "RESERVED"), ...this.data.ringing].map((one) => one.id));
    const now = this.model.now();
    let young = false;
    for (const [call, { how, at }] of this.known) {
      if (shown.has(call)) continue;
      if (how === "waits" || now - at > RINGS_LONG) {
        this.read("waiting");
        return;
      }
      young = true;
    }
    if (young) this._soon = setTimeout(() => this._look(), LOOK_AFTER.few);
  }

  _tickSoon() {
    queueMicrotask(() => this._tick());
  }

  async _take(button, action, call) {
    button.disabled = true;
    try {
      await act(action, { call });
    } catch (error) {
      say(error instanceof Refusal ? error.message : String(error), "bad");
    }
    this.read("waiting");
  }

  _tick() {
    const now = this.model.now();
    for (const node of this.root.querySelectorAll("[data-since]")) {
      const waited = now - Number(node.dataset.since);
      setText(node, clock(waited));
      node.classList.toggle("long", waited > 60);
    }
  }

  _callbacks() {
    const { callbacks } = this.data;
    if (!callbacks.length) return this._nothing("checks", gettext("No callbacks are due."));
    return callbacks.map((one) => {
      const menu = el("div.closings", { hidden: true }, CLOSINGS.map(([code, name]) => el("button.b.small", { type: "button", onclick: () => this._close(one.id, code) }, name)));
      return el("div.item.stack", { dataset: { item: one.id } },
        el("div.item-line", null,
          el("button.num.tnum", { type: "button", disabled: !one.number.token, title: gettext("Call this number"), onclick: () => this.desk.dial({ token: one.number.token }, one.number.text) }, icon("phone"), one.number.text),
          one.customer ? el("button.link-button", { type: "button", onclick: () => this.desk.openCustomer(one.customer.id) }, one.customer.name) : null,
          el("span.grow"),
          el("button.b.small.plain", { type: "button", title: gettext("Done"), "aria-label": gettext("Done"), onclick: () => (menu.hidden = !menu.hidden) }, icon("check"))),
        el("div.item-line.muted", null, one.kind !== "callback" || BUSY.has(one.state) || !due(one) ? el("span.tag.accent", null, BUSY.has(one.state) ? one.state_name : due(one) ? one.kind_name : interpolate(gettext("at %s"), [shortTime(one.due_at)])) : null, el("span", null, one.source === "task" ? "" : one.source_name), one.label ? el("span", null, one.label) : null, one.queue ? el("span", null, one.queue.name) : null, one.times_asked > 1 ? el("span", null, `× ${one.times_asked}`) : null, el("span.grow"), el("time", null, shortTime(one.asked_at))),
        menu);
    });
  }

  async _close(id, result) {
    try {
      await post(`/api/desk/callbacks/${id}/close/`, { result });
    } catch (error) {
      if (error.status !== 404) say(error.message, "bad");
    }
    this.read("callbacks");
  }

  _voicemails() {
    const { voicemails } = this.data;
    if (!voicemails.length) return this._nothing("mailbox", gettext("No voicemails."));
    return voicemails.map((one) => {
      const caller = typeof one.caller === "object" ? one.caller : { text: one.caller, token: one.token };
      const item = el(`div.item.stack${one.heard_at ? "" : ".new"}`, { dataset: { item: one.id } },
        el("div.item-line", null,
          caller?.text ? el("button.num.tnum", { type: "button", disabled: !caller.token, title: gettext("Call this number"), onclick: () => this.desk.dial({ token: caller.token }, caller.text) }, icon("phone"), caller.text) : el("span", null, gettext("Number withheld")),
          el("span.grow"),
          el("span.tnum.muted", null, clock(one.seconds)),
          el("button.b.small.plain", { type: "button", title: gettext("Listen"), "aria-label": gettext("Listen"), onclick: () => this._hear(item, one) }, icon("player-play"))),
        el("div.item-line.muted", null, el("span", null, one.mailbox.startsWith("agent:") ? gettext("for you") : this._name(one.mailbox)), el("span.grow"), el("time", null, shortTime(one.at))));
      return item;
    });
  }

  _hear(item, one) {
    if ($("audio", item)) {
      $("audio", item).remove();
      return;
    }
    for (const other of this.root.querySelectorAll("audio")) other.remove();
    item.append(el("audio", { controls: true, autoplay: true, src: one.audio }));
    item.classList.remove("new");
    one.heard_at ||= new Date().toISOString();
    this._count("voicemails");
  }

  _write() {
    const text = el("textarea.in", { rows: 2, maxlength: "1000", placeholder: gettext("Write, Enter sends"), "aria-label": gettext("Message") });
    const to = el("select.in", { "aria-label": gettext("To") });
    const box = el("div.write", null, to, text);
    get("/api/desk/recipients/").then(({ seats, groups, leads }) => {
      const option = (value, name) => el("option", { value: JSON.stringify(value) }, name);
      to.append(
        el("optgroup", { label: gettext("Groups") }, groups.map((one) => option({ to: "group", group: one.code }, one.name))),
        el("optgroup", { label: gettext("Team leads") }, leads.map((one) => option({ to: "user", user: one.user }, one.name))),
        el("optgroup", { label: gettext("Seats") }, seats.map((one) => option({ to: "seat", seat: one.number }, `${one.number} ${one.name}`))));
      if (this._reply) to.value = this._reply;
    }).catch(() => {});
    text.value = this._said || ""; // drawn anew while somebody writes: they write on, and to the same
    text.addEventListener("input", () => (this._said = text.value));
    to.addEventListener("change", () => (this._reply = to.value));
    text.addEventListener("keydown", async (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || !text.value.trim() || !to.value) return;
      event.preventDefault();
      text.disabled = true;
      try {
        const sent = await post("/api/desk/messages/", { ...JSON.parse(to.value), text: text.value.trim() });
        text.value = this._said = "";
        if (!this.data.messages.some((one) => one.id === sent.id)) this._new(sent);
        $(".message-list", this.root)?.replaceChildren(...this._messages());
      } catch (error) {
        say(error.message, "bad");
      }
      text.disabled = false;
      text.focus();
    });
    return box;
  }

  _messages() {
    const { messages } = this.data;
    if (!messages.length) return this._nothing("message", gettext("No messages."));
    return messages.map((one) => {
      const other = one.mine ? `→ ${one.to.name}` : `${one.from.number} ${one.from.name}`.trim();
      const item = el(`div.item.stack.message${one.mine || one.read_at ? "" : ".new"}`, { dataset: { item: one.id } },
        el("div.item-line", null, el("b", null, other), el("span.grow"),
          one.mine && one.of ? el("span.muted", { title: gettext("Read by") }, icon(one.reads >= one.of ? "checks" : "check"), one.of > 1 ? ` ${one.reads}/${one.of}` : "") : null,
          el("time.muted", null, shortTime(one.sent_at))),
        el("p", null, one.text));
      if (!one.mine) {
        item.tabIndex = 0;
        const open = () => this._open(one, item);
        item.addEventListener("click", open);
        item.addEventListener("keydown", (event) => event.key === "Enter" && open());
      }
      return item;
    });
  }

  /** A message was looked at: it is read, and the answer goes to who sent it. */
  async _open(one, item) {
    const to = $(".write select", this.root);
    this._reply = JSON.stringify(one.from.number ? { to: "seat", seat: one.from.number } : { to: "user", user: one.from.user });
    if (to) to.value = this._reply;
    $(".write textarea", this.root)?.focus();
    if (one.read_at) return;
    one.read_at = new Date().toISOString();
    item.classList.remove("new");
    this.unread = Math.max(0, this.unread - 1);
    this._count("messages");
    await post(`/api/desk/messages/${one.id}/read/`).catch(() => {});
  }
}
