// The recordings page: which one is chosen, and the player. Search and list come from the server (htmx).

import { isoDay } from "../format.js";
import { pageData } from "./dom.js";
import { listKeys } from "./listkeys.js";
import { Player } from "./player.js";
import { Names } from "./words.js";

const at = (id) => document.getElementById(id);
const page = pageData();
const names = new Names(page);
for (const seat of page.seats) names.seats.set(seat.number, seat.name);
const form = at("search");
const found = at("found");
const player = new Player(at("player"), names);

function pick(row) {
  if (!row) return;
  found.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  row.setAttribute("aria-selected", "true");
  row.scrollIntoView({ block: "nearest" });
  player.show(JSON.parse(row.dataset.recording));
}

const picked = () => found.querySelector("[aria-selected=true]");
found.addEventListener("click", (event) => pick(event.target.closest("[data-recording]")));
for (const one of document.querySelectorAll("[data-days]")) {
  one.addEventListener("click", () => {
    form.from.value = isoDay(-Number(one.dataset.days));
    form.to.value = isoDay(one.dataset.days === "1" ? -1 : 0);
    form.requestSubmit();
  });
}
listKeys(form.q, () => player.show(null), {
  " ": (event) => !event.target.closest("button, a") && player.toggle(),
  ArrowDown: () => pick(picked() ? picked().nextElementSibling : found.querySelector("[data-recording]")),
  ArrowUp: () => pick(picked()?.previousElementSibling),
  ArrowLeft: () => player.parts.back.click(),
  ArrowRight: () => player.parts.on.click(),
});
