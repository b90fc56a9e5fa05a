// The list of callbacks: read again when facts come, with ticks and the focus kept; what is done with one is asked of the core.

import { act, post } from "../desk/api.js";
import { say } from "../desk/dom.js";
import { follow } from "./live.js";

const found = document.getElementById("found");
const AGES = [[900, "young"], [3600, ""], [14400, "old"], [Infinity, "very-old"]]; // seconds, as reading.py has them
const ABOUT = /^Callback/;
const ALSO = new Set(["CallReached", "CallEnded", "CallConnected"]);

// -- live ----------------------------------------------------------------------------------------------------------------

let kept = null;

/** Reads the rows again, as they are asked for now. */
function again(facts = []) {
  const card = document.querySelector("[data-callback-card]");
  if (found) htmx.trigger(document.body, "rows-changed");
  if (card && (!facts.length || facts.some((fact) => !fact.callback || fact.callback === card.dataset.callbackCard)) && !card.contains(document.activeElement?.closest("input"))) htmx.trigger(card, "callback-changed");
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target !== found) return;
  const row = document.activeElement?.closest?.("#found tbody tr");
  const controls = row ? [row, ...row.querySelectorAll("button, a, input")] : [];
  kept = {
    ticked: [...found.querySelectorAll("[name=row]:checked")].map((one) => one.value),
    row: row?.dataset.key,
    place: controls.indexOf(document.activeElement),
    chosen: found.querySelector("tr[aria-selected=true]")?.dataset.key,
    top: found.querySelector(".panel-body")?.scrollTop || 0,
  };
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target !== found || !kept) return;
  const rows = new Map([...found.querySelectorAll("tbody tr")].map((one) => [one.dataset.key, one]));
  for (const key of kept.ticked) {
    const box = rows.get(key)?.querySelector("[name=row]");
    if (box) box.checked = true;
  }
  rows.get(kept.chosen)?.setAttribute("aria-selected", "true");
  found.querySelector(".panel-body").scrollTop = kept.top;
  const row = rows.get(kept.row);
  if (row) ([row, ...row.querySelectorAll("button, a, input")][kept.place] || row).focus({ preventScroll: true });
  kept = null;
  ages();
});

/** Ages grow by themselves, the colour with them. */
function ages() {
  for (const node of document.querySelectorAll("[data-asked]")) {
    const seconds = (Date.now() - Date.parse(node.dataset.asked)) / 1000;
    const minutes = Math.max(0, Math.floor(seconds / 60));
    const text = minutes < 60 ? interpolate(gettext("%s min"), [minutes]) : minutes < 2880 ? interpolate(gettext("%s h %s min"), [Math.floor(minutes / 60), minutes % 60]) : interpolate(gettext("%s days"), [Math.floor(minutes / 1440)]);
    if (node.textContent !== text) node.textContent = text;
    node.className = `age ${AGES.find(([below]) => seconds < below)[1]}`;
  }
}
setInterval(ages, 20000);

// -- doing -----------------------------------------------------------------------------------------------------------------

async function doing(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    say(error.message, "bad");
  }
  button.disabled = false;
  again();
}

/** What the button says, at one's own seat. */
function atSeat(button) {
  const { seat: path, callback, result } = button.dataset;
  const body = callback ? { callback } : {};
  if (result) body.result = result;
  if (result === "later") {
    const at = button.closest(".later").querySelector("[data-later]");
    if (!at.value) {
      at.focus();
      return Promise.resolve();
    }
    body.at = at.value; // as the centre reads its clocks
  }
  return act(path, body);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seat]");
  if (button) doing(button, () => atSeat(button));
  const close = event.target.closest("[data-close-callback]");
  if (close) doing(close, () => post(`/api/desk/callbacks/${encodeURIComponent(close.dataset.closeCallback)}/close/`, { result: close.dataset.result }));
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input:not([type=checkbox]), select, textarea") || document.querySelector("dialog[open]")) return;
  const row = event.target.closest?.("#found tbody tr");
  if (event.key === "n") document.querySelector("[data-seat=next-callback]:enabled")?.click();
  else if (event.key === "c" && row) row.querySelector(".b[data-seat=dial-callback]:enabled")?.click();
});

document.addEventListener("page:callback-changed", () => again());
ages();
follow((fact) => ABOUT.test(fact.type) || ALSO.has(fact.type), again);
