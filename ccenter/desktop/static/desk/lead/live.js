// The team lead's live page.

import { el, kept, oneOf, pageData, setData, setHidden, setText, soundSwitch, timeOfDay } from "./dom.js";
import { post, tellAnswer } from "./link.js";
import { keepLiving } from "./living.js";
import { Messages } from "./messages.js";
import { Model } from "./model.js";
import { OwnSeat } from "./ownseat.js";
import { ListeningBar, SeatCard } from "./seatcard.js";
import { Seats, StateChips } from "./seats.js";
import { Calls, Queues, Trunks, writeAlarms } from "./tables.js";
import { Bell } from "./thresholds.js";
import { Names } from "./words.js";

const PATIENCE = 3000; // ms until one's own phone is free
const at = (id) => document.getElementById(id);
const page = pageData();
const names = new Names(page);
const model = new Model();
const bell = new Bell();
let living = null;
let known = null;
const first = new Promise((done) => (known = done)); // the first snapshot is there

// -- what a lead does ---------------------------------------------------------------------------------------------

const ownSeat = new OwnSeat(at("own-seat"), page, {
  changed: () => update({ seats: new Set(), calls: new Set(), all: false }),
  watching: () => model.watching(page.seat) !== null,
  resume: hearAgain,
});
const own = () => {
  const seat = model.seats.get(page.seat);
  return { number: page.seat || "", state: ownSeat.state || seat?.state || "" };
};

async function act(number, action, body) {
  const found = model.watching(page.seat);
  if (found && found[0] !== number && ["monitor", "take-over"].includes(action) && !(await letGo(found[0]))) return false;
  return tellAnswer(await post(`/api/seats/${encodeURIComponent(number)}/${action}/`, body));
}

/** Hears `number` no longer; answers when one's own phone is free. */
async function letGo(number) {
  if (!tellAnswer(await post(`/api/seats/${encodeURIComponent(number)}/stop-monitor/`))) return false;
  const till = performance.now() + PATIENCE;
  while (model.seats.get(page.seat)?.state === "TALKING" && performance.now() < till) await new Promise((done) => setTimeout(done, 50));
  return true;
}

/** After a reload the leg of whom one heard is dead: it is let go, and the same call is heard again. Answers whether there was one. */
async function hearAgain() {
  await first;
  const found = model.watching(page.seat);
  if (!found) return false;
  if (await letGo(found[0])) await act(found[0], "monitor", { mode: found[1].mode });
  return true;
}

async function takePart(path, call) {
  return tellAnswer(await post(path, { call }));
}

async function message(number, text) {
  return tellAnswer(await post("/api/desk/messages/", { to: "seat", seat: number, text }), gettext("Sent."));
}

function pick(number) {
  const wanted = number && number === seats.picked ? "" : number;
  seats.choose(wanted);
  card.show(wanted);
}

const seats = new Seats(at("seats"), model, names, pick);
const chips = new StateChips(at("state-chips"), model, seats);
const card = new SeatCard(at("seat-card"), model, names, {
  act, own, message, close: () => pick(""), pickUp: (call) => call && takePart("/api/seat/pick-up/", call),
  near: new Set(page.claims.seats),
});
const messages = new Messages(at("messages"));
const bar = new ListeningBar(at("listening-bar"), model, names, { own, act });
const queues = new Queues(at("queues"), model, { pick: (code) => onlyQueue(code) });
const trunks = new Trunks(at("trunks"), model, names);
const calls = new Calls(at("calls"), model, names, {
  take: (call) => takePart("/api/seat/take/", call),
  own: new Set(page.claims.queues),
  seat: (number) => pick(number),
});

// -- what is shown ------------------------------------------------------------------------------------------------

function update(changed) {
  if (changed.all) for (const seat of model.seats.values()) names.seats.set(seat.number, seat.name);
  seats.update(changed);
  if (changed.calls.size) seats.calls(changed.calls);
  chips.update();
  if (changed.all || changed.calls.size) calls.update(changed);
  if (changed.all || changed.seats.size) ownSeat.read(model.seats.get(page.seat));
  card.update();
  bar.update();
  figures();
  tick();
}

