// The entry of an order. The whole form goes to the server whenever something changed; of the answer, the parts nobody types into are
// taken. One request at a time: what was changed meanwhile is sent next, and an answer that is older than the form only tells the
// draft's number and version.

import { get } from "../desk/api.js";
import { $, el, icon, say } from "../desk/dom.js";
import { Picker } from "../desk/picker.js";

const PAUSE = 350; // ms without a key until the draft is sent
const AGAIN = [500, 1000, 2000, 4000]; // ms until it is tried again
const console_ = window.parent === window ? null : window.parent; // when this is in one of its tabs
const PLACES = new Set(["oe-place", "oe-trouble", "oe-number", "oe-drop"]); // parts that hold nothing anybody chose

/** Enter takes what was typed, not what was found for a part of it; keys that come before it is found are for the quantity. */
class ProductPicker extends Picker {
  wanted = null; // the text that Enter was pressed for
  ahead = ""; // typed since

  async _fill() {
    const text = this.input.value.trim();
    this.list.hidden = !text;
    await super._fill();
    if (this.input.value.trim() !== text) return;
    this.known = text;
    if (this.wanted !== text) return;
    this.wanted = null;
    this._choose(this.at);
    this.ahead = "";
  }

  _key(event) {
    const text = this.input.value.trim();
    const letter = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.isComposing) return;
    if (this.wanted !== null && (letter || event.key === "Enter")) this.ahead += letter ? event.key : "\n";
    else if (event.key === "Enter" && text && this.known !== text) this.wanted = text;
    else {
      super._key(event);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

export class OrderEntry {
  constructor(form) {
    this.form = form;
    this.saving = null; // the request under way
    this.dirty = false;
    this.kept = true; // what was sent last
    this.halted = form.dataset.state === "stale"; // until somebody says whose words count
    this._timer = 0;
    this._listen();
    this._draw();
    queueMicrotask(() => $("[data-product]", form)?.focus({ preventScroll: true }));
  }

  // -- what is typed ------------------------------------------------------------------------------------------------

  _listen() {
    const { form } = this;
    form.addEventListener("input", ({ target }) => target.name && this.changed(target.type === "checkbox" || target.type === "radio" ? 0 : PAUSE));
    form.addEventListener("change", ({ target }) => {
      if (target.dataset.group && target.checked) {
        for (const other of form.querySelectorAll("[data-group]")) if (other !== target && other.dataset.group === target.dataset.group) other.checked = false;
      }
      const title = $("#oe-invoice_title", form);
      if (target.id === "oe-invoice_kind" && target.value === "personal" && !title.value) title.value = $("#oe-recipient", form).value;
      if (target.name) this.changed(0);
      this._draw();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
    form.addEventListener("click", ({ target }) => this._click(target.closest("button")));
    document.addEventListener("keydown", (this._keys = (event) => this._key(event)), true); // before the page's own
    addEventListener("pagehide", (this._leave = () => (this.dirty || this.saving) && this._last()));
    const box = $("[data-product]", form);
    const list = $(".picks", form);
    this.picker = new ProductPicker({
      input: box, list, delay: 60, empty: gettext("Nothing found."),
      find: async (text) => {
        if (!text) return [];
        const found = await get(`${form.dataset.offers}?text=${encodeURIComponent(text)}`).catch((error) => say(error.message, "bad"));
        return found?.map((one) => ({ key: one.code, one, off: one.available === 0 })) ?? [];
      },
      draw: ({ one }) => el("div.pick-line", null, el("span.muted.tnum", null, one.code), el("b.grow", null, one.name), one.available === null ? null : el(`span.tag${one.available ? "" : ".bad"}`, null, one.available ? interpolate(gettext("%s in stock"), [one.available]) : gettext("sold out")), el("span.tnum", null, amount(one.price, one.currency))),
      choose: ({ one }) => this.add(one, this.picker.ahead),
    });
    box.addEventListener("blur", () => {
      list.hidden = true;
      this.picker.wanted = null;
    });
    box.addEventListener("focus", () => box.value.trim() && this.picker.refresh());
  }

  /** One more of a product; the quantity is what comes next. `ahead`: what was typed of it already. */
  add(product, ahead = "") {
    const box = $("[data-product]", this.form);
    box.value = "";
    this.picker.refresh();
    const rows = $("#oe-lines", this.form);
    let row = [...rows.children].find((one) => one.dataset.code === product.code);
    if (row) $("[name=quantity]", row).value = Number($("[name=quantity]", row).value || 0) + 1;
    else {
      row = el("tr", { dataset: { code: product.code } },
        el("td", null, el("b", null, product.name), " ", el("span.muted.tnum", null, product.code), el("input", { type: "hidden", name: "code", value: product.code })),
        el("td.num", null, amount(product.price, product.currency)),
        el("td.num", null, el("input.in.tnum", { id: `oe-q-${product.code}`, name: "quantity", inputmode: "numeric", maxlength: "4", value: "1", "aria-label": gettext("Quantity") })),
        el("td.num"),
        el("td", null, el("button.b.small.plain", { type: "button", dataset: { remove: "" }, "aria-label": gettext("Remove") }, icon("x"))));
      rows.append(row);
    }
    this._draw(); // what is hidden takes no focus
    const quantity = $("[name=quantity]", row);
    quantity.focus();
    quantity.select();
    const [digits, ...next] = ahead.split("\n");
    if (/^\d{1,4}$/.test(digits)) quantity.value = digits;
    if (next.length) {
      box.focus();
      box.value = next.join("");
      this.picker.refresh();
    }
    this.changed(0);
  }

  _click(button) {
    if (!button) return;
    const { remove, keep, theirs, dropDraft, exchange } = { ...button.dataset };
    if (exchange !== undefined) this._swap(button);
    else if (remove !== undefined) this._remove(button.closest("tr"));
    else if (keep !== undefined) {
      $("[name=version]", this.form).value = keep;
      this.halted = false;
      this.changed(0);
    } else if (theirs !== undefined) this._open(`?order=${$("[name=order]", this.form).value}`);
    else if (button.dataset.new !== undefined) this._open(`?new=1&customer=${$("[name=customer]", this.form).value}&call=${encodeURIComponent($("[name=call]", this.form).value)}`);
    else if (dropDraft !== undefined) this._drop(button);
  }

  /** One more of what can be had for points; the quantity is what comes next. */
  _swap(offer) {
    const key = offer.dataset.exchange;
    const rows = $("#oe-lines", this.form);
    let row = [...rows.children].find((one) => one.dataset.swap === key);
    if (row) $("[name=pieces]", row).value = Number($("[name=pieces]", row).value || 0) + 1;
    else {
      row = el("tr", { dataset: { swap: key } },
        el("td", null, el("b", null, $("[data-name]", offer).textContent), el("input", { type: "hidden", name: "exchange", value: key })),
        el("td.num", null, $("[data-price]", offer).textContent),
        el("td.num", null, el("input.in.tnum", { id: `oe-x-${key}`, name: "pieces", inputmode: "numeric", maxlength: "4", value: "1", "aria-label": gettext("Quantity") })),
        el("td.num"),
        el("td", null, el("button.b.small.plain", { type: "button", dataset: { remove: "" }, "aria-label": gettext("Remove") }, icon("x"))));
      rows.append(row);
    }
    this._draw();
    const pieces = $("[name=pieces]", row);
    pieces.focus();
    pieces.select();
    this.changed(0);
  }

  _remove(row) {
    row.remove();
    $("[data-product]", this.form).focus();
    this.changed(0);
  }

  _key(event) {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const { form } = this;
    if (event.key === "Escape" && form.contains(event.target)) {
      event.target.blur();
      event.stopPropagation();
      return;
    }
    const row = event.target.closest("#oe-lines tr");
    const go = (node) => {
      node?.focus();
      node?.select?.();
    };
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void this.submit();
    else if (event.key === "Delete" && event.ctrlKey && row) this._remove(row);
    else if (/^Arrow(Up|Down)$/.test(event.key) && ["quantity", "pieces"].includes(event.target.name)) {
      event.target.value = Math.min(9999, Math.max(1, (Number(event.target.value) || 0) + (event.key === "ArrowUp" ? 1 : -1)));
      this.changed(PAUSE);
    } else if (event.key === "Enter" && event.target.matches("input:not([type=checkbox], [type=radio], [data-product])")) go($("[data-product]", form)); // a slip of Enter submits nothing
    else if (event.altKey && !event.ctrlKey) {
      const does = {
        KeyO: () => go($("[data-product]", form)),
        KeyA: () => go($("[name=where]", form) || $("#oe-recipient", form)),
        KeyI: () => go($("#oe-invoice_kind", form)),
        KeyD: () => go($("[name=method]:checked", form) || $("[name=method]", form)),
        KeyG: () => this._gifts(),
        KeyP: () => this._points(),
        KeyX: () => go($("[data-exchange]:not(:disabled)", form)),
      }[event.code];
      if (!does) return;
      does();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** All that is proposed, one of each group; again: none. */
  _gifts() {
    const boxes = [...this.form.querySelectorAll("[name=gift]:not(:disabled)")];
    const on = !boxes.some((box) => box.checked);
    const groups = new Set();
    for (const box of boxes) {
      box.checked = on && !groups.has(box.dataset.group);
      if (box.dataset.group) groups.add(box.dataset.group);
    }
    if (boxes.length) this.changed(0);
  }

  _points() {
    const field = $("[name=points_used]", this.form);
    field.value = Number(field.value) ? 0 : field.dataset.most;
    this.changed(0);
  }

  // -- keeping it ---------------------------------------------------------------------------------------------------

  /** Something is other than it was sent; it goes after so many ms of quiet. */
  changed(pause) {
    this.dirty = true;
    this._tell("");
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this.save(), pause);
  }

  /** Until all that is typed is kept. True: it is. */
  async save() {
    clearTimeout(this._timer);
    while (this.saving) await this.saving; // another may follow it at once
    if (this.halted || (!this.dirty && this.kept)) return !this.halted;
    this.saving = this._send();
    this.kept = await this.saving;
    this.saving = null;
    return this.dirty ? this.save() : this.kept;
  }

  async _send() {
    for (let tries = 0; ; tries += 1) {
      this.dirty = false;
      const body = new FormData(this.form);
      if (tries) body.set("again", "1");
      try {
        const answer = await this._post(this.form.action, body);
        this._take(answer, this.dirty || answer.dataset.state !== "kept");
        if (answer.dataset.state === "kept") this._tell($("[name=order]", this.form).value ? gettext("Kept") : "");
        else this._tell(gettext("Not kept"), true);
        return answer.dataset.state === "kept";
      } catch (error) {
        this.dirty = true;
        if (error.status) {
          say(error.message, "bad");
          this._tell(gettext("Not kept"), true);
          this.dirty = false; // it is sent with the next change
          return false;
        }
        this._tell(gettext("Not kept yet: no connection. It is tried again."), true);
        await new Promise((done) => setTimeout(done, AGAIN[Math.min(tries, AGAIN.length - 1)]));
        if (!this.form.isConnected) return false;
      }
    }
  }

  /** The page goes: what is typed goes first. */
  _last() {
    if (this.halted) return;
    const body = new FormData(this.form);
    body.set("again", "1"); // one of ours may be under way, or go under with the page
    fetch(this.form.action, { method: "POST", body, credentials: "same-origin", keepalive: true });
  }

  async _post(address, body) {
    return drawn(address, { method: "POST", body });
  }

  /** Draws what the server told; `old`: only what nobody chose, because more was changed since, or it could not be kept. */
  _take(answer, old) {
    this.halted = answer.dataset.state === "stale";
    this.form.dataset.state = answer.dataset.state;
    const at = document.activeElement;
    const range = at && this.form.contains(at) && typeof at.selectionStart === "number" ? [at.selectionStart, at.selectionEnd] : null;
    const moved = $("[data-moved]", answer);
    if (moved && !old) {
      $("#oe-address", this.form).replaceWith(moved);
      $("[name=where]", this.form).value = "";
    }
    for (const part of answer.querySelectorAll("[data-part]")) {
      const mine = document.getElementById(part.id);
      if (part.id === "oe-place" && this.halted) continue; // the version stays the one these words were written for
      if (mine && this.form.contains(mine) && (!old || PLACES.has(part.id) || part.id.startsWith("oe-why-"))) mine.replaceWith(part);
    }
    const again = at?.id && !at.isConnected && document.getElementById(at.id);
    if (again && this.form.contains(again)) {
      again.focus({ preventScroll: true });
      if (range && typeof again.selectionStart === "number") again.setSelectionRange(...range); // where the next digit goes
    }
    this._draw();
  }

  // -- its end ------------------------------------------------------------------------------------------------------

  async submit() {
    if (this._ending) return;
    this._ending = true;
    try {
      if (!(await this.save())) return;
      const answer = await this._post(this.form.dataset.submit, new FormData(this.form));
      if (answer.dataset.state === "done") this._done(answer);
      else this._take(answer, false);
    } catch (error) {
      say(error.status ? error.message : gettext("The server cannot be reached. It is tried again."), "bad");
    } finally {
      this._ending = false;
    }
  }

  async _drop(button) {
    if (!button.dataset.sure) {
      button.dataset.sure = "1";
      button.classList.add("bad");
      button.append(" ?");
      return;
    }
    await this.saving;
    try {
      this._done(await this._post(this.form.dataset.drop, new FormData(this.form)));
    } catch (error) {
      say(error.message, "bad");
    }
  }

  _done(answer) {
    clearTimeout(this._timer);
    this.dirty = false;
    this._end();
    const customer = Number($("[name=customer]", this.form).value);
    const call = $("[name=call]", this.form).value;
    this.form.replaceWith(answer);
    answer.focus({ preventScroll: true });
    answer.addEventListener("click", ({ target }) => target.closest("[data-close-page]") && close());
    answer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
    console_?.postMessage({ event: "order-entered", number: answer.dataset.number, customer, call }, location.origin);
  }

  _end() {
    removeEventListener("pagehide", this._leave);
    document.removeEventListener("keydown", this._keys, true);
  }

  async _open(query) {
    try {
      const fresh = await drawn(`${this.form.getAttribute("action")}${query}`);
      this._end();
      this.form.replaceWith(fresh);
      mount(fresh.parentElement);
    } catch (error) {
      say(error.message, "bad");
    }
  }

  // -- small things -------------------------------------------------------------------------------------------------

  _tell(text, bad = false) {
    const node = $("[data-saved]", this.form);
    node.textContent = text;
    node.classList.toggle("bad", bad);
  }

  /** What is only there where it is needed. */
  _draw() {
    const kind = $("#oe-invoice_kind", this.form).value;
    $("#oe-invoice_title", this.form).closest("label").hidden = !kind;
    $("#oe-invoice_email", this.form).closest("label").hidden = !kind;
    $("#oe-invoice_tax_number", this.form).closest("label").hidden = kind !== "company";
    const empty = !$("#oe-lines", this.form).children.length;
    $(".oe-empty", this.form).hidden = !empty;
    $(".oe-lines", this.form).hidden = empty;
  }
}

const close = () => (console_ ? console_.postMessage({ close: true }, location.origin) : location.assign("/orders/"));

const SIGNS = { CNY: "¥", EUR: "€", USD: "$" };
function amount(text, currency) {
  const number = Number(text).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return currency in SIGNS ? `${SIGNS[currency]}${number}` : `${number} ${currency}`;
}

/** The entry in an answer of the server. Throws Error with `status`; none: the server was not reached. */
async function drawn(address, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", signal: AbortSignal.timeout(12000), headers: { "HX-Request": "true" }, ...options });
  const found = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-order-entry]");
  if (found) return found;
  const texts = { 401: gettext("You are signed out. Load the page anew to sign in."), 404: gettext("This order is not there any more, or not yours.") };
  throw Object.assign(new Error(texts[answer.status] || gettext("This did not work.")), { status: answer.status });
}

const mounted = new WeakSet();

/** Brings the entries within a node to life. */
export function mount(within = document) {
  for (const form of within.querySelectorAll("form[data-order-entry]")) {
    if (mounted.has(form)) continue;
    mounted.add(form);
    new OrderEntry(form);
  }
}

mount();
document.addEventListener("htmx:load", ({ detail }) => mount(detail.elt.parentElement || document));
