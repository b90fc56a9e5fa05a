// Where to send a call: seats and queues with their states, or a typed number; type, arrows, Enter.

import { Refusal, act, get } from "./api.js";
import { $, el, icon, say } from "./dom.js";
import { Picker } from "./picker.js";
import { STATES } from "./words.js";

const REFRESH = 2000; // ms, while the box is open
const NUMBER = /^\+?[0-9*# -]{3,31}$/;
const ASKS = { transfer: "TransferCall", consult: "ConsultWith", invite: "InviteParty" };
const CALLABLE = new Set(["READY", "NOT_READY", "WRAP_UP"]); // as the centre would have it
const ORDER = ["READY", "NOT_READY", "WRAP_UP", "RESERVED", "TALKING", "LOGGED_OUT"];

/** Opens the box. `kind`: transfer or consult, inside Tab changes it; or invite, into a conference. */
export function chooseTarget(model, kind) {
  let known = null; // until it is read no number is offered: the digits typed may be a seat's
  let wanted = kind;
  const dialog = el("dialog.box", { "aria-label": kind === "invite" ? gettext("Invite one more") : gettext("Transfer or consult") });
  const input = el("input.in", { placeholder: gettext("Name, seat, queue or number"), maxlength: "40" });
  const list = el("div.picks");
  const kinds = (kind === "invite" ? [] : ["transfer", "consult"]).map((one) =>
    el("button.b", { type: "button", dataset: { kind: one }, onclick: () => mode(one) }, icon(one === "transfer" ? "arrow-forward-up" : "messages"), one === "transfer" ? gettext("Transfer") : gettext("Consult first")));
  const mode = (one) => {
    if (!model.may(ASKS[one])) return;
    wanted = one;
    for (const button of kinds) button.classList.toggle("on", button.dataset.kind === one);
    picker.refresh();
    input.focus();
  };
  const find = (text) => {
    if (!known) return null;
    const low = text.toLowerCase();
    const has = (...fields) => !low || fields.some((field) => String(field).toLowerCase().includes(low));
    const rows = [];
    const seats = known.seats
      .filter((seat) => has(seat.number, seat.name, seat.group))
      .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.number.localeCompare(b.number));
    const queues = wanted !== "transfer" ? [] : known.queues.filter((queue) => has(queue.code, queue.name)).sort((a, b) => b.ready - a.ready);
    if (NUMBER.test(text) && !seats.some((seat) => seat.number === text)) rows.push({ key: "number", number: text });
    const row = (seat) => ({ key: `s${seat.number}`, seat, off: !CALLABLE.has(seat.state) });
    const free = seats.filter((seat) => CALLABLE.has(seat.state));
    const others = seats.filter((seat) => !CALLABLE.has(seat.state));
    if (free.length) rows.push({ head: gettext("Seats") }, ...free.map(row));
    if (queues.length) rows.push({ head: gettext("Queues") }, ...queues.map((queue) => ({ key: `q${queue.code}`, queue })));
    if (others.length) rows.push({ head: gettext("Not free now") }, ...others.map(row));
    return rows;
  };
  const draw = (row) => {
    if (row.number) return el("div.pick-line", null, icon("phone"), el("b.tnum", null, row.number), el("span.muted", null, gettext("outside number")));
    if (row.seat) {
      const { number, name, group, state } = row.seat;
      return el("div.pick-line", { dataset: { state } }, el("span.dot"), el("b.tnum", null, number), el("span", null, name), el("span.muted.grow", null, group), el("span.pick-state", null, STATES[state] || state));
    }
    const { name, waiting, ready } = row.queue;
    return el("div.pick-line", null, icon("users"), el("b", null, name), el("span.grow"), el("span.muted", null, interpolate(gettext("%s waiting"), [waiting])), el(`span.tag${ready ? ".good" : ""}`, null, interpolate(gettext("%s ready"), [ready])));
  };
  const choose = async (row) => {
    const body = row.number ? { to: "number", number: row.number } : row.seat ? { to: "agent", agent: row.seat.number } : { to: "queue", queue: row.queue.code };
    try {
      await act(wanted, body);
      dialog.close();
    } catch (error) {
      say(error instanceof Refusal ? error.message : String(error), "bad");
    }
  };
  const picker = new Picker({ input, list, find, draw, choose, empty: gettext("Nothing found.") });
  dialog.append(
    el("div.box-head", null, el("div.kinds", null, kinds.length ? kinds : el("b", null, gettext("Invite one more"))), el("span.muted", null, kinds.length ? el("kbd", null, "Tab") : null, " ", el("kbd", null, "↑↓"), " ", el("kbd", null, "Enter"))),
    el("div.box-find", null, input),
    list,
  );
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || wanted === "invite") return;
    event.preventDefault();
    mode(wanted === "transfer" ? "consult" : "transfer");
  });
  document.body.append(dialog);
  let open = true;
  const refresh = async () => {
    if (!open) return;
    try {
      known = await get("/desk/targets/");
      picker.refresh();
    } catch {
      // shown as it was
    }
    setTimeout(refresh, REFRESH);
  };
  const off = () => !(kind === "invite" ? ["invite"] : ["transfer", "consult"]).some((one) => model.may(ASKS[one])) && dialog.close();
  model.addEventListener("seat", off);
  dialog.addEventListener("close", () => {
    open = false;
    model.removeEventListener("seat", off);
    dialog.remove();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
  mode(model.may(ASKS[kind]) ? kind : kind === "transfer" ? "consult" : "transfer");
  $("input", dialog).focus();
  refresh();
}
