// The pop: who calls, for what, and all we know of them; painted while it rings. Tabs for several calls and looked-up customers.

import { get, patch, post } from "./api.js";
import { $, el, icon, say } from "./dom.js";
import { clock, shortTime, yuan } from "./format.js";
import { DONE } from "./model.js";
import { PageTabs } from "./pagetabs.js";
import { CONSENTS, FAILURES, LANGUAGES, LEVELS, PHASES, TITLES } from "./words.js";

const MOST_CUSTOMERS = 4; // looked-up ones in tabs
const AGAIN = [60, 150, 400, 1000, 2500]; // ms until a pop that is not there yet is asked for again: the record may be a moment behind

export class Pop {
  /** `desk`: {model, dial(number), changed(tab)} */
  constructor(root, tabs, desk) {
    this.root = root;
    this.tabsRoot = tabs;
    this.desk = desk;
    this.model = desk.model;
    this.customers = new Map(); // "k7" -> {key, id, data}
    this.pages = new PageTabs($("#frames"), this);
    this.current = "";
    this._player = null;
    this.model.addEventListener("opened", ({ detail: id }) => this.open(id));
    this.model.addEventListener("remembered", ({ detail: id }) => (this.tab ? this.load(this.model.calls.get(id)) : this.open(id)));
    this.model.addEventListener("calls", () => this._tabs());
    this.model.addEventListener("call", ({ detail: id }) => this._changed(id));
  }

  /** The tab in front: a call of the model, a looked-up customer, a page, or null. */
  get tab() {
    return this.model.calls.get(this.current) || this.customers.get(this.current) || this.pages.all.get(this.current) || null;
  }

  /** The customer in front, or null. */
  get customer() {
    const tab = this.tab;
    if (!tab) return null;
    if (tab.data) return tab.data;
    return tab.pop?.customers.find((one) => one.id === tab.customer) || null;
  }

  /** What is in front, for pages that are opened beside it; behind a page, the call. */
  get about() {
    const tab = this.tab?.page || !this.tab ? this.model.live : this.tab;
    return { call: tab?.key ? "" : tab?.id, customer: tab?.key ? tab.id : tab?.customer, queue: tab?.pop?.call.queue?.code };
  }

  async open(id) {
    const call = this.model.calls.get(id);
    if (!call) return;
    this._front(id);
    await this.load(call);
  }

  /** Reads a call's pop; again a little later while the record does not have it yet. */
  async load(call) {
    for (let tries = 0; ; tries += 1) {
      try {
        const pop = await get(this._address(call));
        call.pop = pop;
        if (pop.call.direction === "internal") {
          if (!call.mine) call.number = pop.call.number.text; // who rings us; whom we ring is known
          call.name = this.desk.target(call.number);
        } else {
          call.number = pop.call.number.text || call.number;
          call.name = pop.call.name || call.name;
        }
        call.queue = pop.call.queue?.code || call.queue;
        call.direction = pop.call.direction;
        if (!pop.customers.some((one) => one.id === call.customer)) call.customer = (pop.record?.customer?.id ?? pop.customers[0]?.id) || null;
        this.desk.loaded(call);
        this.model.dispatchEvent(new CustomEvent("call", { detail: call.id }));
        if (this.current === call.id) this.draw();
        return;
      } catch (error) {
        if (error.status !== 404 || tries >= AGAIN.length) {
          if (error.status !== 404) say(error.message, "bad");
          return;
        }
      }
      await new Promise((done) => setTimeout(done, AGAIN[tries]));
      if (!this.model.calls.has(call.id)) return;
    }
  }

  /** Where a call's pop is; with the customer the agent chose, whom its script speaks to. */
  _address(call) {
    return `/api/desk/pop/${call.id}/${call.chosen ? `?customer=${call.chosen}` : ""}`;
  }

  async openCustomer(id) {
    const key = `k${id}`;
    try {
      const data = await get(`/api/desk/customers/${id}/`);
      this.customers.set(key, { key, id, data });
    } catch (error) {
      say(error.message, "bad");
      return;
    }
    while (this.customers.size > MOST_CUSTOMERS) this.customers.delete(this.customers.keys().next().value);
    this._front(key);
  }

