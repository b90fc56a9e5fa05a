// The right side: what to say, and what to write down. One record for each call; what is written is kept, through reloads too,
// until it is saved or the call's tab is closed.

import { Refusal, act, get, post } from "./api.js";
import { $, el, icon, say, setText } from "./dom.js";
import { isoDay } from "./format.js";
import { DONE } from "./model.js";
import { Picker } from "./picker.js";

const FOLLOW_UPS = [[1, gettext("Tomorrow")], [3, gettext("3 days")], [7, gettext("A week")]];

export class WrapUp {
  constructor(root, desk) {
    this.root = root;
    this.desk = desk;
    this.model = desk.model;
    this.leaves = []; // {id, path}
    this.results = [];
    this.call = null;
    this._drawn = null;
    this.day = $("#day"); // what there is without a call; it comes from the server
    this.day.addEventListener("click", ({ target }) => {
      const { token, customer } = target.closest("button")?.dataset || {};
      if (token) desk.dial({ token }, target.closest("button").title);
      else if (customer) desk.openCustomer(customer);
    });
    this.model.addEventListener("seat", () => this._enable());
  }

  async start() {
    const { categories, results } = await get("/api/desk/categories/");
    this.results = results;
    const walk = (nodes, path) => {
      for (const node of nodes) {
        const here = [...path, node.name];
        if (node.children.length) walk(node.children, here);
        else this.leaves.push({ id: node.id, path: here, text: here.join(" / ") });
      }
    };
    walk(categories, []);
    this._drawn = null;
    if (this.call) this.show(this.call, this.customer);
  }

  /** Shows a call's script and form; null: nothing. */
  show(call, customer) {
    this.customer = customer;
    const drawn = call ? `${call.id} ${call.pop ? 1 : 0} ${customer?.id || ""}` : "";
    this.call = call;
    if (drawn === this._drawn) {
      if (call?.pop && call.pop.script !== this._said) this.root.firstChild.replaceWith(this._script(call));
      this._enable();
      return;
    }
    this._drawn = drawn;
    this.day.hidden = Boolean(call);
    this.root.hidden = !call;
    if (!call) {
      this.root.replaceChildren();
      htmx.trigger(this.day, "show");
      return;
    }
    if (!call.pop) {
      this.root.replaceChildren();
      return;
    }
    this.root.replaceChildren(this._script(call), this._form(call));
    this._enable();
  }

  _script(call) {
    const scripts = call.pop.scripts || [];
    this._said = call.pop.script;
    const text = el("p.script-text", null, call.pop.script || scripts[0]?.text || gettext("No script for this call."));
    const choice = scripts.length > 1 ? el("select.in", { "aria-label": gettext("Script"), onchange: (event) => (text.textContent = scripts[event.target.selectedIndex].text) }, scripts.map((one) => el("option", null, one.title || one.situation))) : null;
    return el("section.card.script", null, el("h2", null, icon("quote"), gettext("Script"), el("span.grow"), choice), text);
  }

  /** The call's record names the order that was entered in it. */
  ordered({ call: id, number }) {
    const call = this.model.calls.get(id);
    if (!call?.pop) return;
    if (number) {
      this._draft(call).order = number;
      this._keep(call);
    }
    this._drawn = null;
    if (this.call === call) this.show(call, this.customer);
  }

  /** The name under which the draft of a call is kept. */
  _key(id) {
    return `draft.${this.model.me}.${id}`;
  }

