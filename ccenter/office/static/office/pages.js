// What all pages of the office share: rows by mouse and keys, ticks, the box, saving by Ctrl+Enter, words of the server, the console around.

import { act } from "../desk/api.js";
import { say } from "../desk/dom.js";
import "../desk/fragments.js";
import "./menu.js";

const console_ = window.parent === window ? null : window.parent; // the console, when this page is shown in one of its tabs
const CONSOLE_KEYS = /^(F2|F4|F8|F9)$/;
const at = (id) => document.getElementById(id);
const box = at("box");
const found = at("found");
const writing = (node) => node.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");

// -- rows --------------------------------------------------------------------------------------------------------------

/** Whether what stands beside the list may go. */
const kept = () => !document.querySelector("#record form[data-changed]") || confirm(gettext("Close it? What was written is not saved."));

/** Opens the card of a row: beside the list, or as a page. */
function open(row) {
  if (!kept()) return;
  for (const one of found.querySelectorAll("tr[aria-selected=true]")) one.removeAttribute("aria-selected");
  row.setAttribute("aria-selected", "true");
  if ("side" in row.dataset) htmx.ajax("GET", row.dataset.address, "#record");
  else location.assign(row.dataset.address);
}

function step(row, way) {
  const rows = [...found.querySelectorAll("tbody tr")];
  const next = row ? rows[rows.indexOf(row) + way] : rows[0];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function ticks() {
  const some = found.querySelectorAll("[name=row]:checked").length;
  const bar = found.querySelector(".acts-ticked");
  if (!bar) return;
  bar.hidden = !some;
  bar.querySelector("[data-ticked]").textContent = some;
  const all = found.querySelector("[data-tick-all]");
  all.checked = some > 0 && some === found.querySelectorAll("[name=row]").length;
  all.indeterminate = some > 0 && !all.checked;
}

found?.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-address]");
  if (row && !event.target.closest("a, button, input, label, select, .tick")) open(row);
});
found?.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) for (const one of found.querySelectorAll("[name=row]")) one.checked = event.target.checked;
  ticks();
});
let focused = -1; // the row with the focus, when the list is drawn anew
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.id === "found") focused = [...found.querySelectorAll("tbody tr")].indexOf(document.activeElement);
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "found") return;
  ticks();
  if (focused >= 0) [...found.querySelectorAll("tbody tr")].slice(0, focused + 1).at(-1)?.focus();
  focused = -1;
});
// It is searched while it is typed. To leave the field would ask once more, and take away what has the focus by then.
at("q")?.addEventListener("change", (event) => event.stopPropagation());

// -- boxes and forms -----------------------------------------------------------------------------------------------------

function close() {
  box?.close();
  box?.replaceChildren();
}

/** The form of a side panel goes; a page of its own goes back, to the list as it was left. */
function leave() {
  const record = at("record");
  const back = document.querySelector("[data-back]");
  if (found) kept() && record?.replaceChildren();
  else if (back) location.assign(back.pathname + (back.search || sessionStorage.getItem(back.pathname) || ""));
}

if (found) addEventListener("pagehide", () => sessionStorage.setItem(location.pathname, location.search));

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target === box) box.children.length ? box.open || box.showModal() : close();
  if (target.id === "record" || target === box) target.querySelector("[autofocus], .errors + input, input:not([type=hidden]), select, textarea")?.focus();
});
const wrote = (detail) => detail.requestConfig.verb !== "get";
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && wrote(detail) && detail.elt.closest?.("#box")) close();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-close], [data-back]");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  button.closest("#box") ? close() : leave();
});
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-keep]");
  if (form) form.dataset.changed = "";
});
document.addEventListener("input", ({ target }) => {
  if (!target.dataset.filter) return;
  const words = target.value.trim().toLowerCase();
  for (const one of document.querySelectorAll(target.dataset.filter)) one.hidden = !one.textContent.toLowerCase().includes(words);
});
addEventListener("beforeunload", (event) => document.querySelector("form[data-changed]") && event.preventDefault());
document.body.addEventListener("close-record", () => found && at("record")?.replaceChildren());
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  if (detail.xhr.status >= 300 || !wrote(detail)) return;
  detail.elt.closest?.("form[data-changed]")?.removeAttribute("data-changed");
  console_?.postMessage({ event: "written" }, location.origin);
});

// -- words of the server, and the console --------------------------------------------------------------------------------

document.body.addEventListener("look-again", () => console_?.postMessage({ event: "look-again" }, location.origin)); // its strip of notices too
document.body.addEventListener("say", ({ detail }) => say(detail.text, detail.kind));

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-tab]");
  if (link && console_ && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    console_.postMessage({ open: link.getAttribute("href"), title: link.dataset.tab, icon: link.dataset.icon || "" }, location.origin);
    return;
  }
  const side = event.target.closest("a[data-side]");
  if (side && at("record")) {
    event.preventDefault();
    if (kept()) htmx.ajax("GET", side.getAttribute("href"), "#record");
    return;
  }
  const file = event.target.closest("[data-export]");
  if (file) htmx.ajax("POST", `${file.dataset.export}${location.search}`, { target: "#told", source: "#main" });
  const number = event.target.closest("[data-token]");
  if (!number) return;
  number.disabled = true;
  await act("dial", { token: number.dataset.token }).catch((error) => say(error.message, "bad"));
  number.disabled = false;
});

// -- keys ------------------------------------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const { key, target } = event;
  if (console_ && (CONSOLE_KEYS.test(key) || (event.altKey && /^Digit[1-9]$/.test(event.code)))) {
    console_.dispatchEvent(new console_.KeyboardEvent("keydown", { key, code: event.code, altKey: event.altKey }));
    event.preventDefault();
    return;
  }
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
    (target.closest("form") || document.querySelector("#box[open] form, #record form, form[data-keep]"))?.requestSubmit();
    event.preventDefault();
    return;
  }
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (key === "Escape") {
    if (box?.open) close();
    else if (writing(target) && !target.closest("#record")) target.blur();
    else if (at("record")?.children.length || !found) leave();
    else return;
    event.preventDefault();
    return;
  }
  if (target.id === "q" && key === "ArrowDown") step(null, 1);
  if (writing(target) || box?.open) return;
  const row = target.closest?.("#found tbody tr");
  const does = {
    "/": () => at("q")?.focus(),
    ArrowDown: () => found && step(row, 1),
    ArrowUp: () => row && step(row, -1),
    Enter: () => row?.dataset.address && target === row && open(row),
    " ": () => target === row && row.querySelector("[name=row]")?.click(),
    PageDown: () => found?.querySelector("[data-page=after]:enabled")?.click(),
    PageUp: () => found?.querySelector("[data-page=before]:enabled")?.click(),
  };
  if (!Object.hasOwn(does, key) || does[key]() === false) return;
  if (key !== "Enter" || target === row) event.preventDefault();
});

if (console_) document.querySelector("#main [autofocus]")?.focus({ preventScroll: true }); // in a tab the browser does not do it by itself

document.documentElement.dataset.ready = "1";
