// Import by CSV: first it is shown what would change and what is wrong in which line, then it is done.

import { el, say, setHidden, setText } from "./dom.js";
import { post } from "./link.js";

const MOST_SHOWN = 200;

export class SeatImport {
  /** `node` is the dialog; `done(passwords)` after an import: first passwords of new logins. */
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
    if (!body?.errors || !Array.isArray(body.errors)) {
      setText(this.parts.sum, message);
      return;
    }
    if (ok && apply) {
      this.node.close();
      say(summary(body), "good");
      this.done(body.passwords);
      return;
    }
    this._show(body);
  }

  _show(found) {
    const errors = found.errors;
    const rows = found.changes.filter((row) => row.action !== "same");
    setText(this.parts.sum, errors.length ? interpolate(gettext("Nothing is imported: %s lines have errors."), [new Set(errors.map((one) => one.line)).size]) : summary(found));
    this.parts.errors.replaceChildren(...errors.slice(0, MOST_SHOWN).map((one) => el("li", {}, el("b.tnum", {}, interpolate(gettext("line %s"), [one.line])), " ", [FIELDS[one.field], one.error].filter(Boolean).join(": "))));
    this.parts.rows.replaceChildren(...rows.slice(0, MOST_SHOWN).map(changeLine));
    setHidden(this.parts.rows.closest("table"), !rows.length);
    this.parts.apply.disabled = errors.length > 0 || !rows.length;
  }
}

const KINDS = { new: gettext("new"), change: gettext("changed") };
const FIELDS = {
  number: gettext("Number"), name: gettext("Name"), login: gettext("Login"), level: gettext("Level"), group: gettext("Group"), queues: gettext("Further queues"), skills: gettext("Skills"),
  permissions: gettext("Permissions"), active: gettext("Active"), desk_phone: gettext("Desk phone"), browser_phone: gettext("Browser"), mobile: gettext("Telephone over the trunk"),
};

function summary(found) {
  const count = (action) => found.changes.filter((row) => row.action === action).length;
  return interpolate(gettext("%s new, %s changed, %s as before"), [count("new"), count("change"), count("same")]);
}

/** A line of what would change: each field with what it was and what it will be. */
function changeLine(row) {
  const fields = Object.entries(row.fields)
    .filter(([name]) => name !== "number" && (name !== "name" || row.action === "change"))
    .map(([name, [before, after]]) => el("div", {}, el("span.muted", {}, `${FIELDS[name] || name}: `), row.action === "change" ? [el("del", {}, plain(before)), " → "] : null, el("ins", {}, plain(after))));
  return el("tr", {}, el("td.tnum", {}, String(row.line)), el("td.tnum", {}, row.number), el("td", {}, row.name), el("td", {}, el(`span.tag.${row.action === "new" ? "good" : "accent"}`, {}, KINDS[row.action])), el("td.changes", {}, fields));
}

function plain(value) {
  if (Array.isArray(value)) return value.join(" ");
  if (value && typeof value === "object") return Object.entries(value).map(([name, level]) => `${name}:${level}`).join(" ");
  if (typeof value === "boolean") return value ? gettext("yes") : gettext("no");
  return value === null || value === undefined || value === "" ? "–" : String(value);
}

/** A file of a spreadsheet program: UTF-8, or what Excel in Chinese writes. */
function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}
