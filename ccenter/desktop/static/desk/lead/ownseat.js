// The lead's own seat: signed in or not, and with which phone. To listen somewhere, one needs a phone oneself. Where no console is
// open, this page is the phone.

import { el, icon, say, setData, setHidden, setText } from "./dom.js";
import { get, post, tellAnswer } from "./link.js";
import { stateName } from "./words.js";

const PHONES = { browser: gettext("This browser"), desk: gettext("Desk phone"), number: gettext("A number over the trunk") };
const PHONE_ICONS = { browser: "device-laptop", desk: "phone", number: "device-mobile" };
const PHONE_LOCK = "ccenter-desk"; // the console's, see single.js: one page of a browser has the phone
const PATIENCE = 1500; // ms: a page that is being loaded anew lets go in a moment
const lock = new BroadcastChannel(PHONE_LOCK);

export class OwnSeat {
  /** `changed()` when the state is another. `watching()`: whether the call at this seat is one that is only
   * heard; `resume()` hears it again, after a reload. */
  constructor(node, page, { changed, watching, resume }) {
    this.node = node;
    this.state = "";
    this.call = "";
    this.changed = changed;
    this.watching = watching;
    this.resume = resume;
    this.phone = null;
    if (!page.seat) {
      setHidden(node, true);
      return;
    }
    this.label = el("span");
    this.button = el("button.b.small", { type: "button", id: "own-button", "aria-expanded": "false", "aria-haspopup": "true", title: gettext("Your own seat and phone"), onclick: () => this._open(this.menu.hidden) },
      el("span.dot"), el("span", {}, page.seat), this.label);
    this.mute = el("button.b.small", { type: "button", hidden: true, "aria-pressed": "false", onclick: () => this.phone.mute() }, icon("microphone"), el("span", {}, gettext("Mute")));
    this.hangUp = el("button.b.small.bad", { type: "button", hidden: true, onclick: () => this._do("hang-up") }, icon("phone-off"), el("span", {}, gettext("Hang up")));
    const choices = Object.entries(page.phones || {}).filter(([, has]) => has).map(([kind]) => kind);
    this.signIn = el("div", {}, el("p.muted", {}, gettext("Sign in with a phone to listen, whisper, barge in and take over:")),
      choices.map((kind) => el("button.b.small", { type: "button", "data-phone": kind, onclick: () => this._signIn(kind) }, icon(PHONE_ICONS[kind]), PHONES[kind])));
    this.signOut = el("div", {}, el("button.b.small", { type: "button", onclick: () => this._do("sign-out") }, icon("logout"), gettext("Sign the phone out")));
    this.line = el("p.muted", { hidden: true });
    this.here = el("button.b.small", { type: "button", hidden: true, onclick: () => this._startPhone(true) }, icon("phone"), gettext("Use it here"));
    this.menu = el("div.own-menu", { hidden: true }, this.signIn, this.line, this.here, this.signOut);
    node.append(this.mute, this.hangUp, this.button, this.menu);
    document.addEventListener("pointerdown", (event) => node.contains(event.target) || this._open(false));
    node.addEventListener("keydown", (event) => event.key === "Escape" && this._open(false));
    this.refresh().then((phone) => phone === "browser" && this._startPhone());
  }

  async refresh() {
    const { ok, body } = await get("/api/seat/");
    if (ok) this.read(body);
    return ok ? body.phone : "";
  }

  /** What the seat does now: of /api/seat/, or the model's seat. */
  read(seat) {
    if (!seat || !this.button) return;
    const before = this.state;
    this.state = seat.state;
    this.call = (seat.call && typeof seat.call === "object" ? seat.call.id : seat.call) || "";
    const out = seat.state === "LOGGED_OUT";
    setData(this.button, "state", seat.state);
    setText(this.label, out ? gettext("no phone") : stateName(seat.state));
    setHidden(this.signIn, !out);
    setHidden(this.signOut, out);
    setHidden(this.hangUp, !(this.call && seat.state === "TALKING") || this.watching());
    if (out && this.phone?.on) this.phone.stop();
    if (before !== this.state) this.changed();
  }

  _open(open) {
    setHidden(this.menu, !open);
    this.button.setAttribute("aria-expanded", String(open));
  }

  async _signIn(kind) {
    this._open(false);
    const answer = await post("/api/seat/sign-in/", { phone: kind, ready: false });
    if (!tellAnswer(answer)) return;
    if (kind === "browser") await this._startPhone();
    await this.refresh();
  }

  async _do(action) {
    this._open(false);
    if (tellAnswer(await post(`/api/seat/${action}/`))) await this.refresh();
  }

  /** One after the other: the page's own start, and a sign-in's. */
  _startPhone(take = false) {
    this._starting = Promise.resolve(this._starting).catch(() => {}).then(() => this._start(take));
    return this._starting;
  }

  // The account is asked for again after a reload; 404: signed in with another phone, or not at all.
  async _start(take) {
    const { ok, body } = await get("/api/seat/phone/");
    if (!ok) return;
    if (!(await this._holdLock(take))) {
      this._elsewhere();
      return;
    }
    setHidden(this.here, true);
    const { Phone, microphoneTrouble } = await import("../phone.js");
    if (!this.phone) {
      this.phone = new Phone();
      this.phone.addEventListener("line", ({ detail }) => this._says({ online: gettext("This browser is your phone."), connecting: gettext("Your phone connects …"), lost: gettext("Your phone has lost the line."), off: "" }[detail.line] || ""));
      this.phone.addEventListener("line", ({ detail }) => detail.line === "online" && this._reconnect());
      this.phone.addEventListener("unheard", ({ detail }) => say(detail, "bad"));
      for (const name of ["talking", "over", "muted"]) this.phone.addEventListener(name, () => this._talking());
    }
    try {
      await this.phone.start(body);
    } catch (error) {
      say(microphoneTrouble(error), "bad");
    }
  }

  // A page that is new asks at once for the call it should be in.
  async _reconnect() {
    await new Promise((done) => setTimeout(done, 150));
    if (this.state !== "TALKING" || this.phone.session) return;
    if (!(await this.resume()) && this.call) await post("/api/seat/reconnect/");
  }

  _talking() {
    setHidden(this.mute, !this.phone.talking);
    this.mute.setAttribute("aria-pressed", String(this.phone.muted));
    this.mute.firstElementChild.className = `ti ti-microphone${this.phone.muted ? "-off" : ""}`;
  }

  _says(text) {
    setText(this.line, text);
    setHidden(this.line, !text);
  }

  _elsewhere() {
    this._says(gettext("Your phone is in the other window."));
    setHidden(this.here, false);
  }

  /** Whether no other page of this browser is the phone; then it is this one, until it is closed or another one takes it. `take`:
   * the other one is told to let go. */
  async _holdLock(take) {
    if (this.release) return true;
    lock.onmessage = ({ data }) => data === "take" && this.release && this._letGo();
    const free = new Promise((answer) => {
      const options = { signal: AbortSignal.timeout(PATIENCE) };
      const hold = () => {
        answer(true);
        return new Promise((release) => (this.release = release));
      };
      navigator.locks.request(PHONE_LOCK, options, hold).catch(() => answer(false));
    });
    if (take) lock.postMessage("take");
    return free;
  }

  // A phone that is stopped in order hangs up. With a call this page goes as in a reload instead, and the call is to go on there.
  _letGo() {
    if (this.phone?.session) {
      location.reload();
      return;
    }
    this.phone?.stop();
    this.release();
    this.release = null;
    this._elsewhere();
  }
}