function figures() {
  const waiting = model.waiting();
  setText(at("kpi-waiting"), String(waiting.length));
  setText(at("kpi-calls"), String(model.calls.size));
  let used = 0;
  let lines = 0;
  for (const trunk of model.trunks.values()) {
    used += trunk.in_use;
    lines += trunk.capacity;
  }
  setText(at("kpi-lines"), `${used}/${lines}`);
  setText(at("kpi-callbacks"), String(model.callbacks));
  setText(at("kpi-alarms"), String(model.alarms.length));
  setData(at("kpi-alarms").parentElement, "level", model.alarms.length ? "alarm" : "");
  setText(at("seats-count"), String(model.seats.size));
  const shown = model.alarms.map((alarm) => `${alarm.id} ${alarm.count}`).join();
  if (shown !== figures.alarms) {
    figures.alarms = shown;
    writeAlarms(at("alarms"), model.alarms, page.admin ? (id) => post(`/api/alarms/${id}/clear/`).then(() => living?.load()) : null);
    setHidden(at("alarms-panel"), !model.alarms.length);
  }
}

function tick() {
  const now = model.now();
  seats.tick(now);
  calls.tick(now);
  card.tick(now);
  bar.tick(now);
  const bad = queues.tick(now);
  for (const [name, again] of trunks.tick()) bad.set(name, again);
  for (const number of model.away.keys()) bad.set(`away ${number}`, true);
  for (const alarm of model.alarms) bad.set(`alarm ${alarm.id}`, false);
  bell.check(bad, Date.now());
  setText(at("clock"), timeOfDay(now / 1000));
}

model.addEventListener("change", ({ detail }) => update(detail));

// -- the page's own controls --------------------------------------------------------------------------------------

function onlyQueue(code) {
  calls.queue = calls.queue === code ? "" : code;
  setHidden(at("calls-filter"), !calls.queue);
  setText(at("calls-filter-name"), calls.queue ? names.queue(calls.queue) : "");
  calls.arrange();
}

const group = at("seats-group");
for (const one of page.groups) group.append(el("option", { value: one.code }, one.name || one.code));
group.value = page.groups.some((one) => one.code === seats.filter.group) ? seats.filter.group : "";
seats.filter.group = group.value;
group.addEventListener("change", () => {
  seats.filter.group = group.value;
  kept.set("group", group.value);
  seats.arrange();
});
const sort = at("seats-sort");
sort.value = seats.sort;
sort.addEventListener("change", () => seats.sortBy(sort.value));
const words = at("seats-search");
words.addEventListener("input", () => {
  seats.filter.words = words.value;
  seats.arrange();
});
oneOf(document.querySelectorAll("#seats-layout button"), seats.shape, (shape) => seats.layout(shape));
at("calls-filter").addEventListener("click", () => onlyQueue(calls.queue));
oneOf(document.querySelectorAll("#calls-only button"), "", (only) => {
  calls.only = only;
  calls.arrange();
});
soundSwitch(at("sound"), bell);
const foldCalls = (folded) => {
  const button = at("calls-fold");
  button.closest(".panel").classList.toggle("folded", folded);
  button.setAttribute("aria-expanded", String(!folded));
  button.firstElementChild.className = `ti ti-chevron-${folded ? "up" : "down"}`;
  kept.set("fold", folded);
};
at("calls-fold").addEventListener("click", () => foldCalls(!kept.get("fold", false)));
foldCalls(kept.get("fold", false));

// One key each, while a seat is chosen; "/" searches, "m" writes, Escape lets go.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  const writing = event.target.closest("input, select, textarea, [contenteditable]");
  if (writing) {
    if (event.key === "Escape") writing.blur();
    return;
  }
  if (event.key === "/") words.focus();
  else if (event.key === "Escape") pick("");
  else if (event.key === "m" && seats.picked) card.focusMessage();
  else if (!card.key(event.key.toLowerCase())) return;
  event.preventDefault();
});

// -- going --------------------------------------------------------------------------------------------------------

setInterval(tick, 1000);
keepLiving(model, (stale) => {
  document.body.classList.toggle("lead-stale", stale);
  setHidden(at("stale"), !stale);
}, (push) => messages.take(push)).then((one) => {
  living = one;
  known();
});
