// The seats: one element each for its whole life, as a tile or as a row of a list; only what changed is written.

import { clock, el, icon, kept, moment, numberText, order, setData, setHidden, setText } from "./dom.js";
import { SEAT_STATES, modeName, stateName } from "./words.js";

const RANK = { TALKING: 0, RESERVED: 1, WRAP_UP: 2, READY: 3, NOT_READY: 4, LOGGED_OUT: 5 };
const text = (one, other) => one.localeCompare(other, undefined, { numeric: true });
const SORTS = {
  number: (one, other) => text(one.number, other.number),
  name: (one, other) => text(one.name, other.name),
  group: (one, other) => text(one.group, other.group) || text(one.number, other.number),
  state: (one, other) => RANK[one.state] - RANK[other.state] || (moment(one.since) || 0) - (moment(other.since) || 0),
  since: (one, other) => (moment(one.since) || Infinity) - (moment(other.since) || Infinity) || text(one.number, other.number),
  answered: (one, other) => (other.today.answered || 0) - (one.today.answered || 0) || text(one.number, other.number),
  talk: (one, other) => (other.today.talk || 0) - (one.today.talk || 0) || text(one.number, other.number),
};
const MANY = 60; // seats from which tiles are smaller
// Seconds in a state until the timer is coloured: [warn, alarm].
const LONG = { TALKING: [600, 1200], WRAP_UP: [60, 180], NOT_READY: [900, 1800], RESERVED: [15, 30] };

