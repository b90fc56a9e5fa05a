// Keys for everything frequent. Function keys work everywhere; single letters where nobody is writing.

import { el } from "./dom.js";

export const KEYS = [
  ["F2", gettext("Answer")],
  ["F4", gettext("Hang up, decline")],
  ["F8", gettext("Hold and resume")],
  ["F9", gettext("Ready and busy")],
  ["M", gettext("Mute")],
  ["K", gettext("Keypad; then 0–9 * # are sent")],
  ["T", gettext("Transfer")],
  ["C", gettext("Consult")],
  ["L", gettext("Hand the call over; leave a conference")],
  ["J", gettext("All three talk")],
  ["I", gettext("Invite one more")],
  ["B", gettext("Back to the customer")],
  ["P", gettext("Pause the recording")],
  ["D", gettext("Dial a number")],
  ["X", gettext("Call back the next one")],
  ["A S", gettext("A callback that is shown to you: call it, skip it")],
  ["Q", gettext("Questions of the outbound call")],
  ["/", gettext("Search")],
  ["W", gettext("Write the summary")],
  ["N", gettext("Notes of the customer")],
  ["G", gettext("Waiting, callbacks, voicemails, messages in turn")],
  ["Ctrl Enter", gettext("Save the record, be ready")],
  ["Alt 1–9", gettext("The tabs of calls and customers")],
  ["Esc", gettext("Close, leave a field")],
  ["?", gettext("This list")],
];

const writing = (node) => node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName);

/** `does`: key name -> function(event); names as in KeyboardEvent.key, "Ctrl+Enter", "Alt+1". True: it was done. */
export function listen(does) {
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const letter = event.key.length === 1;
    if (letter && !event.ctrlKey && !event.metaKey && !event.altKey && writing(target)) return;
    if ((event.ctrlKey || event.metaKey) && event.key !== "Enter") return; // the browser's own
    const inDialog = document.querySelector("dialog[open]");
    if (inDialog && letter) return;
    const name = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${letter ? (event.altKey ? event.code.replace("Digit", "") : event.key.toLowerCase()) : event.key}`;
    const act = does[name];
    if (act && act(event) !== false) event.preventDefault();
  });
}

/** `more`: keys of this person's pages, [key, what]. */
export function showKeys(more = []) {
  const dialog = el("dialog.box.keys-box", { "aria-label": gettext("Keys") },
    el("h2", null, gettext("Keys")),
    el("div.keys-list", null, [...KEYS, ...more].map(([key, what]) => el("div", null, el("span", null, key.split(" ").map((one) => el("kbd", null, one))), el("span", null, what)))),
  );
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", () => dialog.close());
  dialog.showModal();
}
