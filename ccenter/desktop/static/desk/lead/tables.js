// Queues, trunks and calls: one element each, written where something changed.

import { clock, el, icon, moment, numberText, order, percent, setData, setHidden, setText } from "./dom.js";
import { limits, queueLevels, set, trunkLevel } from "./thresholds.js";
import { callStateName, directionName } from "./words.js";

/** A cell with a figure and its name below. */
function figure(label) {
  const value = el("b", {}, "–");
  return { node: el("div.figure", {}, value, el("span", {}, label)), value };
}

export class Queues {
  constructor(parent, model, { pick = null } = {}) {
    this.parent = parent;
    this.model = model;
    this.pick = pick;
    this.rows = new Map();
  }

  /** Draws all and answers what is in alarm, for the bell. There are few queues: all are looked at each time. */
  tick(now) {
    const bad = new Map();
    const lines = new Map([...this.model.queues.keys()].map((code) => [code, []]));
    for (const call of this.model.waiting()) lines.get(call.queue)?.push(call);
    for (const queue of this.model.queues.values()) {
      const row = this.rows.get(queue.code) || this._make(queue);
      const callers = lines.get(queue.code);
      const levels = queueLevels(queue, callers, now);
      const first = callers.length ? moment(callers[0].queued_at || callers[0].since) : null;
      setData(row.node, "level", levels.worst);
      setText(row.name, queue.name || queue.code);
      this._set(row.waiting, String(callers.length), levels.waiting);
      this._set(row.longest, first === null ? "–" : clock((now - first) / 1000), levels.longest);
      this._set(row.expected, callers.length && queue.expected_wait !== null && queue.expected_wait !== undefined ? clock(queue.expected_wait) : "–", "");
      this._set(row.service, percent(queue.service_level), levels.service);
      this._set(row.ready, String(queue.ready ?? 0), callers.length && !queue.ready ? "warn" : "");
      if (levels.waiting === "alarm" || levels.longest === "alarm") bad.set(`queue ${queue.code}`, true);
      // a figure of half an hour: said once, and only where the owner gave a limit
      if (levels.service === "alarm" && queue.thresholds?.service_level) bad.set(`service ${queue.code}`, false);
    }
    for (const code of this.rows.keys()) if (!this.model.queues.has(code)) this.rows.delete(code);
    this._arrange(lines);
    return bad;
  }

  /** Queues with callers, seats or calls of late come first. */
  _arrange(lines) {
    const alive = (queue) => lines.get(queue.code).length || queue.ready || set(queue.service_level);
    const sorted = [...this.model.queues.values()].sort((one, other) => Boolean(alive(other)) - Boolean(alive(one)));
    order(this.parent, [...this.parent.querySelectorAll(".queue-head"), ...sorted.map((queue) => this.rows.get(queue.code).node)]);
  }

  _set(part, text, level) {
    setText(part.value, text);
    setData(part.node, "level", level);
  }

  _make(queue) {
    const limit = limits(queue);
    const row = {
      name: el("h3"), waiting: figure(gettext("waiting")), longest: figure(gettext("longest")), expected: figure(gettext("expected")),
      service: figure(gettext("service level")), ready: figure(gettext("ready")),
    };
    row.longest.node.title = interpolate(gettext("yellow from %s, red from %s"), limit.longest.map(clock));
    row.waiting.node.title = interpolate(gettext("yellow from %s, red from %s"), [...limit.waiting]); // interpolate empties what it gets
    row.service.node.title = interpolate(gettext("yellow below %s, red below %s"), limit.service_level.map(percent));
    row.node = el("article.queue", this.pick && { onclick: () => this.pick(queue.code) }, row.name,
      el("div.figures", {}, [row.waiting, row.longest, row.expected, row.service, row.ready].map((one) => one.node)));
    this.parent.append(row.node);
    this.rows.set(queue.code, row);
    return row;
  }
}

/** Each trunk's use; with `names` (of seats), a click shows who is on its channels. */
export class Trunks {
  constructor(parent, model, names = null) {
    this.parent = parent;
    this.model = model;
    this.names = names;
    this.rows = new Map();
  }

  tick() {
    const bad = new Map();
    const now = Date.now();
    for (const trunk of this.model.trunks.values()) {
      const row = this.rows.get(trunk.code) || this._make(trunk);
      const level = trunkLevel(trunk);
      setData(row.node, "level", level);
      setText(row.text, trunk.capacity ? `${trunk.in_use} / ${trunk.capacity}` : String(trunk.in_use));
      if (row.used !== trunk.in_use || row.capacity !== trunk.capacity) {
        row.used = trunk.in_use;
        row.capacity = trunk.capacity;
        row.bar.style.transform = `scaleX(${trunk.capacity ? Math.min(1, trunk.in_use / trunk.capacity) : 0})`;
      }
      setData(row.node, "off", trunk.enabled === false ? "1" : "");
      if (row.list?.open) this._channels(row, trunk, now);
      if (level === "alarm") bad.set(`trunk ${trunk.code}`, true);
    }
    for (const [code, row] of this.rows) {
      if (this.model.trunks.has(code)) continue;
      (row.list || row.node).remove();
      this.rows.delete(code);
    }
    return bad;
  }