export class Seats {
  /** `parent` is filled; `pick(number)` when a seat is chosen. */
  constructor(parent, model, names, pick) {
    this.model = model;
    this.names = names;
    this.pick = pick;
    this.rows = new Map();
    this.visible = new Set();
    this.picked = "";
    this.filter = { states: new Set(), group: kept.get("group", ""), words: "" };
    this.sort = SORTS[kept.get("sort", "number")] ? kept.get("sort", "number") : "number";
    this.body = el("div.seats", { role: "listbox", "aria-label": gettext("Seats"), tabIndex: 0 });
    this.head = el("div.seats-head", {}, this._heads());
    this.empty = el("p.lead-empty", { hidden: true }, gettext("No seat is like that."));
    this.layout(kept.get("layout", "tiles"));
    parent.append(this.head, this.body, this.empty);
    this.body.addEventListener("click", (event) => this._pickAt(event.target));
    this.body.addEventListener("keydown", (event) => this._key(event));
    // Only seats on screen have running timers.
    this.watcher = new IntersectionObserver((entries) => {
      const now = this.model.now();
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) {
          this.visible.add(target._row);
          this._time(target._row, now);
        } else this.visible.delete(target._row);
      }
    }, { root: null, rootMargin: "100px" });
  }

  layout(name) {
    this.shape = name === "list" ? "list" : "tiles";
    kept.set("layout", this.shape);
    this.body.dataset.layout = this.head.dataset.layout = this.shape;
  }

  sortBy(name) {
    this.sort = name;
    kept.set("sort", name);
    for (const button of this.head.children) button.setAttribute("aria-pressed", String(button.dataset.sort === name));
    this.arrange();
  }

  /** Takes the model's changes: `changed.all`, or the numbers in `changed.seats`. */
  update(changed) {
    const { model } = this;
    let moved = changed.all;
    if (changed.all) {
      for (const [number, row] of this.rows) {
        if (model.seats.has(number)) continue;
        this.watcher.unobserve(row.node);
        this.visible.delete(row);
        this.rows.delete(number);
      }
    }
    const now = model.now();
    for (const number of changed.all ? model.seats.keys() : changed.seats) {
      const seat = model.seats.get(number);
      if (!seat) continue;
      let row = this.rows.get(number);
      if (!row) {
        row = this._make(number);
        moved = true;
      }
      const before = row.state;
      this._write(row, seat, now);
      moved = moved || (before !== row.state && (this.filter.states.size > 0 || this.sort === "state")) || this.sort === "since";
    }
    if (moved) this.arrange();
  }

  /** A seat's call changed: its line is written again. */
  calls(ids) {
    const now = this.model.now();
    for (const row of this.rows.values()) {
      const seat = this.model.seats.get(row.number);
      if (seat && seat.call && ids.has(seat.call)) this._write(row, seat, now);
    }
  }

  /** Filters and sorts. */
  arrange() {
    const { states, group, words } = this.filter;
    const wanted = words.trim().toLowerCase();
    const shown = [...this.model.seats.values()].filter(
      (seat) =>
        (!states.size || states.has(seat.state)) &&
        (!group || seat.group === group) &&
        (!wanted || `${seat.number} ${seat.name}`.toLowerCase().includes(wanted)),
    );
    shown.sort(SORTS[this.sort]);
    order(this.body, shown.map((seat) => this.rows.get(seat.number).node));
    setData(this.body, "many", shown.length > MANY ? "1" : "");
    setHidden(this.empty, shown.length > 0);
  }

  /** Once a second: the timers one can see. */
  tick(now) {
    for (const row of this.visible) this._time(row, now);
  }

  choose(number) {
    const was = this.rows.get(this.picked);
    if (was) was.node.setAttribute("aria-selected", "false");
    this.picked = number;
    const row = this.rows.get(number);
    if (row) {
      row.node.setAttribute("aria-selected", "true");
      this.body.setAttribute("aria-activedescendant", row.node.id);
    } else this.body.removeAttribute("aria-activedescendant");
  }

  _heads() {
    const columns = [
      ["number", gettext("Seat")], ["name", gettext("Name")], ["group", gettext("Group")], ["state", gettext("State")],
      ["since", gettext("For")], ["", gettext("Call")], ["answered", gettext("Answered")], ["talk", gettext("Talked")],
    ];
    return columns.map(([name, label]) =>
      el("button", { type: "button", "data-sort": name, "aria-pressed": String(name === this.sort), disabled: !name, onclick: () => this.sortBy(name) }, label));
  }

  _make(number) {
    const part = (name) => el(`span.${name}`);
    const parts = {
      number: part("number"), name: part("name"), group: part("group"), state: part("state"), timer: part("timer"), call: part("call"),
      answered: part("answered"), talk: part("talk"), marks: part("marks"),
      ear: el("span.ear", { hidden: true }, icon("headphones")),
      lost: el("span.lost", { hidden: true, title: gettext("The phone is not connected") }, icon("plug-connected-x")),
    };
    parts.marks.append(parts.ear, parts.lost);
    const node = el("div.seat", { role: "option", id: `seat-${number}`, "aria-selected": "false" }, Object.values(parts).filter((one) => one !== parts.ear && one !== parts.lost));
    const row = { number, node, parts, state: "" };
    node._row = row;
    setText(parts.number, number);
    this.rows.set(number, row);
    this.watcher.observe(node);
    return row;
  }

  _write(row, seat, now) {
    const { parts, node } = row;
    const away = this.model.away.has(seat.number);
    const listeners = this.model.listeners(seat.number);
    const call = seat.call ? this.model.calls.get(seat.call) : null;
    row.state = seat.state;
    row.since = away ? moment(this.model.away.get(seat.number)) : moment(seat.since);
    row.long = LONG[seat.state];
    setData(node, "state", away ? "AWAY" : seat.state);
    setText(parts.name, seat.name);
    setText(parts.group, this.names.group(seat.group));
    let said = stateName(seat.state);
    if (away) said = gettext("Phone lost");
    else if (seat.state === "NOT_READY" && seat.reason) said = this.names.reason(seat.reason);
    else if (seat.state === "TALKING" && call?.state === "HELD") said = gettext("On hold");
    const watched = this.model.watching(seat.number);
    if (watched) said = modeName(watched[1].mode);
    setText(parts.state, said);
    const about = watched ? this.names.seat(watched[0]) : this._callText(seat, call);
    setText(parts.call, about);
    if (node.title !== about) node.title = about;
    setText(parts.answered, String(seat.today.answered || 0));
    setText(parts.talk, clock(seat.today.talk || 0));
    setHidden(parts.ear, !listeners.length);
    parts.ear.title = listeners.map((one) => `${modeName(one.mode)}: ${this.names.seat(one.supervisor)} ${one.by || ""}`).join(" · ");
    setHidden(parts.lost, seat.online !== false || seat.state === "LOGGED_OUT");
    this._time(row, now);
  }

  _callText(seat, call) {
    if (!call) return "";
    const number = numberText(call.direction === "out" ? call.dnis : call.ani);
    const queue = call.queue ? this.names.queue(call.queue) : "";
    return [call.name || number, queue].filter(Boolean).join(" · ");
  }

  _time(row, now) {
    const seconds = row.since === null || row.state === "LOGGED_OUT" ? null : (now - row.since) / 1000;
    setText(row.parts.timer, seconds === null ? "" : clock(seconds));
    const long = row.long;
    setData(row.parts.timer, "level", seconds === null || !long ? "" : seconds >= long[1] ? "alarm" : seconds >= long[0] ? "warn" : "");
  }

  _pickAt(target) {
    const node = target.closest(".seat");
    if (node) this.pick(node._row.number);
  }

  // Arrow keys walk over the seats as they lie on the screen.
  _key(event) {
    const nodes = [...this.body.children];
    if (!nodes.length) return;
    const at = nodes.findIndex((node) => node._row.number === this.picked);
    const across = this.shape === "list" ? 1 : Math.max(1, nodes.findIndex((node) => node.offsetTop !== nodes[0].offsetTop));
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -nodes.length, End: nodes.length }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = nodes[Math.min(nodes.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    this.pick(next._row.number);
    next.scrollIntoView({ block: "nearest" });
  }
}

/** The counts by state, each a button that shows only those seats. */
export class StateChips {
  constructor(parent, model, seats) {
    this.model = model;
    this.chips = new Map(
      SEAT_STATES.map((state) => {
        const count = el("b", {}, "0");
        const chip = el("button.state-chip", { type: "button", "data-state": state, "aria-pressed": "false", onclick: () => this._toggle(state) }, count, el("span", {}, stateName(state)));
        parent.append(chip);
        return [state, { chip, count }];
      }),
    );
    this.seats = seats;
  }

  update() {
    const counts = this.model.states();
    for (const [state, { count }] of this.chips) setText(count, String(counts[state] || 0));
  }

  _toggle(state) {
    const wanted = this.seats.filter.states;
    if (!wanted.delete(state)) wanted.add(state);
    this.chips.get(state).chip.setAttribute("aria-pressed", String(wanted.has(state)));
    this.seats.arrange();
  }
}