  /** A customer's data have changed on a page: read again where they are shown. */
  async again(customer) {
    for (const call of this.model.calls.values()) if (String(call.customer) === String(customer)) await this.load(call);
    const tab = this.customers.get(`k${customer}`);
    if (tab) tab.data = await get(`/api/desk/customers/${customer}/`).catch(() => tab.data);
    if (tab && this.current === tab.key) this.draw();
  }

  /** Something was written on a page, and may be of any customer: each is read again when it is in front. */
  outdated() {
    for (const tab of [...this.model.calls.values(), ...this.customers.values()]) tab.stale = true;
  }

  /** An order was entered, or a draft given up: what is shown of its customer is read again. */
  async ordered(id) {
    const fresh = await get(`/api/desk/customers/${id}/`).catch(() => null);
    const shown = [...[...this.model.calls.values()].flatMap((call) => call.pop?.customers ?? []), ...[...this.customers.values()].map((tab) => tab.data)];
    for (const one of shown) if (one.id === id && fresh) Object.assign(one, fresh, { identified: one.identified }); // points and version, too
    if (this.customer?.id === id) this.draw();
  }

  close(key) {
    if (this.pages.all.has(key) && !this.pages.remove(key)) return;
    if (key[0] === "p" || this.customers.delete(key)) {
      if (this.current === key) this._front(this.model.live?.id || [...this.model.calls.keys()].at(-1) || [...this.pages.all.keys()].at(-1) || "");
    } else {
      const call = this.model.calls.get(key);
      if (!call || !DONE.has(call.phase) || !this.desk.mayForget(call)) return;
      this.model.calls.delete(key);
      if (this.current === key) this._front(this.model.live?.id || [...this.model.calls.keys()].at(-1) || [...this.customers.keys()].at(-1) || "");
    }
    this._tabs();
  }

  /** The tab in place 1, 2 ... */
  show(place) {
    const key = [...this.model.calls.keys(), ...this.customers.keys(), ...this.pages.all.keys()][place - 1];
    if (key) this._front(key);
  }

  bring(key) {
    this._front(key);
  }

  retitle() {
    this._tabs();
  }

  _front(key) {
    this.current = key;
    this._tabs();
    this.draw();
    this.desk.changed(this.tab);
    const { tab } = this;
    if (!tab?.stale) return;
    tab.stale = false;
    const customer = tab.key ? tab.id : tab.customer;
    if (customer) void this.again(customer);
  }

  _changed(id) {
    this._tabs();
    if (id !== this.current) return;
    const strip = $(".pop-state", this.root);
    const call = this.model.calls.get(id);
    if (strip && call) strip.replaceWith(this._state(call));
  }

  // -- drawing ------------------------------------------------------------------------------------------------

  _tabs() {
    const all = [...this.model.calls.values(), ...this.customers.values(), ...this.pages.all.values()];
    this.tabsRoot.hidden = !all.length;
    this.tabsRoot.replaceChildren(
      ...all.map((one) => {
        const key = one.key || one.id;
        const done = one.key || DONE.has(one.phase);
        const customer = one.key ? one.data : one.pop?.customers.find((found) => found.id === one.customer);
        const label = one.title || customer?.name || one.name || one.number || one.id;
        return el(`div.tab${key === this.current ? ".at" : ""}`, { role: "tab", "aria-selected": String(key === this.current), tabindex: "0", dataset: { phase: one.phase || "customer" },
          onclick: () => this._front(key),
          onkeydown: (event) => event.key === "Enter" && this._front(key) },
          icon(one.page ? one.icon : one.key ? "user" : { ringing: "phone-incoming", dialing: "phone-outgoing", talking: "phone", held: "music", missed: "phone-x", gone: "arrow-forward-up" }[one.phase] || "phone-check"),
          el("span", null, label),
          !one.key && one.phase === "ended" && !one.saved && one.direction !== "internal" ? el("span.unsaved", { title: gettext("No record yet") }) : null,
          done ? el("button.tab-x", { type: "button", "aria-label": gettext("Close"), onclick: (event) => { event.stopPropagation(); this.close(key); } }, icon("x")) : null);
      }),
    );
  }

