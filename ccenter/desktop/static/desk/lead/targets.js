// Where a call can be sent: queues and colleagues with what they do now, or a number, found by typing.

import { el, setData, setHidden } from "./dom.js";
import { stateName } from "./words.js";

const MOST = 12;
const FIRST = { READY: 0, WRAP_UP: 1, NOT_READY: 2 }; // the centre rings no others

export class TargetPicker {
  /** `choose({to, agent|queue|number})`. */
  constructor(model, names, choose) {
    Object.assign(this, { model, names, choose });
    this.input = el("input.in", { type: "text", placeholder: gettext("Queue, colleague or number"), "aria-label": gettext("Transfer to"), autocomplete: "off", role: "combobox", "aria-expanded": "true" });
    this.list = el("ul.targets", { role: "listbox" });
    this.node = el("div.target-picker", { hidden: true }, this.input, this.list);
    this.at = 0;
    this.but = ""; // the seat whose call it is
    this.input.addEventListener("input", () => {
      this.at = 0;
      this._write();
    });
    this.input.addEventListener("keydown", (event) => this._key(event));
  }

  open() {
    this.input.value = "";
    this.at = 0;
    setHidden(this.node, false);
    this._write();
    this.input.focus();
  }

  close() {
    setHidden(this.node, true);
  }

  _found() {
    const words = this.input.value.trim().toLowerCase();
    const has = (...texts) => !words || texts.join(" ").toLowerCase().includes(words);
    const queues = [...this.model.queues.values()]
      .filter((queue) => has(queue.code, queue.name))
      .map((queue) => ({ label: queue.name || queue.code, hint: interpolate(gettext("%s ready"), [queue.ready ?? 0]), state: queue.ready ? "READY" : "", target: { to: "queue", queue: queue.code } }));
    const seats = [...this.model.seats.values()]
      .filter((seat) => seat.state in FIRST && seat.number !== this.but && has(seat.number, seat.name))
      .sort((one, other) => FIRST[one.state] - FIRST[other.state] || one.number.localeCompare(other.number))
      .map((seat) => ({ label: `${seat.number} ${seat.name}`, hint: stateName(seat.state), state: seat.state, target: { to: "agent", agent: seat.number } }));
    const digits = words.replace(/[\s()-]/g, "");
    const number = /^\+?\d{3,}$/.test(digits) ? [{ label: digits, hint: gettext("number"), state: "", target: { to: "number", number: digits } }] : [];
    return [...queues, ...seats, ...number].slice(0, MOST);
  }

  _write() {
    const found = this._found();
    this.at = Math.min(this.at, Math.max(0, found.length - 1));
    this.list.replaceChildren(
      ...found.map((one, place) => {
        const line = el("li", { role: "option", "aria-selected": String(place === this.at), onclick: () => this.choose(one.target) }, el("span", {}, one.label), el("small", {}, one.hint));
        setData(line, "state", one.state);
        return line;
      }),
    );
    this.found = found;
  }

  _key(event) {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && this.found[this.at]) this.choose(this.found[this.at].target);
    else if (event.key === "ArrowDown") this.at = Math.min(this.at + 1, this.found.length - 1);
    else if (event.key === "ArrowUp") this.at = Math.max(this.at - 1, 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
    this._write();
  }
}
