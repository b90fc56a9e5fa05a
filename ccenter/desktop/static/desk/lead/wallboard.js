// The wallboard: the live page's figures from ten metres.

import { clock, el, moment, pageData, percent, setData, setHidden, setText, soundSwitch } from "./dom.js";
import { get } from "./link.js";
import { keepLiving } from "./living.js";
import { Model } from "./model.js";
import { Queues, Trunks } from "./tables.js";
import { Bell } from "./thresholds.js";
import { SEAT_STATES, stateName } from "./words.js";

const MOST_QUEUES = 9;
const at = (id) => document.getElementById(id);
const page = pageData();
const model = new Model();
const bell = new Bell();
const queues = new Queues(at("wall-queues"), model);
const trunks = new Trunks(at("wall-trunks"), model);
const options = { timeZone: page.time_zone };
const locale = document.documentElement.lang;
const time = new Intl.DateTimeFormat("en-GB", { ...options, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(locale === "zh-hans" ? "zh-CN" : locale, { ...options, weekday: "long", month: "long", day: "numeric" });

const states = new Map(
  SEAT_STATES.filter((state) => state !== "LOGGED_OUT").map((state) => {
    const count = el("b.tnum", {}, "0");
    const part = el("i", { "data-state": state });
    return [state, { count, part, node: el("div.wall-state", { "data-state": state }, count, el("span", {}, stateName(state))) }];
  }),
);
at("wall-states").append(el("div.wall-state-bar", {}, [...states.values()].map((one) => one.part)), el("div.wall-state-row", {}, [...states.values()].map((one) => one.node)));

function big(id, text, level = "") {
  setText(at(id).firstElementChild, text);
  setData(at(id), "level", level);
}

/** The service level of all queues together, by what each was offered where that is known. */
function service() {
  let share = 0;
  let weight = 0;
  for (const queue of model.queues.values()) {
    if (queue.service_level === null || queue.service_level === undefined) continue;
    const offered = queue.offered ?? queue.answered ?? 1;
    share += queue.service_level * offered;
    weight += offered;
  }
  return weight ? share / weight : null;
}

function tick() {
  const now = model.now();
  setText(at("wall-time"), time.format(now));
  setText(at("wall-date"), date.format(now));
  const waiting = model.waiting();
  const bad = queues.tick(now);
  const worstOf = (figure) => {
    const levels = [...queues.rows.values()].map((row) => row[figure].node.dataset.level);
    return levels.includes("alarm") ? "alarm" : levels.includes("warn") ? "warn" : "";
  };
  const first = waiting.length ? moment(waiting[0].queued_at || waiting[0].since) : null;
  big("wall-waiting", String(waiting.length), worstOf("waiting"));
  big("wall-longest", first === null ? "0:00" : clock((now - first) / 1000), worstOf("longest"));
  const share = service();
  big("wall-service", percent(share), share === null ? "" : worstOf("service"));
  big("wall-callbacks", String(model.callbacks));
  for (const [name, again] of trunks.tick()) bad.set(name, again);
  bell.check(bad, Date.now());
}

function seats() {
  const counts = model.states();
  for (const [state, { count, part }] of states) {
    setText(count, String(counts[state] || 0));
    part.style.flexGrow = String(counts[state] || 0);
  }
  tiles();
}

/** Tiles as large as the screen allows. Where there are many queues, those without a caller in half an hour are left out. */
function tiles() {
  const all = [...model.queues.values()];
  const callers = new Set(model.waiting().map((call) => call.queue));
  const busy = all.filter((queue) => callers.has(queue.code) || (queue.service_level ?? null) !== null);
  const shown = new Set((all.length > MOST_QUEUES && busy.length ? busy : all).map((queue) => queue.code));
  for (const [code, row] of queues.rows) setHidden(row.node, !shown.has(code));
  const columns = shown.size <= 3 ? shown.size || 1 : shown.size <= 4 ? 2 : shown.size <= 9 ? 3 : 4;
  at("wall-queues").style.setProperty("--columns", String(columns));
}

// The surge attendant: a tile while it is on. Asked again as facts about it come, and now and then.
const SURGE_AFTER = 2000; // ms
let surgeSoon = 0;

async function surge() {
  const { ok, body } = await get("/api/desk/surge/");
  if (!ok || !body) return;
  const on = body.surges.filter((one) => one.on);
  setHidden(at("wall-surge"), !on.length);
  if (!on.length) return;
  const share = Math.max(...on.map((one) => one.share));
  big("wall-surge", percent(share), share >= 0.5 ? "alarm" : "warn");
  setText(at("wall-surge").querySelector("em"), `${on.reduce((sum, one) => sum + one.taken, 0)} · ${body.lines.busy}/${body.lines.lines}`);
}

model.addEventListener("surge", () => {
  surgeSoon ||= setTimeout(() => {
    surgeSoon = 0;
    surge();
  }, SURGE_AFTER);
});
setInterval(surge, 60000);

model.addEventListener("change", () => {
  tick();
  seats();
});
soundSwitch(at("sound"), bell);
at("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
setInterval(tick, 1000);
surge();
keepLiving(model, (stale) => {
  document.body.classList.toggle("lead-stale", stale);
  setHidden(at("stale"), !stale);
});
