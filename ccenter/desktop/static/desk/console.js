// The agent's console: puts its parts together. See model.js for what is known, and each part for what it shows.

import { Refusal, act, get } from "./api.js";
import { CallBar } from "./callbar.js";
import { showDevices } from "./devices.js";
import { $, el, icon, pageData, say, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { clock } from "./format.js";
import "./fragments.js";
import { listen, showKeys } from "./keys.js";
import { Lists } from "./lists.js";
import { DONE, Model } from "./model.js";
import { Owed } from "./owed.js";
import { Phone, microphoneTrouble, settings } from "./phone.js";
import { Picker } from "./picker.js";
import { Pop } from "./pop.js";
import { beTheOnly } from "./single.js";
import { ring, through } from "./sound.js";
import { States, askForPhone, signInCard, signInWith } from "./states.js";
import { chooseTarget } from "./transfer.js";
import { WrapUp } from "./wrapup.js";
import { FORCED, LEVELS } from "./words.js";

const page = pageData();
const model = new Model(page.seat.number);
const phone = new Phone();
const feed = new Feed();
const title = document.title;
let card = null; // the card that asks for a phone, while signed out
let bar, lists, owed, pop, states, wrapUp;

const desk = {
  model, phone, page,
  nameOf(call) {
    const customer = call.pop?.customers.find((one) => one.id === call.customer);
    if (call.direction === "internal") return { name: desk.target(call.number), number: "", queue: "" };
    return { name: customer?.name || call.name || "", number: call.pop?.call.number.text || call.number, queue: call.pop?.call.queue?.name || "" };
  },
  target(text) {
    const [kind, code = ""] = String(text).split(/:(.*)/s);
    if (kind === "queue") return page.queues.find((one) => one.code === code)?.name || code;
    const name = page.seats.find((one) => one.number === (code || text))?.name;
    return name ? `${code || text} ${name}` : code || text;
  },
  transfer: (kind) => chooseTarget(model, kind),
  async dial(body, shown = "") {
    if (!model.may("DialNumber")) {
      say(gettext("Not possible now: end the call first, or sign in."), "bad");
      return;
    }
    try {
      await act("dial", body);
    } catch (error) {
      say(`${shown ? `${shown}: ` : ""}${error.message}`, "bad");
    }
  },
  openCustomer: (id) => pop.openCustomer(id),
  openPage: (address, name, iconName) => pop.pages.open(address, name, iconName),
  idle: () => idle(),
  redraw: () => !pop.tab && model.seat.state !== "LOGGED_OUT" && pop.draw(),
  customerChanged: () => pop.draw(),
  mayForget: (call) => wrapUp.mayForget(call),
  changed: () => front(),
  loaded: (call) => {
    if (pop.current === call.id) front();
  },
  done(call) {
    pop.close(call.id);
    states.readFigures();
  },
  async signIn(body, ready) {
    if (body.phone === "browser") await navigator.mediaDevices?.getUserMedia({ audio: true }).then((stream) => stream.getTracks().forEach((track) => track.stop()));
    if (window.Notification?.permission === "default") Notification.requestPermission().catch(() => {});
    const answer = await signInWith({ ...body, ready: ready && body.phone !== "browser" });
    if (answer.phone) {
      await phone.start(answer.phone);
      if (ready) await beReady();
    }
  },
};

/** Ready once the phone is registered: a call that came before would not ring. The centre may know of it a moment later than we. */
async function beReady() {
  let why = null;
  for (let tries = 0; tries < 100; tries += 1) {
    if (phone.line === "online") {
      why = await act("ready").then(() => null, (error) => error);
      if (why?.body?.reason !== "phone_offline") break;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  if (why) say(why.message, "bad");
}

/** What stands in the middle while there is no call. */
function idle() {
  if (model.seat.state === "LOGGED_OUT") {
    card ||= signInCard(page, desk);
    return el("div.middle", null, card);
  }
  const figures = states.figures;
  const line = (iconName, name, value) => el("div.stat", null, icon(iconName), el("span", null, name), el("b.tnum", null, value));
  return el("div.middle", null,
    el("div.calm", null,
      el("div.calm-mark", { dataset: { state: model.seat.state } }, icon(model.seat.state === "READY" ? "headset" : "coffee")),
      el("h1", null, model.seat.state === "READY" ? gettext("Ready for the next call") : model.seat.state === "NOT_READY" ? states.reason(model.seat.reason) || gettext("Busy") : gettext("Wrap-up")),
      el("p.muted", null, model.seat.state === "READY" ? gettext("The customer is shown here while the phone rings.") : model.seat.state === "NOT_READY" ? gettext("No calls come in. F9 makes you ready.") : ""),
      figures ? el("div.stats", null,
        line("phone-incoming", gettext("Answered"), String(figures.answered ?? 0)),
        line("phone-outgoing", gettext("Called"), String(figures.out ?? figures.dialled ?? 0)),
        line("clock", gettext("Talk time"), clock(figures.talk || 0)),
        line("pencil", gettext("Wrap-up"), clock(figures.wrap_up || 0)),
        line("player-play", gettext("Ready"), clock(figures.ready || 0)),
        line("coffee", gettext("Busy"), clock(figures.not_ready || 0))) : null));
}

/** The right side follows the tab in front. */
function front() {
  const tab = pop.tab;
  const served = tab && !tab.key && tab.direction !== "internal";
  wrapUp.show(served ? tab : null, served ? pop.customer : null);
}

// -- ring, title, lamps ----------------------------------------------------------------------------------------------

let notice = null;

function alertAgent() {
  const call = model.live;
  const rings = Boolean(call && call.phase === "ringing" && (!phone.on || phone.ringing));
  ring(rings);
  const who = call && !DONE.has(call.phase) ? desk.nameOf(call) : null;
  const label = who ? who.name || who.number : "";
  document.title = rings ? `☎ ${label}` : who ? `● ${label}` : title;
  if (rings && document.hidden && !notice && window.Notification?.permission === "granted") {
    notice = new Notification(gettext("A call"), { body: [label, who.queue].filter(Boolean).join(" · "), tag: call.id });
    notice.onclick = () => window.focus();
  } else if (!rings && notice) {
    notice.close();
    notice = null;
  }
}

function lamps() {
  const lamp = $("#line-lamp");
  lamp.hidden = !phone.on;
  lamp.dataset.line = phone.line;
  const names = { connecting: gettext("The phone connects"), online: gettext("The phone is ready"), lost: gettext("The phone is not connected") };
  const measured = phone.talking && model.live?.phase === "talking" ? phone.quality : null;
  const text = measured
    ? interpolate(gettext("Line: loss %s %, jitter %s ms, delay %s ms"), [measured.loss.toFixed(1), Math.round(measured.jitter), Math.round(measured.delay)])
    : names[phone.line] || "";
  if (lamp.title !== text) {
    lamp.title = text;
    lamp.setAttribute("aria-label", text);
  }
  const bars = measured ? measured.bars : phone.line === "online" ? 4 : 0;
  lamp.dataset.bars = measured ? String(bars) : "";
  const name = measured ? `antenna-bars-${bars + 1}` : phone.line === "online" ? "headset" : "headset-off";
  if (lamp.dataset.icon !== name) {
    lamp.dataset.icon = name;
    lamp.replaceChildren(icon(name));
  }
}

function banner() {
  const box = $("#banner");
  const text =
    feed.state === "stale" && feed.seq !== null ? gettext("No connection to the centre. What you see may be old; it is tried again.")
      : phone.on && phone.line === "lost" ? gettext("Your phone is not connected. Callers you talk to hear music; it is tried again.")
        : "";
  box.hidden = !text;
  setText(box, text);
}

// -- beginning -------------------------------------------------------------------------------------------------------

/** Reads what the seat is doing, and what happened since. */
async function load() {
  const { seq } = await get("/api/feed/");
  const seat = await get("/api/seat/");
  model.load(seat);
  if (seat.call && seat.state === "TALKING") {
    const { facts } = await get(`/api/calls/${seat.call.id}/timeline/`);
    model.restore(seat.call.id, facts);
  }
  return seat.seq ?? seq;
}

/** After a reload: the same phone, the same call. */
async function takePhone() {
  if (!/^PJSIP\/w/.test(model.seat.endpoint) || model.seat.state === "LOGGED_OUT" || phone.on) return;
  const account = await askForPhone();
  if (!account) return;
  try {
    await phone.start(account);
  } catch (error) {
    say(microphoneTrouble(error), "bad");
  }
  if (model.seat.state === "LOGGED_OUT") phone.stop(); // signed out meanwhile
}

async function begin() {
  bar = new CallBar($("#call"), desk);
  states = new States(desk, page);
  wrapUp = new WrapUp($("#record"), desk);
  pop = new Pop($("#pop"), $("#pop-tabs"), desk);
  lists = new Lists($("#list"), $("#list-tabs"), desk);
  owed = new Owed($("#owed"), desk);
  document.addEventListener("page:order-entered", ({ detail }) => void pop.again(detail.customer));
  document.addEventListener("page:written", () => pop.outdated());
  document.addEventListener("page:look-again", () => document.body.dispatchEvent(new Event("look-again")));
  search();
  keys();
  through(settings.get("speaker"));

  model.addEventListener("seat", () => {
    alertAgent();
    if (model.seat.state === "LOGGED_OUT") {
      if (phone.on) phone.stop();
    } else if (card) {
      card.stop();
      card = null;
    }
    if (!pop.tab) pop.draw();
  });
  model.addEventListener("call", ({ detail: id }) => {
    alertAgent();
    const call = model.calls.get(id);
    if (pop.current === id) front();
    if (call?.phase === "ended" && !call.told) {
      call.told = true;
      states.readFigures();
      if (pop.current === id && !$("#right").contains(document.activeElement)) $("#summary")?.focus({ preventScroll: true });
    }
    if (call?.phase === "missed" && call.direction === "in" && call.role === "agent" && !call.pop?.record) states.readFigures();
  });
  model.addEventListener("forced", ({ detail: fact }) => say(FORCED[fact.action] || fact.action, "bad"));
  model.addEventListener("failed", ({ detail: fact }) => say(interpolate(gettext("The transfer to %s failed; the customer is back."), [desk.target(fact.target)]), "bad"));

  document.addEventListener("page:order-entered", async ({ detail }) => {
    await pop.ordered(detail.customer);
    wrapUp.ordered(detail);
  });

  phone.addEventListener("line", ({ detail }) => {
    lamps();
    banner();
    alertAgent();
    if (detail.line === "online") reconnect();
  });
  for (const kind of ["ringing", "talking", "over", "quality"]) phone.addEventListener(kind, () => { alertAgent(); lamps(); });
  phone.addEventListener("unheard", ({ detail }) => say(detail, "bad"));
  phone.addEventListener("silent", () => say(gettext("Click anywhere: the browser lets this page sound only then."), "bad"));
  addEventListener("click", () => phone._sound.paused && phone._sound.srcObject && phone._sound.play().catch(() => {}));

  feed.addEventListener("fact", ({ detail: fact }) => {
    model.take(fact);
    lists.lines(fact);
    lists.owed(fact);
    owed.fact(fact);
  });
  feed.addEventListener("push", ({ detail: news }) => lists.push(news));
  feed.addEventListener("reset", () => load().then((seq) => (feed.seq = seq)).then(() => owed.read()).catch(() => {}));
  feed.addEventListener("forbidden", () => location.reload());
  feed.addEventListener("state", ({ detail: state }) => {
    const lamp = $("#feed-lamp");
    lamp.dataset.feed = state;
    lamp.title = { live: gettext("Connected"), slow: gettext("Connected, slowly"), stale: gettext("Not connected") }[state];
    banner();
    if (state === "live") lists.readAll();
  });

  for (let wait = 300; ; wait = Math.min(wait * 2, 5000)) {
    try {
      const seq = await load();
      feed.start(seq);
      wrapUp.remember();
      break;
    } catch (error) {
      if (error.status === 401 || error.status === 403) {
        location.reload();
        return;
      }
      setText($("#banner"), error.message);
      $("#banner").hidden = false;
      await new Promise((done) => setTimeout(done, wait));
    }
  }
  banner();
  takePhone().catch((error) => say(error.message, "bad"));
  owed.read();
  wrapUp.start().catch((error) => say(error.message, "bad"));
  states.readFigures();
  if (!pop.tab) pop.draw();
  front();
  document.documentElement.dataset.ready = "1";
}

/** A page that is new asks at once for the call it should be in; the centre would come to it by itself, a little later. */
async function reconnect() {
  await new Promise((done) => setTimeout(done, 500));
  const call = model.live;
  if (!call || phone.session || !["talking", "held"].includes(call.phase)) return;
  await act("reconnect").catch((error) => error instanceof Refusal || say(error.message, "bad"));
}

function search() {
  const input = $("#search");
  const found = $("#found");
  const picker = new Picker({
    input, list: found, delay: 140,
    find: async (text) => {
      found.hidden = text.length < 2;
      if (text.length < 2) return [];
      const { customers, orders } = await get(`/api/desk/search/?q=${encodeURIComponent(text)}`).catch(() => ({ customers: [], orders: [] }));
      const rows = [];
      if (customers.length) rows.push({ head: gettext("Customers") }, ...customers.map((one) => ({ key: `k${one.id}`, one })));
      if (orders.length) rows.push({ head: gettext("Orders") }, ...orders.map((order) => ({ key: `o${order.number}`, one: order.customer, order })));
      return rows;
    },
    draw: ({ one, order }) =>
      order
        ? el("div.pick-line", null, icon("package"), el("b.tnum", null, order.number), el("span.grow", null, order.product), el("span.muted", null, one.name))
        : el("div.pick-line", null, icon("user"), el("b", null, one.name), one.level !== "ordinary" ? el("span.tag.accent", null, LEVELS[one.level]) : null, el("span.muted.grow", null, one.city || ""), el("span.muted.tnum", null, one.phones[0]?.text || one.number)),
    choose: ({ one }) => {
      found.hidden = true;
      input.value = "";
      input.blur();
      pop.openCustomer(one.id);
    },
    empty: gettext("Nothing found."),
  });
  input.addEventListener("blur", () => (found.hidden = true));
  input.addEventListener("focus", () => input.value.trim().length > 1 && picker.refresh());
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = "";
    input.blur();
  });
}

const helpWithKeys = () => showKeys(page.tools.filter((tool) => tool.key).map((tool) => [tool.key.toUpperCase(), tool.label]));

function keys() {
  const press = (name) => () => void bar.do(name);
  const goTo = (selector) => () => {
    const node = $(selector);
    if (!node || node.disabled) return false;
    node.focus();
    return true;
  };
  const digit = (key) => () => {
    if (!bar.keypad) return false;
    bar.sendKey(key);
    return true;
  };
  const does = {
    F2: press("answer"), F4: press("hangUp"), F8: press("hold"), F9: () => void states.toggle(),
    m: press("mute"), k: press("keys"), t: press("transfer"), c: press("consult"), j: press("join"), i: press("invite"), b: press("cancel"), p: press("record"),
    l: () => void bar.do(model.live?.party?.joined ? "leave" : "complete"),
    d: goTo("#dial"), "/": goTo("#search"), w: goTo("#summary"), n: goTo("#note"), g: () => void lists.next(),
    x: press("next"), a: () => owed.presented && void owed.accept(), s: () => owed.presented && void owed.skip(), q: () => Boolean(owed.hand?.task?.questions) && void owed.questions(),
    "?": () => void helpWithKeys(),
    "Ctrl+Enter": () => void wrapUp.save(DONE.has(wrapUp.call?.phase)),
    Escape: () => {
      if (document.querySelector("dialog[open]")) return false;
      document.activeElement?.blur?.();
      states.openMenu(false);
      return true;
    },
  };
  for (const tool of page.tools) if (tool.key) does[tool.key] = () => void pop.pages.use(tool, pop.about);
  for (const key of "0123456789*#") does[key] = digit(key);
  for (let place = 1; place <= 9; place += 1) does[`Alt+${place}`] = () => void pop.show(place);
  listen(does);
  $("#show-keys").addEventListener("click", helpWithKeys);
  $("#show-devices").addEventListener("click", () => showDevices(phone));
}

function elsewhere(take) {
  const box = el("div.middle", null, el("div.calm", null, el("div.calm-mark", null, icon("copy")), el("h1", null, gettext("The console is open in another tab")), el("p.muted", null, gettext("One phone, one page: only one tab can take calls.")), el("button.b.main", { type: "button", id: "use-here", onclick: take }, gettext("Use it here"))));
  $("#pop").replaceChildren(box);
  document.body.classList.add("elsewhere");
}

// Another tab took the phone. This page goes as in a reload: a phone that is stopped in order hangs up, and the call is to go on there.
await beTheOnly(elsewhere, () => location.reload());
document.body.classList.remove("elsewhere");
$("#pop").replaceChildren();
await begin();
