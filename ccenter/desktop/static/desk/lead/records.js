// The seat records page: list and form come from the server (htmx); import by a CSV file.

import { el, say } from "./dom.js";
import { listKeys } from "./listkeys.js";
import { SeatImport } from "./import.js";

const at = (id) => document.getElementById(id);
const search = document.querySelector("form[role=search]");
const record = at("record");
const close = () => record.replaceChildren();

at("found").addEventListener("click", (event) => {
  for (const row of at("records").children) row.setAttribute("aria-selected", String(row === event.target.closest("tr")));
});
record.addEventListener("click", (event) => event.target.closest("[data-close]") && close());
document.body.addEventListener("seat-saved", () => say(gettext("Saved."), "good"));
listKeys(search.q, close);

// First passwords are told once: they stay on screen until they are put away.
at("passwords-close").addEventListener("click", () => {
  at("passwords").close();
  at("passwords-list").replaceChildren();
});
new SeatImport(at("import"), (passwords) => {
  search.requestSubmit();
  if (!Object.keys(passwords).length) return;
  at("passwords-list").replaceChildren(...Object.entries(passwords).map(([login, password]) => el("div", {}, `${login}  ${password}`)));
  at("passwords").showModal();
});
