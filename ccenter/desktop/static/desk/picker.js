// A field with a list under it: type to narrow it, arrows and Enter to choose. For where a call is sent, categories, search.

import { el } from "./dom.js";

/**
 * options: {input, list, find(text) -> rows or a promise of them, draw(row) -> node, choose(row, event), empty: text, delay: ms}
 * A row with `head` is a heading; one with `off` is shown but cannot be chosen.
 */
export class Picker {
  constructor(options) {
    Object.assign(this, { delay: 0, empty: "" }, options);
    this.rows = [];
    this.at = -1;
    this._turn = 0;
    this._timer = 0;
    this.list.setAttribute("role", "listbox");
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("autocomplete", "off");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.addEventListener("input", () => this.refresh());
    this.input.addEventListener("keydown", (event) => this._key(event));
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const node = event.target.closest("[data-row]");
      if (node) this._choose(Number(node.dataset.row), event);
    });
    this.list.addEventListener("mousemove", (event) => {
      const node = event.target.closest("[data-row]");
      if (node && Number(node.dataset.row) !== this.at) this._mark(Number(node.dataset.row), false);
    });
  }

  refresh() {
    clearTimeout(this._timer);
    if (!this.delay) return this._fill();
    this._timer = setTimeout(() => this._fill(), this.delay);
    return undefined;
  }

  async _fill() {
    const turn = ++this._turn;
    const rows = await this.find(this.input.value.trim());
    if (turn !== this._turn || !rows || this.list.matches(":active")) return; // a row under a finger stays: the click is for it
    const before = this.rows[this.at];
    this.rows = rows;
    this.list.replaceChildren(
      ...rows.map((row, place) =>
        row.head
          ? el("div.pick-head", null, row.head)
          : el(`div.pick${row.off ? ".off" : ""}`, { role: "option", dataset: row.off ? {} : { row: String(place) } }, this.draw(row)),
      ),
    );
    if (!rows.length && this.empty) this.list.append(el("div.pick-empty", null, this.empty));
    const same = before?.key ? rows.findIndex((row) => row.key === before.key && !row.off) : -1;
    this._mark(same >= 0 ? same : rows.findIndex((row) => !row.head && !row.off), true);
  }

  _mark(place, scroll) {
    this.list.children[this.at]?.classList.remove("at");
    this.at = place;
    const node = this.list.children[place];
    node?.classList.add("at");
    if (scroll) node?.scrollIntoView({ block: "nearest" });
  }

  _step(by) {
    let place = this.at;
    for (let tries = 0; tries < this.rows.length; tries += 1) {
      place = (place + by + this.rows.length) % this.rows.length;
      if (!this.rows[place].head && !this.rows[place].off) break;
    }
    if (this.rows[place] && !this.rows[place].head && !this.rows[place].off) this._mark(place, true);
  }

  _key(event) {
    if (event.isComposing) return; // an input method is at work: Enter is its
    if (event.key === "ArrowDown") this._step(1);
    else if (event.key === "ArrowUp") this._step(-1);
    else if (event.key === "Enter" && this.at >= 0) this._choose(this.at, event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  _choose(place, event) {
    const row = this.rows[place];
    if (row && !row.head && !row.off) this.choose(row, event);
  }
}
