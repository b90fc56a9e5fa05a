// Import by CSV: first it is shown what would change and what is wrong in which line, then it is done.

import { el, say, setHidden, setText } from "./dom.js";
import { post } from "./link.js";

const MOST_SHOWN = 200;

export class SeatImport {
  /** `node` is the dialog; `done()` after an import. */
  constructor(node, done) {
    const at = (name) => node.querySelector(`[data-part=${name}]`);
    this.node = node;
    this.done = done;
    this.parts = Object.fromEntries(["file", "drop", "sum", "rows", "errors", "apply", "cancel", "name"].map((name) => [name, at(name)]));
    const { parts } = this;
    document.getElementById("import-open").addEventListener("click", () => {
      this._clear();
      node.showModal();
    });
    parts.cancel.addEventListener("click", () => node.close());
    parts.file.addEventListener("change", () => this._read(parts.file.files[0]));
    parts.drop.addEventListener("dragover", (event) => event.preventDefault());
    parts.drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this._read(event.dataTransfer.files[0]);
    });
    parts.apply.addEventListener("click", () => this._send(true));
  }

  _clear() {
    this.csv = "";
    this.parts.file.value = "";
    setText(this.parts.name, "");
    setText(this.parts.sum, "");
    this.parts.rows.replaceChildren();
    this.parts.errors.replaceChildren();
    this.parts.apply.disabled = true;
  }

  async _read(file) {
    if (!file) return;
    this._clear();
    setText(this.parts.name, file.name);
    this.csv = decode(await file.arrayBuffer());
    await this._send(false);
  }

  async _send(apply) {
    this.parts.apply.disabled = true;
    const { ok, body, message } = await post("/api/seat-records/import/", { csv: this.csv, apply });
    if (!ok && !body?.errors) {
      setText(this.parts.sum, message);
      return;
    }
    if (ok && apply) {
      this.node.close();
      say(summary(body), "good");
      this.done();
      return;
    }
    this._show(body);
  }

  _show(found) {
    const errors = found.errors || [];
    const rows = found.changes || found.rows || [];
    setText(this.parts.sum, errors.length ? interpolate(gettext("Nothing is imported: %s lines have errors."), [errors.length]) : summary(found));
    this.parts.errors.replaceChildren(...errors.slice(0, MOST_SHOWN).map((one) => el("li", {}, el("b.tnum", {}, interpolate(gettext("line %s"), [one.line])), " ", [one.field, one.error || one.message || one.text].filter(Boolean).join(": "))));
    this.parts.rows.replaceChildren(...rows.slice(0, MOST_SHOWN).map(changeLine));
    setHidden(this.parts.rows.closest("table"), !rows.length);
    this.parts.apply.disabled = errors.length > 0 || !rows.some((row) => kindOf(row) !== "same");
  }
}

const kindOf = (row) => row.action || row.kind || "change";
const KINDS = { new: gettext("new"), create: gettext("new"), change: gettext("changed"), update: gettext("changed"), same: gettext("as before"), unchanged: gettext("as before") };

function summary(found) {
  const count = (...kinds) => (found.changes || found.rows || []).filter((row) => kinds.includes(kindOf(row))).length;
  return interpolate(gettext("%s new, %s changed, %s as before"), [found.created ?? count("new", "create"), found.changed ?? count("change", "update"), found.unchanged ?? count("same", "unchanged")]);
}

/** A line of what would change: each field with what it was and what it will be. */
function changeLine(row) {
  const fields = Object.entries(row.fields || row.changes || {}).map(([name, change]) => {
    const [before, after] = Array.isArray(change) ? change : [change.from, change.to];
    return el("div", {}, el("span.muted", {}, `${name}: `), before ? [el("del", {}, plain(before)), " → "] : null, el("ins", {}, plain(after)));
  });
  const kind = kindOf(row);
  return el("tr", {}, el("td.tnum", {}, String(row.line ?? "")), el("td.tnum", {}, row.number), el("td", {}, row.name || ""), el("td", {}, el(`span.tag.${kind.startsWith("n") || kind === "create" ? "good" : "accent"}`, {}, KINDS[kind] || kind)), el("td.changes", {}, fields));
}

function plain(value) {
  if (Array.isArray(value)) return value.join(" ");
  if (value && typeof value === "object") return Object.entries(value).map(([name, level]) => `${name}:${level}`).join(" ");
  return String(value ?? "");
}

/** A file of a spreadsheet program: UTF-8, or what Excel in Chinese writes. */
function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}
