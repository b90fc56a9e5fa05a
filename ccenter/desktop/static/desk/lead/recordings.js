// The recordings page: search, list, player. The search stands in the address: it can be sent to a colleague.

import { isoDay } from "../format.js";
import { clock, dayTime, el, numberText, pageData, setHidden, setText } from "./dom.js";
import { get } from "./link.js";
import { Player } from "./player.js";
import { Names, directionName, outcomeName } from "./words.js";

const at = (id) => document.getElementById(id);
const page = pageData();
const names = new Names(page);
for (const seat of page.seats) names.seats.set(seat.number, seat.name);
const form = at("search");
const body = at("recordings");
const player = new Player(at("player"), names);
let rows = [];
let picked = -1;
let number = 1;

for (const seat of page.seats) form.agent.append(el("option", { value: seat.number }, `${seat.number} ${seat.name}`));
for (const queue of page.queues) form.queue.append(el("option", { value: queue.code }, queue.name));

const asked = new URLSearchParams(location.search);
for (const field of form.elements) if (field.name && asked.has(field.name)) field.value = asked.get(field.name);
number = Math.max(1, Number(asked.get("page")) || 1);

async function search() {
  const wanted = Object.fromEntries(new FormData(form));
  const address = new URLSearchParams(Object.entries({ ...wanted, page: number > 1 ? String(number) : "" }).filter(([, value]) => value));
  history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
  body.setAttribute("aria-busy", "true");
  const { ok, body: found, message } = await get("/api/recordings/", { ...wanted, page: number });
  body.removeAttribute("aria-busy");
  setHidden(at("trouble"), ok);
  if (!ok) {
    setText(at("trouble"), message);
    return;
  }
  rows = found.results;
  picked = -1;
  body.replaceChildren(...rows.map(line));
  setHidden(at("nothing"), rows.length > 0);
  at("before").disabled = number <= 1;
  at("after").disabled = found.next === null;
  setText(at("page-number"), String(number));
}

const agents = (row) => row.agents.map((one) => `${one.number} ${one.name}`).join(", ");

function line(row, place) {
  const who = [row.name, numberText(row.number)].filter(Boolean).join(" ");
  row.title = [who || gettext("unknown"), agents(row)].filter(Boolean).join(" ↔ ");
  row.about = [dayTime(row.started_at), directionName(row.direction), row.queue?.name, row.label, row.city, row.call].filter(Boolean).join(" · ");
  const state = { ready: "", raw: gettext("being made ready"), recording: gettext("still recording"), failed: gettext("failed"), deleted: gettext("deleted") }[row.state] ?? row.state;
  const node = el("tr", { tabIndex: 0, "aria-selected": "false", onclick: () => pick(place), onkeydown: (event) => event.key === "Enter" && pick(place) },
    el("td.tnum", {}, dayTime(row.started_at)), el("td", {}, directionName(row.direction)), el("td", {}, who || gettext("unknown")), el("td", {}, agents(row)), el("td", {}, row.queue ? row.queue.name || row.queue.code : "–"),
    el("td.tnum.right", {}, row.seconds ? clock(row.seconds) : "–"), el("td", {}, outcomeName(row.outcome || "")), el("td.tnum.right.muted", {}, row.listened ? String(row.listened) : ""), el("td.muted", {}, state));
  return node;
}

function pick(place) {
  if (place < 0 || place >= rows.length) return;
  body.children[picked]?.setAttribute("aria-selected", "false");
  picked = place;
  body.children[place].setAttribute("aria-selected", "true");
  body.children[place].scrollIntoView({ block: "nearest" });
  player.show(rows[place]);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  number = 1;
  search();
});
form.addEventListener("reset", () => setTimeout(() => {
  number = 1;
  search();
}));
for (const one of form.querySelectorAll("select, input[type=date]")) one.addEventListener("change", () => form.requestSubmit());
for (const one of document.querySelectorAll("[data-days]")) {
  one.addEventListener("click", () => {
    form.from.value = isoDay(-Number(one.dataset.days));
    form.to.value = isoDay(one.dataset.days === "1" ? -1 : 0);
    form.requestSubmit();
  });
}
at("before").addEventListener("click", () => {
  number -= 1;
  search();
});
at("after").addEventListener("click", () => {
  number += 1;
  search();
});

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
  if (event.key === " " && !event.target.closest("button, a")) player.toggle();
  else if (event.key === "ArrowDown") pick(picked + 1);
  else if (event.key === "ArrowUp") pick(picked - 1);
  else if (event.key === "ArrowLeft") player.parts.back.click();
  else if (event.key === "ArrowRight") player.parts.on.click();
  else if (event.key === "/") form.q.focus();
  else return;
  event.preventDefault();
});

search();
