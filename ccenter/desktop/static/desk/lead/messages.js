// Internal messages to the lead: a count in the bar, a list below it, an answer to who wrote.

import { el, icon, say, setHidden, setText, shortTime } from "./dom.js";
import { get, post, tellAnswer } from "./link.js";

export class Messages {
  /** `feed` tells of new ones by its event "push". */
  constructor(node) {
    this.node = node;
    this.rows = [];
    this.unread = 0;
    this.badge = el("b.badge-count.tnum", { hidden: true });
    this.button = el("button.b.plain", { type: "button", "aria-expanded": "false", title: gettext("Messages"), "aria-label": gettext("Messages"), onclick: () => this._open(this.menu.hidden) }, icon("message"), this.badge);
    this.list = el("ol.message-list");
    this.to = el("select.in", { "aria-label": gettext("To whom") });
    this.text = el("textarea.in", { rows: 2, maxLength: 1000, required: true, placeholder: gettext("Message"), "aria-label": gettext("Message") });
    const form = el("form", { onsubmit: (event) => this._send(event) }, this.to, this.text, el("button.b.small.main", { type: "submit" }, icon("send"), gettext("Send")));
    this.menu = el("div.own-menu.messages", { hidden: true }, this.list, form);
    node.append(this.button, this.menu);
    document.addEventListener("pointerdown", (event) => node.contains(event.target) || this._open(false));
    node.addEventListener("keydown", (event) => event.key === "Escape" && this._open(false));
    this._read();
  }

  /** A push of the feed. */
  take(push) {
    if (push.type === "messages_changed") this._read();
    const sent = push.type === "message_read" && this.rows.find((row) => row.id === push.id);
    if (sent) {
      Object.assign(sent, { reads: push.reads, of: push.of });
      if (!this.menu.hidden) this._show();
    }
    if (push.type !== "message") return;
    this.rows = [push.message, ...this.rows].slice(0, 50);
    this._count(push.unread);
    if (this.menu.hidden) say(`${push.message.from.name}: ${push.message.text}`);
    else this._seen();
  }

  async _read() {
    const { ok, body } = await get("/api/desk/messages/");
    if (!ok) return;
    this.rows = body.messages;
    this._count(body.unread);
    if (!this.menu.hidden) this._seen();
  }

  /** Shows the list: those not read stand out for this once. */
  async _seen() {
    this._show();
    if (!this.unread || !(await post("/api/desk/messages/read-all/")).ok) return;
    for (const row of this.rows) row.read_at ||= new Date().toISOString();
    this._count(0);
  }

  _count(unread) {
    this.unread = unread;
    setText(this.badge, String(unread));
    setHidden(this.badge, !unread);
  }

  async _open(open) {
    if (open === !this.menu.hidden) return;
    setHidden(this.menu, !open);
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this._seen();
    if (!this.to.options.length) await this._recipients();
  }

  _show() {
    const lines = this.rows.map((row) =>
      el("li", { class: row.mine || row.read_at ? null : "unread" },
        el("div", {}, el("b", {}, row.mine ? `→ ${row.to.name}` : row.from.name), el("time.muted", {}, shortTime(row.sent_at)), row.mine && row.of ? el("small.muted", {}, interpolate(gettext("read by %s of %s"), [row.reads, row.of])) : null,
          row.mine ? null : el("button.link-button", { type: "button", onclick: () => this._answer(row.from) }, gettext("Reply"))),
        el("p", {}, row.text)));
    this.list.replaceChildren(...(lines.length ? lines : [el("li.muted", {}, gettext("No messages."))]));
  }

  async _recipients() {
    const { ok, body } = await get("/api/desk/recipients/");
    if (!ok) return;
    const option = (value, label) => el("option", { value }, label);
    this.to.replaceChildren(
      el("optgroup", { label: gettext("Seats") }, body.seats.map((seat) => option(`seat:${seat.number}`, `${seat.number} ${seat.name}`))),
      el("optgroup", { label: gettext("Groups") }, body.groups.map((group) => option(`group:${group.code}`, group.name || group.code))),
      el("optgroup", { label: gettext("Leads") }, body.leads.map((lead) => option(`user:${lead.user}`, lead.name || lead.user))),
    );
  }

  _answer(from) {
    this.to.value = from.number ? `seat:${from.number}` : `user:${from.user}`;
    this.text.focus();
  }

  async _send(event) {
    event.preventDefault();
    const [to, ...rest] = this.to.value.split(":");
    const said = this.text.value.trim();
    if (!said || !rest.length) return;
    const answer = await post("/api/desk/messages/", { to, [to]: rest.join(":"), text: said });
    if (!tellAnswer(answer, gettext("Sent."))) return;
    this.text.value = "";
    if (!this.rows.some((row) => row.id === answer.body.id)) this.rows = [answer.body, ...this.rows].slice(0, 50);
    this._show();
  }
}
