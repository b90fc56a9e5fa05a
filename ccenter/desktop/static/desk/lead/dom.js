// Small parts every lead page is made of. Texts go into the page as text, never as HTML.

/** An element: el("td.num", {title: "x", onclick: f}, "text", child, null). Attributes that are null or false are left out. */
export function el(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A Tabler icon, only for the eye. */
export function icon(name) {
  return el(`i.ti.ti-${name}`, { "aria-hidden": "true" });
}

/** Writes only what changed: an untouched text node costs no layout. */
export function setText(node, text) {
  if (node._text !== text) node.textContent = node._text = text;
}

export function setData(node, key, value) {
  if (node.dataset[key] !== value) node.dataset[key] = value;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** What the server wrote into the page with json_script. */
export function pageData(id = "page-data") {
  const node = document.getElementById(id);
  return node ? JSON.parse(node.textContent) : {};
}

/** Milliseconds since 1970 of an API time: ISO text, seconds, or nothing (null). */
export function moment(value) {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "number" ? value * 1000 : Date.parse(value);
}

/** 75 -> "1:15", 3700 -> "1:01:40"; seconds. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

const two = (number) => String(number).padStart(2, "0");

/** Local time of day, 24 hours. */
export function timeOfDay(value) {
  const at = moment(value);
  if (at === null) return "";
  const day = new Date(at);
  return `${two(day.getHours())}:${two(day.getMinutes())}:${two(day.getSeconds())}`;
}

export function dayAndTime(value) {
  const at = moment(value);
  if (at === null) return "";
  const day = new Date(at);
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())} ${timeOfDay(value)}`;
}

export function percent(share) {
  return share === null || share === undefined ? "–" : `${Math.round(share * 100)}%`;
}

let toasts = null;

/** A word to the reader that goes by itself. `kind`: info, good, bad. */
export function tell(text, kind = "info") {
  if (!toasts) {
    toasts = el("div.lead-toasts", { role: "status", "aria-live": "polite" });
    document.body.append(toasts);
  }
  const toast = el("div.lead-toast", { "data-kind": kind }, text);
  toasts.append(toast);
  while (toasts.children.length > 4) toasts.firstChild.remove();
  setTimeout(() => toast.remove(), kind === "bad" ? 8000 : 4000);
}

/** Remembers a choice of this browser. Private windows may refuse: then it holds for the page. */
export const kept = {
  get(key, otherwise) {
    try {
      const text = localStorage.getItem(`lead.${key}`);
      return text === null ? otherwise : JSON.parse(text);
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`lead.${key}`, JSON.stringify(value));
    } catch {
      // nothing to do
    }
  },
};

/** Makes the children of `parent` be `wanted` in this order, moving as few as it can. */
export function order(parent, wanted) {
  let here = parent.firstElementChild;
  for (const node of wanted) {
    if (node === here) here = here.nextElementSibling;
    else parent.insertBefore(node, here);
  }
  while (here) {
    const next = here.nextElementSibling;
    here.remove();
    here = next;
  }
}

/** A button that must be pressed twice within three seconds: for what cannot be taken back. */
export function twice(button, act) {
  const label = button.querySelector(".label") || button;
  const said = label.textContent;
  let timer = 0;
  const calm = () => {
    clearTimeout(timer);
    timer = 0;
    label.textContent = said;
    button.classList.remove("armed");
  };
  button.addEventListener("click", (event) => {
    if (timer) {
      calm();
      act(event);
      return;
    }
    label.textContent = gettext("Sure?");
    button.classList.add("armed");
    timer = setTimeout(calm, 3000);
  });
}
