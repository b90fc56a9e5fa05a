// The state switch in the top bar, the day's figures, and signing in with a phone.

import { Refusal, act, get, post } from "./api.js";
import { $, el, icon, say, setText } from "./dom.js";
import { clock } from "./format.js";
import { drawDevices } from "./devices.js";
import { microphoneTrouble } from "./phone.js";
import { REASONS, STATES } from "./words.js";

export class States {
  constructor(desk, page) {
    this.desk = desk;
    this.model = desk.model;
    this.page = page;
    this.figures = null;
    this.menu = $("#busy-menu");
    this.menu.replaceChildren(...page.reasons.map((reason, place) => el("button.menu-item", { type: "button", role: "menuitem", onclick: () => this.busy(reason.code) }, el("span.grow", null, reason.name), place < 9 ? el("kbd", null, String(place + 1)) : null)));
    $("#go-ready").addEventListener("click", () => this.ready());
    $("#go-busy").addEventListener("click", () => this.openMenu(this.menu.hidden));
    addEventListener("click", (event) => !event.target.closest(".drop") && this.openMenu(false));
    this.menu.addEventListener("keydown", (event) => {
      const items = [...this.menu.children];
      const at = items.indexOf(document.activeElement);
      if (event.key === "ArrowDown") items[(at + 1) % items.length].focus();
      else if (event.key === "ArrowUp") items[(at + items.length - 1) % items.length].focus();
      else if (/^[1-9]$/.test(event.key)) items[event.key - 1]?.click();
      else if (event.key === "Escape") {
        this.openMenu(false);
        $("#go-busy").focus();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    $("#sign-out").addEventListener("click", () => this.signOut());
    this.model.addEventListener("seat", () => this.show());
    setInterval(() => this._tick(), 500);
  }

  reason(code) {
    return this.page.reasons.find((one) => one.code === code)?.name || REASONS[code] || code;
  }

  openMenu(open) {
    if (open && $("#go-busy").disabled) return;
    this.menu.hidden = !open;
    $("#go-busy").setAttribute("aria-expanded", String(open));
    if (open) this.menu.firstElementChild?.focus();
  }

  async _act(path, body) {
    try {
      await act(path, body);
    } catch (error) {
      say(error instanceof Refusal ? error.message : String(error), "bad");
    }
  }

  ready() {
    return this.model.may("Ready") ? this._act("ready") : undefined;
  }

  busy(code) {
    this.openMenu(false);
    return this._act("not-ready", { reason: code });
  }

  /** F9: ready when busy, the menu of reasons when ready. */
  toggle() {
    if (this.model.seat.state === "READY") this.openMenu(this.menu.hidden);
    else this.ready();
  }

  async signOut() {
    const { state } = this.model.seat;
    if (["TALKING", "RESERVED"].includes(state)) {
      await this._act("sign-out");
      say(gettext("You are signed out when this call is over."));
      return;
    }
    if (state && state !== "LOGGED_OUT") await this._act("sign-out");
    $("#leave").submit();
  }

  show() {
    const { seat } = this.model;
    $("#states").dataset.state = seat.state;
    setText($("#state-name"), STATES[seat.state] || seat.state);
    setText($("#state-why"), seat.state === "NOT_READY" && seat.reason ? this.reason(seat.reason) : "");
    $("#go-ready").hidden = $("#go-busy").hidden = seat.state === "LOGGED_OUT";
    $("#go-ready").disabled = !this.model.may("Ready") || seat.state === "READY";
    $("#go-ready").classList.toggle("good", ["NOT_READY", "WRAP_UP"].includes(seat.state));
    $("#go-busy").disabled = !this.model.may("NotReady");
    this._tick();
  }

  _tick() {
    const { seat } = this.model;
    setText($("#state-clock"), seat.since && seat.state !== "LOGGED_OUT" ? clock(this.model.now() - seat.since) : "");
  }

  // -- my day ---------------------------------------------------------------------------------------------------

  async readFigures() {
    const figures = await get("/api/figures/").catch(() => null);
    if (!figures) return;
    this.figures = figures;
    const shown = { answered: figures.answered ?? 0, talk: clock(figures.talk), average: figures.answered ? clock(figures.average ?? figures.talk / figures.answered) : "–", missed: figures.missed ?? 0 };
    for (const node of document.querySelectorAll("[data-figure]")) setText(node, String(shown[node.dataset.figure]));
    this.desk.redraw();
  }
}

/** The card that asks for a phone. `desk`: {signIn(body, ready)} */
export function signInCard(page, desk) {
  const kept = localStorage.getItem("desk.phone");
  const kinds = [
    page.phones.browser ? ["browser", "headset", gettext("This browser"), gettext("with a headset")] : null,
    page.phones.desk ? ["desk", "device-landline-phone", gettext("Desk phone"), page.seat.number] : null,
    ["number", "device-mobile", gettext("A telephone"), page.phones.number || gettext("any number")],
  ].filter(Boolean);
  let kind = kinds.some(([code]) => code === kept) ? kept : kinds[0][0];
  const number = el("input.in.tnum", { type: "tel", maxlength: "24", placeholder: page.phones.number || gettext("Number"), "aria-label": gettext("Number") });
  const detail = el("div.sign-detail");
  const error = el("div.door-error", { role: "alert", hidden: true });
  let stopDevices = null;
  const buttons = kinds.map(([code, iconName, name, hint]) =>
    el("button.choice", { type: "button", role: "radio", dataset: { kind: code }, onclick: () => choose(code) }, icon(iconName), el("b", null, name), el("span.muted.tnum", null, hint)));
  const choose = (code) => {
    kind = code;
    stopDevices?.();
    stopDevices = null;
    for (const button of buttons) {
      button.classList.toggle("on", button.dataset.kind === code);
      button.setAttribute("aria-checked", String(button.dataset.kind === code));
    }
    detail.replaceChildren(code === "number" ? el("label.field", null, el("span", null, gettext("Your calls ring at this number")), number) : code === "desk" ? el("p.muted", null, gettext("Your calls ring at the telephone on your desk.")) : el("div.devices"));
    if (code === "browser") stopDevices = drawDevices(detail.firstElementChild);
  };
  const go = async (ready) => {
    for (const button of form.querySelectorAll(".form-foot .b")) button.disabled = true;
    error.hidden = true;
    localStorage.setItem("desk.phone", kind);
    const body = { phone: kind };
    if (kind === "number" && number.value.trim()) body.number = number.value.trim();
    try {
      await desk.signIn(body, ready);
      stopDevices?.();
    } catch (failure) {
      error.textContent = failure instanceof Refusal ? failure.message : microphoneTrouble(failure);
      error.hidden = false;
      for (const button of form.querySelectorAll(".form-foot .b")) button.disabled = false;
    }
  };
  const form = el("form.sign-in.card", { onsubmit: (event) => { event.preventDefault(); go(true); } },
    el("h1", null, interpolate(gettext("Good day, %s"), [page.seat.name])),
    el("p.muted", null, gettext("Where shall your calls ring?")),
    el("div.choices", { role: "radiogroup" }, buttons), detail, error,
    el("div.form-foot", null, el("button.b", { type: "button", onclick: () => go(false) }, gettext("Sign in, not ready yet")), el("button.b.main", { type: "submit", id: "sign-in" }, icon("player-play"), gettext("Sign in and be ready"))));
  choose(kind);
  form.stop = () => stopDevices?.();
  return form;
}

export const askForPhone = () => get("/api/seat/phone/").catch((error) => (error.status === 404 ? null : Promise.reject(error)));
export const signInWith = (body) => post("/api/seat/sign-in/", body);