  /** After a reload: calls that are over have their tabs again, if what was written of them is not saved. */
  remember() {
    const mine = this._key("");
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(mine)) this.model.remember(key.slice(mine.length));
  }

  /** Whether the tab of a call may go; what was written in it goes with it. */
  mayForget(call) {
    if (call.written && !confirm(gettext("Close it? What was written is not saved."))) return false;
    this._drop(call);
    return true;
  }

  _keep(call) {
    call.saved = false;
    call.written = true;
    try {
      sessionStorage.setItem(this._key(call.id), JSON.stringify(call.draft));
    } catch {
      // full: the draft lives in the page
    }
  }

  _drop(call) {
    call.written = false;
    sessionStorage.removeItem(this._key(call.id));
  }

  _draft(call) {
    if (call.draft) return call.draft;
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(this._key(call.id)) || "null");
    } catch {
      // unreadable: begun anew
    }
    const record = call.pop.record;
    call.written = Boolean(kept);
    call.saved ||= Boolean(record) && !kept;
    call.draft = kept || { category: record?.category?.id ?? null, result: record?.result || "", summary: record?.summary || "", order: record?.order || "", follow_up: record?.follow_up || "" };
    return call.draft;
  }

  _form(call) {
    const draft = this._draft(call);
    const keep = () => {
      this._keep(call);
      this._enable();
    };
    const chosen = this.leaves.find((leaf) => leaf.id === draft.category);
    const category = el("input.in", { id: "category", placeholder: gettext("Type to find"), value: chosen?.text || "" });
    const picks = el("div.picks.under", { hidden: true });
    const picker = new Picker({
      input: category, list: picks,
      find: (text) => {
        const words = chosen && text === chosen.text ? [] : text.toLowerCase().split(/[\s/]+/).filter(Boolean);
        return this.leaves.filter((leaf) => words.every((word) => leaf.text.toLowerCase().includes(word))).map((leaf) => ({ key: leaf.id, leaf }));
      },
      draw: ({ leaf }) => el("div.pick-line", null, el("span.muted", null, leaf.path.slice(0, -1).join(" / ")), el("b", null, leaf.path.at(-1))),
      choose: ({ leaf }) => {
        draft.category = leaf.id;
        category.value = leaf.text;
        picks.hidden = true;
        keep();
        $("#summary", this.root)?.focus();
      },
      empty: gettext("Nothing found."),
    });
    category.addEventListener("focus", () => {
      picks.hidden = false;
      category.select();
      picker.refresh();
    });
    category.addEventListener("input", () => (picks.hidden = false));
    category.addEventListener("blur", () => {
      picks.hidden = true;
      const leaf = this.leaves.find((one) => one.text === category.value);
      draft.category = leaf ? leaf.id : null;
      if (!leaf) category.value = "";
    });
    const results = el("div.pills", { role: "radiogroup", "aria-label": gettext("Result") }, this.results.map((one) => el(`button.b.small${one.code === draft.result ? ".on" : ""}`, { type: "button", role: "radio", "aria-checked": String(one.code === draft.result), onclick: (event) => {
      draft.result = draft.result === one.code ? "" : one.code;
      for (const button of results.children) {
        const on = button === event.currentTarget && draft.result;
        button.classList.toggle("on", Boolean(on));
        button.setAttribute("aria-checked", String(Boolean(on)));
      }
      keep();
    } }, one.name)));
    const summary = el("textarea.in", { id: "summary", rows: 5, maxlength: "2000", placeholder: gettext("What was it about, what was promised?"), oninput: (event) => { draft.summary = event.target.value; keep(); } });
    summary.value = draft.summary;
    const orders = this.customer?.orders || [];
    const order = el("select.in", { id: "order", onchange: (event) => { draft.order = event.target.value; keep(); } }, el("option", { value: "" }, "–"), orders.map((one) => el("option", { value: one.number, selected: one.number === draft.order }, `${one.number} · ${one.product} · ${one.state_name}`)));
    const date = el("input.in.tnum", { type: "date", id: "follow-up", min: isoDay(), value: draft.follow_up, oninput: (event) => { draft.follow_up = event.target.value; keep(); } });
    const time = el("input.in.tnum", { type: "time", id: "follow-up-at", value: draft.follow_up_at || "", title: gettext("Called at this time; in the morning without one"), "aria-label": gettext("Call back at"), oninput: (event) => { draft.follow_up_at = event.target.value; keep(); } });
    const days = FOLLOW_UPS.map(([number, name]) => el("button.b.small.plain", { type: "button", onclick: () => { date.value = draft.follow_up = isoDay(number); keep(); } }, name));
    const form = el("form.card.wrap", { autocomplete: "off" },
      el("h2", null, icon("pencil"), gettext("Record"), el("span.grow"), el("span.saved.tag.good", { hidden: true }, icon("check"), gettext("saved"))),
      el("div.wrap-fields", null,
        el("label.field.has-picks", null, el("span", null, gettext("Category")), category, picks),
        this.results.length ? el("div.field", null, el("span", null, gettext("Result")), results) : null,
        el("label.field.summary", null, el("span", null, gettext("Summary")), summary),
        orders.length ? el("label.field", null, el("span", null, gettext("Order")), order) : null,
        el("div.field", null, el("span", null, gettext("Follow up on")), el("div.dates", null, date, time), el("div.days", null, days)),
        this.customer ? el("button.b.small.plain.complain", { type: "button", onclick: () => this._complain(call) }, icon("alert-triangle"), gettext("Open a complaint")) : null),
      el("div.wrap-foot", null,
        el("button.b", { type: "button", id: "save", onclick: () => this.save(false) }, gettext("Save")),
        el("button.b.main", { type: "submit", id: "save-ready" }, el("span", null, gettext("Save and ready")), el("kbd", null, "Ctrl ⏎"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save(true);
    });
    return form;
  }

  _enable() {
    const button = $("#save-ready", this.root);
    if (!button) return;
    button.disabled = !this.call || !DONE.has(this.call.phase);
    setText(button.firstChild, this.model.seat.state === "READY" ? gettext("Save and close") : gettext("Save and ready"));
    $(".saved", this.root).hidden = !this.call?.saved;
  }

  /** Keeps the record; `ready`: and ends the wrap-up. */
  async save(ready) {
    const call = this.call;
    if (!call?.draft || this._saving) return;
    const { category, result, summary, order, follow_up, follow_up_at } = call.draft;
    const then = follow_up && follow_up_at ? { call_at: `${follow_up}T${follow_up_at}` } : { follow_up: follow_up || null };
    this._saving = true;
    try {
      const empty = !category && !result && !summary.trim() && !order && !follow_up;
      if (!empty || !ready) {
        call.pop.record = await post("/api/desk/records/", { call: call.id, customer: this.customer?.id ?? null, order, category, result, summary: summary.trim(), ...then });
        call.saved = true;
      }
      this._drop(call);
      if (ready && DONE.has(call.phase)) {
        const free = ["WRAP_UP", "NOT_READY"].includes(this.model.seat.state);
        if (free && this.model.may("Ready")) await act("ready");
        this.desk.done(call);
      } else if (call.saved) say(gettext("Record saved."), "good");
    } catch (error) {
      say(error instanceof Refusal ? error.message : String(error), "bad");
    }
    this._saving = false;
    this._enable();
    this.model.dispatchEvent(new CustomEvent("calls"));
  }

  _complain(call) {
    const text = el("textarea.in", { rows: 5, maxlength: "2000", required: true });
    const dialog = el("dialog.box", { "aria-label": gettext("Open a complaint") });
    const form = el("form.box-form", { method: "dialog" }, el("h2", null, gettext("Open a complaint")), el("p.muted", null, this.customer.name), text, el("div.form-foot", null, el("button.b", { type: "button", onclick: () => dialog.close() }, gettext("Cancel")), el("button.b.main", { type: "submit" }, gettext("Save"))));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const made = await post("/api/desk/complaints/", { customer: this.customer.id, call: call.id, text: text.value.trim(), category: call.draft.category, order: call.draft.order });
        this.customer.complaints.unshift(made);
        dialog.close();
        say(gettext("Complaint opened."), "good");
        this.desk.customerChanged();
      } catch (error) {
        say(error.message, "bad");
      }
    });
    dialog.append(form);
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }
}
