// The lead's own seat: signed in or not, and with which phone. To listen somewhere, one needs a phone oneself.

import { el, icon, setData, setHidden, setText } from "./dom.js";
import { get, post, tellAnswer } from "./link.js";
import { stateName } from "./words.js";

const PHONES = { browser: gettext("This browser"), desk: gettext("Desk phone"), number: gettext("A number over the trunk") };
const PHONE_ICONS = { browser: "device-laptop", desk: "phone", number: "device-mobile" };

export class OwnSeat {
  /** `changed()` when the state is another. */
  constructor(node, page, changed) {
    this.node = node;
    this.state = "";
    this.changed = changed;
    if (!page.seat) {
      setHidden(node, true);
      return;
    }
    this.label = el("span");
    this.button = el("button.b.small", { type: "button", "aria-expanded": "false", "aria-haspopup": "true", title: gettext("Your own seat and phone"), onclick: () => this._open(this.menu.hidden) },
      el("span.dot"), el("span", {}, page.seat), this.label);
    const choices = Object.entries(page.phones || {}).filter(([, has]) => has).map(([kind]) => kind);
    this.signIn = el("div", {}, el("p.muted", {}, gettext("Sign in with a phone to listen, whisper, barge in and take over:")),
      choices.map((kind) => el("button.b.small", { type: "button", onclick: () => this._signIn(kind) }, icon(PHONE_ICONS[kind]), PHONES[kind])));
    this.signOut = el("div", {}, el("button.b.small", { type: "button", onclick: () => this._do("sign-out") }, icon("logout"), gettext("Sign the phone out")));
    this.menu = el("div.own-menu", { hidden: true }, this.signIn, this.signOut);
    node.append(this.button, this.menu);
    document.addEventListener("pointerdown", (event) => node.contains(event.target) || this._open(false));
    node.addEventListener("keydown", (event) => event.key === "Escape" && this._open(false));
    this.refresh();
  }

  async refresh() {
    const { ok, body } = await get("/api/seat/");
    if (ok) this.read(body);
  }

  /** What the seat does now: of /api/seat/, or the model's seat. */
  read(seat) {
    if (!seat || !this.button) return;
    const before = this.state;
    this.state = seat.state;
    const out = seat.state === "LOGGED_OUT";
    setData(this.button, "state", seat.state);
    setText(this.label, out ? gettext("no phone") : stateName(seat.state));
    setHidden(this.signIn, !out);
    setHidden(this.signOut, out);
    if (before !== this.state) this.changed();
  }

  _open(open) {
    setHidden(this.menu, !open);
    this.button.setAttribute("aria-expanded", String(open));
  }

  async _signIn(kind) {
    this._open(false);
    const answer = await post("/api/seat/sign-in/", { phone: kind, ready: false });
    if (tellAnswer(answer)) await this.refresh();
  }

  async _do(action) {
    this._open(false);
    if (tellAnswer(await post(`/api/seat/${action}/`))) await this.refresh();
  }
}