  draw() {
    const tab = this.tab;
    this._player = null;
    this.pages.show(this.current);
    if (tab?.page) return;
    if (!tab) {
      this.root.replaceChildren(this.desk.idle());
      return;
    }
    if (tab.key) {
      this.root.replaceChildren(this._head(tab.data, null), this._body(tab.data, tab.data.history, tab));
      return;
    }
    const pop = tab.pop;
    if (!pop) {
      this.root.replaceChildren(el("div.pop-head", null, this._state(tab), el("div.who-line", null, el("h1", null, tab.number || tab.id))), el("div.loading", null, el("span"), el("span"), el("span")));
      return;
    }
    if (pop.call.direction === "internal") {
      this.root.replaceChildren(el("div.pop-head", null, this._state(tab), el("div.who-line", null, el("h1", null, tab.name || tab.number), el("span.muted", null, gettext("Internal call")))));
      return;
    }
    const customer = this.customer;
    const parts = [this._head(customer, tab)];
    if (!customer && pop.new_customer && !tab.adding) parts.push(this._form(tab, pop.new_customer));
    if (tab.adding) parts.push(this._form(tab, pop.new_customer || { name: "", phones: [pop.call.number] }, pop.customers.length > 0));
    parts.push(this._body(customer, pop.history, tab));
    this.root.replaceChildren(...parts);
  }

  /** What the call is and how it came: state, queue, called number, way. */
  _state(call) {
    const of = call.pop?.call;
    const way = of?.path || [];
    const texts = way.map((step) => step.text).filter(Boolean);
    const failure = call.phase === "missed" && FAILURES[call.failure];
    return el("div.pop-state", { dataset: { phase: call.phase } },
      el("span.tag.phase", null, failure || PHASES[call.phase]),
      of?.queue ? el("span.tag.accent", null, icon("users"), of.queue.name) : null,
      of?.label ? el("span.tag", { title: gettext("What was called for") }, icon("device-tv"), of.label) : null,
      of?.dnis && call.direction === "in" ? el("span.tag.tnum", { title: gettext("Called number") }, icon("hash"), of.dnis) : null,
      of && of.waited >= 1 ? el(`span.tag.tnum${of.waited > 60 ? ".warn" : ""}`, { title: gettext("Waited") }, icon("hourglass"), clock(of.waited)) : null,
      of?.transferred_by ? el("span.tag.warn", null, icon("arrow-forward-up"), interpolate(gettext("from %s"), [`${of.transferred_by.number} ${of.transferred_by.name}`])) : null,
      of?.language && of.language !== "zh" ? el("span.tag.warn", null, icon("language"), LANGUAGES[of.language] || of.language) : null,
      texts.length ? el("span.way", { title: way.map((step) => `${shortTime(step.at)}  ${step.text}`).join("\n") }, texts.slice(-4).join(" › ")) : null);
  }

  number(number, hint = "") {
    if (!number?.text) return null;
    return el("button.num.tnum", { type: "button", disabled: !number.token, title: gettext("Call this number"), onclick: () => this.desk.dial({ token: number.token }, number.text) }, icon("phone"), number.text, hint ? el("span.muted", null, hint) : null);
  }

