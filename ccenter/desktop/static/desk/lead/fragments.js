// What every page with htmx has: failures in words, and keys that go through a list.

import { say } from "../dom.js";

const tell = (text) => say(text, "bad");
document.addEventListener("htmx:sendError", () => tell(gettext("The server cannot be reached. It is tried again.")));
document.addEventListener("htmx:timeout", () => tell(gettext("The server cannot be reached. It is tried again.")));
document.addEventListener("htmx:responseError", ({ detail }) => detail.xhr.status !== 401 && tell(gettext("This did not work.")));

/** Enter on a row is a click on it; "/" goes to the search, Escape out of a field, else to `escape`. `keys`: what else a key does. */
export function listKeys(search, escape, keys = {}) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const field = event.target.closest("input, select, textarea");
    if (event.key === "Escape") field ? field.blur() : escape();
    else if (field) return;
    else if (event.key === "Enter" && event.target.matches("tr")) event.target.click();
    else if (event.key === "/") search.focus();
    else if (!keys[event.key] || keys[event.key](event) === false) return;
    event.preventDefault();
  });
}
