// The right side without a call: what I promised to follow up, and what I wrote down today.

import { get, patch } from "./api.js";
import { el, icon, say } from "./dom.js";
import { isoDay, shortTime } from "./format.js";

export class Day {
  /** `desk`: {dial(number), openCustomer(id)} */
  constructor(root, desk) {
    this.root = root;
    this.desk = desk;
    this.shown = false;
    this.records = [];
    this.followups = [];
  }

  show() {
    this.shown = true;
    this._draw();
    this.read();
  }

  hide() {
    this.shown = false;
  }

  async read() {
    try {
      const [{ records }, { followups }] = await Promise.all([get("/api/desk/records/"), get("/api/desk/followups/")]);
      Object.assign(this, { records, followups });
    } catch {
      return; // shown as it was
    }
    if (this.shown) this._draw();
  }

  _draw() {
    this.root.replaceChildren(
      el("section.card.day", null, el("h2", null, icon("calendar-due"), gettext("To follow up"), this.followups.length ? el("span.count", null, String(this.followups.length)) : null),
        el("div.day-list", null, this.followups.length ? this.followups.map((one) => this._promise(one)) : el("p.none", null, gettext("Nothing is due this week.")))),
      el("section.card.day.more", null, el("h2", null, icon("pencil"), gettext("My records today"), this.records.length ? el("span.count", null, String(this.records.length)) : null),
        el("div.day-list", null, this.records.length ? this.records.map((one) => this._record(one)) : el("p.none", null, gettext("The record of each call is kept here.")))));
  }

  _who(record) {
    return record.customer ? el("button.link-button", { type: "button", onclick: () => this.desk.openCustomer(record.customer.id) }, record.customer.name) : el("b", null, gettext("Unknown"));
  }

  _promise(record) {
    const late = record.follow_up < isoDay();
    return el("div.day-row", null,
      el("div.item-line", null, this._who(record), el(`span.tag${late ? ".bad" : record.follow_up === isoDay() ? ".warn" : ""}`, null, record.follow_up.slice(5)), el("span.grow"),
        record.number?.token ? el("button.b.small.plain", { type: "button", title: record.number.text, "aria-label": gettext("Call this number"), onclick: () => this.desk.dial({ token: record.number.token }, record.number.text) }, icon("phone")) : null,
        el("button.b.small.plain", { type: "button", title: gettext("Done"), "aria-label": gettext("Done"), onclick: () => this._done(record) }, icon("check"))),
      record.summary ? el("p", null, record.summary) : null);
  }

  _record(record) {
    return el("div.day-row", null,
      el("div.item-line", null, this._who(record), record.result_name ? el("span.tag.accent", null, record.result_name) : null, el("span.grow"), el("time.muted", null, shortTime(record.created_at))),
      record.category ? el("div.muted", null, record.category.path.join(" / ")) : null,
      record.summary ? el("p", null, record.summary) : null);
  }

  async _done(record) {
    try {
      await patch(`/api/desk/records/${record.id}/`, { followed_up: true });
    } catch (error) {
      say(error.message, "bad");
    }
    this.read();
  }
}