  _head(customer, call) {
    const pop = call?.pop;
    const head = el("div.pop-head");
    if (call) head.append(this._state(call));
    if (customer) {
      head.append(
        el("div.who-line", null,
          el("h1", null, customer.name),
          customer.title ? el("span.muted", null, TITLES[customer.title]) : null,
          customer.level !== "ordinary" ? el(`span.tag.${customer.level === "vip" ? "warn" : "accent"}`, null, icon(customer.level === "vip" ? "crown" : "star"), LEVELS[customer.level]) : null,
          customer.identified ? el("span.tag.good", { title: gettext("Proved by PIN, or chosen by the caller") }, icon("shield-check"), gettext("identified")) : null,
          el("span.grow"),
          el("button.b.small", { type: "button", onclick: () => this._edit(customer) }, icon("edit"), gettext("Edit"))),
        el("div.who-more", null,
          customer.phones.map((phone) => this.number(phone)),
          customer.city || customer.province ? el("span", null, icon("map-pin"), place(customer)) : null,
          customer.address ? el("span.address", { title: customer.address }, customer.address) : null,
          el("span.tnum", { title: gettext("Member number") }, icon("id"), customer.number),
          el("span.tnum", { title: gettext("Points") }, icon("coins"), String(customer.points)),
          customer.language ? el("span", null, icon("language"), LANGUAGES[customer.language]) : null,
          customer.consent ? el("span", { title: gettext("Agrees to be called") }, icon(customer.consent === "yes" ? "phone-check" : "phone-off"), CONSENTS[customer.consent]) : null));
    } else if (call) {
      head.append(
        el("div.who-line", null, el("h1.tnum", null, pop.call.number.text || call.number || gettext("Number withheld")), el("span.muted", null, [pop.call.name, place(pop.call)].filter(Boolean).join(" · "))),
        el("div.who-more", null, this.number(pop.call.number) || ""));
    }
    const tools = this.pages.buttons(this.desk.page.tools, this.about);
    if (tools.length) head.append(el("div.pop-tools", null, tools));
    if (pop && (pop.customers.length > 1 || (pop.customers.length && pop.customers.length < 2))) {
      if (pop.customers.length > 1 || call.adding) {
        head.append(el("div.matches", { role: "radiogroup", "aria-label": gettext("Who of these is it?") },
          el("span.muted", null, interpolate(gettext("%s customers have this number"), [pop.customers.length])),
          pop.customers.map((one) => el(`button.b.small${one.id === call.customer ? ".on" : ""}`, { type: "button", role: "radio", "aria-checked": String(one.id === call.customer), onclick: () => this._choose(call, one.id) }, one.name, el("span.muted.tnum", null, one.number.slice(-4)))),
          el("button.b.small.plain", { type: "button", onclick: () => { call.adding = !call.adding; this.draw(); } }, icon("plus"), gettext("Somebody else"))));
      }
    }
    return head;
  }

  async _choose(call, id) {
    call.customer = call.chosen = id;
    call.adding = false;
    this.draw();
    this._tabs();
    this.desk.changed(call);
    this.model.dispatchEvent(new CustomEvent("call", { detail: call.id }));
    const said = await get(this._address(call)).catch(() => null); // the old words then
    if (!said || call.chosen !== id) return;
    Object.assign(call.pop, { script: said.script, scripts: said.scripts });
    this.desk.loaded(call);
  }

  _body(customer, history, tab) {
    const side = [];
    if (customer) {
      if (customer.complaints.length) side.push(this._block(gettext("Open complaints"), "alert-triangle", customer.complaints.map((one) => this._complaint(one)), "bad"));
      if (customer.callbacks.length) side.push(this._block(gettext("Callbacks due"), "phone-calling", customer.callbacks.map((one) => el("div.row", null, el("b", null, one.source_name), el("span.grow.muted", null, one.reason || one.queue?.name || ""), el("time.muted", null, shortTime(one.asked_at)))), "warn"));
      side.push(this._block(gettext("Orders"), "package", customer.orders.map((one) => this._order(one)), "", gettext("No orders.")));
      side.push(this._notes(customer));
    }
    const records = tab?.pop?.handed_over || [];
    const calls = el("section.block.history", null,
      el("h2", null, icon("history"), gettext("Last calls"), el("span.count", null, String(history.length))),
      records.map((one) => this._record(one, true)),
      history.length ? history.map((one) => this._past(one)) : el("p.none", null, customer || tab?.pop ? gettext("No calls before this one.") : ""));
    return el("div.pop-body", null, calls, el("div.side", null, side));
  }

  _block(title, iconName, rows, kind = "", empty = "") {
    return el(`section.block${kind ? `.${kind}` : ""}`, null, el("h2", null, icon(iconName), title, rows.length ? el("span.count", null, String(rows.length)) : null), rows.length ? rows : el("p.none", null, empty));
  }