  _channels(row, trunk, now) {
    const lines = trunk.channels.map((one) => {
      const out = one.direction === "out";
      const since = Math.max(0, (now - moment(one.since)) / 1000);
      return el("li", {}, icon(out ? "phone-outgoing" : "phone-incoming"), el("span", {}, numberText(one.number)),
        el("span.seat-name", {}, one.agent ? this.names.seat(one.agent) : ""), el("span.timer", {}, clock(since)));
    });
    const others = trunk.in_use - lines.length;
    if (others > 0) lines.push(el("li", {}, icon("lock"), el("span", {}, interpolate(gettext("%s of other groups"), [others]))));
    if (!lines.length) lines.push(el("li", {}, gettext("All channels are free.")));
    row.lines.replaceChildren(...lines);
  }

  _make(trunk) {
    const row = { bar: el("i"), text: el("b"), used: null };
    row.node = el("div.trunk", { title: interpolate(gettext("Channels of %s in use, of all there are"), [trunk.name || trunk.code]) },
      el("span", {}, trunk.name || trunk.code), el("div.bar", {}, row.bar), row.text);
    if (this.names) {
      row.lines = el("ul.channels");
      row.list = el("details", { id: `trunk-${trunk.code}`, ontoggle: () => row.list.open && this._channels(row, this.model.trunks.get(trunk.code), Date.now()) }, el("summary", {}, row.node), row.lines);
      this.parent.append(row.list);
    } else this.parent.append(row.node);
    this.rows.set(trunk.code, row);
    return row;
  }
}

const CALL_RANK = { QUEUED: 0, RESERVED: 1, IVR: 2, OFFERED: 2, CONNECTED: 3, HELD: 3 };

export class Calls {
  /** `act.take(call)` takes a waiting call of `act.own`, the queues that who sits here serves; `act.seat(number)` shows a seat. */
  constructor(body, model, names, act) {
    this.body = body;
    this.empty = el("p.lead-empty", {}, gettext("No calls now."));
    body.closest(".panel-body").append(this.empty);
    this.model = model;
    this.names = names;
    this.act = act;
    this.rows = new Map();
    this.queue = "";
    this.only = "";
  }

  update(changed) {
    for (const id of changed.all ? this.model.calls.keys() : changed.calls) {
      const call = this.model.calls.get(id);
      if (call) this._write(this.rows.get(id) || this._make(id), call);
    }
    for (const id of this.rows.keys()) if (!this.model.calls.has(id)) this.rows.delete(id);
    this.arrange();
  }

  arrange() {
    const shown = [...this.model.calls.values()].filter(
      (call) =>
        (!this.queue || call.queue === this.queue) &&
        (!this.only || (this.only === "waiting" ? CALL_RANK[call.state] < 2 && !call.answered : CALL_RANK[call.state] === 3)),
    );
    const start = (call) => moment(call.started_at || call.since) || 0;
    shown.sort((one, other) => (CALL_RANK[one.state] ?? 9) - (CALL_RANK[other.state] ?? 9) || start(one) - start(other));
    order(this.body, shown.map((call) => this.rows.get(call.id).node));
    setHidden(this.empty, shown.length > 0);
    this.tick(this.model.now());
  }

  tick(now) {
    for (const row of this.rows.values()) {
      if (row.node.isConnected) setText(row.timer, row.since === null ? "" : clock((now - row.since) / 1000));
    }
  }

  _make(id) {
    const row = { state: el("span.call-state"), who: el("td.who"), way: el("td.way"), agent: el("td.agent"), timer: el("td.timer"), since: null };
    row.take = el("button.b.small", { type: "button", hidden: true, title: gettext("Serve this caller yourself"), onclick: () => this.act.take(id) }, gettext("Take"));
    row.open = el("button.link-button", { type: "button", onclick: () => this.act.seat(row.number) });
    row.agent.append(row.open);
    row.node = el("tr", {}, el("td", {}, row.state), row.timer, row.who, row.way, row.agent, el("td", {}, row.take));
    this.rows.set(id, row);
    return row;
  }

  _write(row, call) {
    const waiting = CALL_RANK[call.state] < 2 && !call.answered;
    row.since = moment(waiting ? call.queued_at || call.since : call.since);
    row.number = call.agent || call.offered || "";
    setData(row.node, "state", call.state);
    setText(row.state, callStateName(call.state));
    const number = numberText(call.direction === "out" ? call.dnis : call.ani);
    setText(row.who, call.name ? `${call.name} ${number}` : number || gettext("unknown"));
    row.who.title = [directionName(call.direction), call.dnis, call.label].filter(Boolean).join(" · ");
    setText(row.way, this.names.path(call.path) || [call.label, call.dnis].filter(Boolean).join(" "));
    row.way.title = this.names.wholePath(call.path);
    setText(row.open, row.number ? this.names.seat(row.number) : "");
    setHidden(row.open, !row.number);
    setHidden(row.take, !(this.act.own.has(call.queue) && call.state === "QUEUED" && !call.answered));
  }
}

/** Alarms of the centre that somebody should see to. */
export function writeAlarms(parent, alarms, clear) {
  parent.replaceChildren(
    ...alarms.map((alarm) =>
      el("li", {}, icon("alert-triangle"), el("span", {}, [alarm.kind, alarm.subject].filter(Boolean).join(" ")), el("small", {}, alarm.text || ""),
        clear && alarm.id ? el("button.link-button", { type: "button", onclick: () => clear(alarm.id) }, gettext("Seen to")) : null)),
  );
}
