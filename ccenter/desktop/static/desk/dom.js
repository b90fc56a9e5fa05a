// Small parts of the pages. Whatever comes from outside goes into the page as text, never as HTML.

/** An element: el("button.b.main", {title: "x", onclick: f, dataset: {state: "READY"}}, "text", child, null). */
export function el(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

/** A Tabler icon, only for the eye. */
export const icon = (name) => el(`i.ti.ti-${name}`, { "aria-hidden": "true" });

export const $ = (selector, within = document) => within.querySelector(selector);

/** Writes only what changed: an untouched text costs no layout. */
export function setText(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

/** Data that the server wrote into the page with json_script. */
export function pageData(id = "page-data") {
  return JSON.parse(document.getElementById(id).textContent);
}

/** A word that comes and goes. `kind`: "", good, bad. */
export function say(text, kind = "") {
  if (!text) return;
  const box = $(".toasts") || document.body.appendChild(el("div.toasts", { role: "status", "aria-live": "polite" }));
  const line = el(`div.toast-line${kind ? `.${kind}` : ""}`, null, icon({ good: "check", bad: "alert-circle" }[kind] || "info-circle"), el("span", null, text));
  box.append(line);
  while (box.children.length > 4) box.firstChild.remove();
  setTimeout(() => line.remove(), kind === "bad" ? 7000 : 3500);
}

/** A label that reads, and a key that does it. */
export const withKey = (text, key) => (key ? `${text} (${key})` : text);