  _order(order) {
    const kind = { submitted: "accent", approved: "accent", picking: "accent", shipped: "warn", delivered: "good", refused: "bad", returned: "bad" }[order.state] || "";
    const address = order.state === "draft" ? `/orders/new/?order=${order.number}` : `/orders/${order.number}/`;
    return el(`a.order${order.open ? "" : ".closed"}`, { href: address, dataset: { tab: order.number, icon: "shopping-cart" } },
      el("div.order-top", null, el("span.grow", null, order.product, order.quantity > 1 ? ` × ${order.quantity}` : ""), el("span.tnum", null, yuan(order.amount))),
      el("div.order-sub", null, el("span.tnum.muted", null, order.number), el("time.muted.grow", null, shortTime(order.created_at)), el(`span.tag${kind ? `.${kind}` : ""}`, null, order.state_name)));
  }

  _complaint(one) {
    return el("div.row.tall", null, el("div.grow", null, el("b", null, one.category ? one.category.path.join(" / ") : gettext("Complaint")), el("p", null, one.text)), el("div.right-text", null, el("span.tag.bad", null, one.state_name), el("time.muted", null, shortTime(one.created_at))));
  }

  _notes(customer) {
    const list = el("div");
    const draw = () => list.replaceChildren(...customer.notes.map((note) => el("div.note", null, el("p", null, note.text), el("div.muted", null, note.author, " · ", el("time", null, shortTime(note.created_at))))));
    draw();
    const field = el("input.in", { id: "note", placeholder: gettext("Add a note, Enter"), maxlength: "1000", "aria-label": gettext("Add a note"), onkeydown: async (event) => {
      if (event.key !== "Enter" || event.isComposing || !field.value.trim()) return;
      field.disabled = true;
      try {
        customer.notes.unshift(await post(`/api/desk/customers/${customer.id}/notes/`, { text: field.value.trim() }));
        field.value = "";
        draw();
      } catch (error) {
        say(error.message, "bad");
      }
      field.disabled = false;
      field.focus();
    } });
    return el("section.block", null, el("h2", null, icon("note"), gettext("Notes"), customer.notes.length ? el("span.count", null, String(customer.notes.length)) : null), list, field);
  }

  _record(record, handed = false) {
    return el(`div.record${handed ? ".handed" : ""}`, null,
      handed ? el("b", null, interpolate(gettext("Handed over by %s"), [`${record.agent.number} ${record.agent.name}`])) : null,
      record.category ? el("span.tag", null, record.category.path.join(" / ")) : null,
      record.result_name ? el("span.tag.accent", null, record.result_name) : null,
      record.follow_up && !record.followed_up_at ? el("span.tag.warn", null, icon("calendar-due"), record.follow_up) : null,
      record.summary ? el("p", null, record.summary) : null);
  }

  _past(call) {
    const answered = call.talked > 0;
    const way = call.direction === "out" ? "phone-outgoing" : answered ? "phone-incoming" : call.voicemail ? "record-mail" : "phone-x";
    const row = el("article.past", null,
      el("div.past-top", null,
        el(`span.past-icon${answered ? "" : ".lost"}`, null, icon(way)),
        el("time.tnum", null, shortTime(call.at)),
        el("b", null, call.queue?.name || call.label || ""),
        el("span.muted.grow", null, call.agent ? call.agent.name || call.agent.number : ""),
        answered ? el("span.muted.tnum", null, clock(call.talked)) : el("span.tag.warn", null, call.outcome_name),
        call.recordings.map((one) => one.audio ? el("button.b.small.plain", { type: "button", title: gettext("Listen"), "aria-label": gettext("Listen"), onclick: () => this._play(row, one.audio) }, icon("player-play")) : one.state === "raw" || one.state === "recording" ? el("span.faint", { title: gettext("The recording is not ready yet") }, icon("loader")) : null)),
      call.records.map((one) => this._record(one)));
    return row;
  }

