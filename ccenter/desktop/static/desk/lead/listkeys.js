// Keys of the pages that are a search and a list.

import "../fragments.js";

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
