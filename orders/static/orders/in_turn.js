// One order after the other: the first of the list is opened by itself, the list shows which one is beside it.

import { $ } from "../desk/dom.js";

const record = $("#record");
const found = $("#found");
const open = (row) => row && htmx.ajax("GET", row.dataset.address, "#record");

function mark() {
  const key = $("[data-turn]", record)?.dataset.key;
  for (const row of found.querySelectorAll("tbody tr")) row.setAttribute("aria-selected", String(row.dataset.key === key));
}

document.addEventListener("htmx:afterSettle", ({ target }) => (target === record || target === found) && mark());
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.code !== "KeyN" || event.isComposing) return;
  const row = $("tr[aria-selected=true]", found);
  open(row?.nextElementSibling || $("tbody tr", found));
  event.preventDefault();
});
open($("tbody tr[data-address]", found));
