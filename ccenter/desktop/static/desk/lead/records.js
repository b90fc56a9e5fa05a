// Seat records: who sits where, what they can and may do. Changed one by one in a form, or by a CSV file.

import { el, icon, pageData, say, setHidden, setText } from "./dom.js";
import { SeatImport } from "./import.js";
import { ask, get } from "./link.js";
import { Names } from "./words.js";

const at = (id) => document.getElementById(id);
const page = pageData();
const names = new Names(page);
const skillNames = new Map(page.skills.map((skill) => [skill.code, skill.name]));
const PERMISSIONS = { agent: gettext("agent"), lead: gettext("lead"), admin: gettext("administrator"), see_numbers: gettext("sees whole numbers") };
const form = at("record");
const body = at("records");
let rows = [];
let picked = null; // a row, or {} for a new one

// -- list ------------------------------------------------------------------------------------------------------------

async function load() {
  const { ok, body: found, message } = await get("/api/seat-records/");
  setHidden(at("trouble"), ok);
  if (!ok) {
    setText(at("trouble"), message);
    return;
  }
  rows = found.seats;
  show();
}

function show() {
  const words = at("records-search").value.trim().toLowerCase();
  const group = at("records-group").value;
  const shown = rows.filter((row) => (!group || row.group === group) && (!words || `${row.number} ${row.name} ${row.login}`.toLowerCase().includes(words)));
  shown.sort((one, other) => one.number.localeCompare(other.number, undefined, { numeric: true }));
  body.replaceChildren(...shown.map(line));
  setText(at("records-count"), String(shown.length));
  setHidden(at("nothing"), shown.length > 0);
}

function phones(row) {
  return [
    row.desk_phone && icon("phone"), row.browser_phone && icon("device-laptop"), row.mobile && el("span.phone-number", {}, icon("device-mobile"), row.mobile),
  ].filter(Boolean);
}

function line(row) {
  const skills = Object.entries(row.skills || {}).map(([code, level]) => el("span.tag", {}, skillNames.get(code) || code, el("b.tnum", {}, String(level))));
  const node = el("tr", { tabIndex: 0, "aria-selected": String(picked?.number === row.number), onclick: () => edit(row), onkeydown: (event) => event.key === "Enter" && edit(row) },
    el("td.tnum", {}, row.number), el("td", {}, row.name), el("td.muted", {}, row.login), el("td.tnum", {}, String(row.level ?? "")), el("td", {}, names.group(row.group)),
    el("td.tags", {}, skills), el("td", {}, (row.permissions || []).map((one) => PERMISSIONS[one] || one).join(", ")), el("td", {}, phones(row)));
  if (row.active === false) node.classList.add("off");
  return node;
}

// -- form ------------------------------------------------------------------------------------------------------------

for (const group of page.groups) {
  form.elements.group.append(el("option", { value: group.code }, group.name));
  at("records-group").append(el("option", { value: group.code }, group.name));
}
const skillFields = new Map(
  page.skills.map((skill) => {
    const level = el("select.in", { "aria-label": skill.name }, el("option", { value: "" }, "–"), Array.from({ length: 10 }, (_, step) => el("option", { value: String(step + 1) }, String(step + 1))));
    at("record-skills").append(el("label.skill-line", {}, el("span", {}, skill.name), level));
    return [skill.code, level];
  }),
);
const queueFields = new Map(
  page.queues.map((queue) => {
    const box = el("input", { type: "checkbox" });
    at("record-queues").append(el("label.check-line", {}, box, el("span", {}, queue.name)));
    return [queue.code, box];
  }),
);
const permissionFields = new Map(
  page.permissions.map((permission) => {
    const box = el("input", { type: "checkbox", disabled: !page.admin });
    at("record-permissions").append(el("label.check-line", {}, box, el("span", {}, PERMISSIONS[permission] || permission)));
    return [permission, box];
  }),
);

function edit(row) {
  picked = row;
  setHidden(form, !row);
  at("record-errors").replaceChildren();
  for (const line of body.children) line.setAttribute("aria-selected", String(Boolean(row) && line.firstElementChild.textContent === row.number));
  if (!row) return;
  const fields = form.elements;
  setText(at("record-title"), row.number ? `${row.number} ${row.name}` : gettext("New seat"));
  for (const name of ["number", "name", "login", "level", "group", "mobile"]) fields[name].value = row[name] ?? (name === "level" ? 1 : name === "group" ? page.groups[0]?.code || "" : "");
  fields.number.readOnly = fields.login.readOnly = Boolean(row.number);
  fields.active.checked = row.active !== false;
  fields.desk_phone.checked = Boolean(row.desk_phone);
  fields.browser_phone.checked = row.number ? Boolean(row.browser_phone) : true;
  for (const [code, level] of skillFields) level.value = String(row.skills?.[code] ?? "");
  for (const [code, box] of queueFields) box.checked = (row.queues || []).includes(code);
  for (const [code, box] of permissionFields) box.checked = row.number ? (row.permissions || []).includes(code) : code === "agent";
  fields[row.number ? "name" : "number"].focus();
}

function written() {
  const fields = form.elements;
  const found = {
    number: fields.number.value.trim(), name: fields.name.value.trim(), login: fields.login.value.trim(), level: Number(fields.level.value), group: fields.group.value,
    active: fields.active.checked, desk_phone: fields.desk_phone.checked, browser_phone: fields.browser_phone.checked, mobile: fields.mobile.value.trim(),
    skills: Object.fromEntries([...skillFields].filter(([, level]) => level.value).map(([code, level]) => [code, Number(level.value)])),
    // queues that are not ours to give stay
    queues: [...(picked.queues || []).filter((code) => !queueFields.has(code)), ...[...queueFields].filter(([, box]) => box.checked).map(([code]) => code)],
  };
  if (page.admin) found.permissions = [...permissionFields].filter(([, box]) => box.checked).map(([code]) => code);
  return found;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const row = written();
  const { ok, body: answer, message } = picked.number
    ? await ask("PUT", `/api/seat-records/${encodeURIComponent(picked.number)}/`, row)
    : await ask("POST", "/api/seat-records/", row);
  if (ok) {
    say(gettext("Saved."), "good");
    edit(null);
    await load();
    if (answer.password) tellPasswords({ [row.login]: answer.password });
    return;
  }
  const errors = answer && typeof answer === "object" && !answer.detail ? Object.entries(answer) : [["", message]];
  at("record-errors").replaceChildren(...errors.map(([field, why]) => el("li", {}, [field && label(field), [why].flat(3).join(" ")].filter(Boolean).join(": "))));
});

function label(field) {
  const input = form.elements[field];
  return (input?.closest?.("label")?.querySelector("span")?.textContent || field).trim();
}

at("record-close").addEventListener("click", () => edit(null));
at("record-new").addEventListener("click", () => edit({}));
at("records-search").addEventListener("input", show);
at("records-group").addEventListener("change", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && picked) edit(null);
  else if (event.key === "/" && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    at("records-search").focus();
  }
});

// First passwords are told once: they stay on screen until they are put away.
function tellPasswords(passwords) {
  at("passwords-list").replaceChildren(...Object.entries(passwords).map(([login, password]) => el("div", {}, `${login}  ${password}`)));
  at("passwords").showModal();
}
at("passwords-close").addEventListener("click", () => {
  at("passwords").close();
  at("passwords-list").replaceChildren();
});

setHidden(at("record-new"), !page.admin);
new SeatImport(at("import"), (passwords) => {
  load();
  if (Object.keys(passwords).length) tellPasswords(passwords);
});
load();