  _play(row, address) {
    const open = $("audio", row);
    this._player?.remove();
    this._player = null;
    if (open) return;
    this._player = el("audio", { controls: true, autoplay: true, src: address, preload: "none" });
    this._player.addEventListener("error", () => say(gettext("The recording cannot be played."), "bad"));
    row.append(this._player);
  }

  // -- customers ----------------------------------------------------------------------------------------------

  _fields(from) {
    const select = (name, choices, value) => el("select.in", { name }, Object.entries(choices).map(([code, text]) => el("option", { value: code, selected: code === value }, text)));
    const text = (name, value, most, more = {}) => el("input.in", { name, value: value || "", maxlength: String(most), ...more });
    return {
      name: text("name", from.name, 100, { required: true }),
      title: select("title", TITLES, from.title || ""),
      language: select("language", LANGUAGES, from.language || ""),
      province: text("province", from.province, 40),
      city: text("city", from.city, 40),
      district: text("district", from.district, 40),
      consent: select("consent", CONSENTS, from.consent || ""),
      address: text("address", from.address, 200),
    };
  }

  _formGrid(fields, phone) {
    const label = (name, node) => el("label.field", null, el("span", null, name), node);
    return el("div.form-grid", null,
      label(gettext("Name"), fields.name), label(gettext("Title"), fields.title), label(gettext("Language"), fields.language),
      label(gettext("Province"), fields.province), label(gettext("City"), fields.city), label(gettext("District"), fields.district),
      phone ? label(gettext("Number"), phone) : null, label(gettext("Agrees to be called"), fields.consent),
      el("label.field.wide", null, el("span", null, gettext("Address")), fields.address));
  }

  /** `shared`: the number is known, and somebody else than its owners is on the line. */
  _form(call, from, shared = false) {
    const fields = this._fields(from);
    const phones = (from.phones || []).filter((one) => one.token);
    const phone = el("input.in.tnum", { value: phones[0]?.text || "", disabled: true });
    const form = el("form.block.new", null, el("h2", null, icon("user-plus"), gettext("New customer")), this._formGrid(fields, phone), el("div.form-foot", null, el("button.b.main", { type: "submit" }, gettext("Save customer"))));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = { ...values(fields), phones: phones.slice(0, 1).map((one) => ({ token: one.token, shared })) };
      try {
        const made = await post("/api/desk/customers/", body);
        call.customer = made.id;
        call.adding = false;
        say(gettext("Customer saved."), "good");
        await this.load(call);
        this._choose(call, made.id);
      } catch (error) {
        say(error.message, "bad");
      }
    });
    return form;
  }

  _edit(customer) {
    const fields = this._fields(customer);
    const loaded = values(fields);
    const { version } = customer;
    const more = el("input.in.tnum", { type: "tel", maxlength: "24", placeholder: gettext("Add a number") });
    const dialog = el("dialog.box", { "aria-label": gettext("Edit the customer") });
    const form = el("form.box-form", { method: "dialog" }, el("h2", null, customer.name), this._formGrid(fields, more), el("div.form-foot", null, el("button.b", { type: "button", onclick: () => dialog.close() }, gettext("Cancel")), el("button.b.main", { type: "submit" }, gettext("Save"))));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      // only what was changed here: the rest may be a colleague's, newer than this form
      const body = Object.fromEntries(Object.entries(values(fields)).filter(([name, value]) => value !== loaded[name]));
      if (more.value.trim()) body.phones = [{ number: more.value.trim() }];
      try {
        const fresh = await patch(`/api/desk/customers/${customer.id}/`, body, { version });
        Object.assign(customer, fresh);
        dialog.close();
        this.draw();
        this._tabs();
      } catch (error) {
        say(error.message, "bad");
        if (error.status === 412) await this.again(customer.id); // the next form has what they wrote
      }
    });
    dialog.append(form);
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }
}

/** "浙江省 杭州市"; a city that is a province is said once. */
const place = ({ province, city }) => [...new Set([province, city])].filter(Boolean).join(" ");
const values = (fields) => Object.fromEntries(Object.entries(fields).map(([name, node]) => [name, node.value.trim()]));
