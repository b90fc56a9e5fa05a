// What the lead's pages need beside the parts all pages share.

import { moment } from "../format.js";

export { el, icon, pageData, say } from "../dom.js";
export { clock, moment, shortTime } from "../format.js";

/** Writes only what changed; it remembers what it wrote, for reading a text back from a node costs more than a comparison. */
export function setText(node, text) {
  if (node._text !== text) node.textContent = node._text = text;
}

export function setData(node, key, value) {
  if (node.dataset[key] !== value) node.dataset[key] = value;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

const zone = JSON.parse(document.getElementById("page-data")?.textContent || "{}").time_zone;
const times = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** "14:05:09" in the centre's time zone. */
export function timeOfDay(value) {
  const at = moment(value);
  return at === null ? "" : times.format(at);
}

export function percent(share) {
  return share === null || share === undefined ? "–" : `${Math.round(share * 100)}%`;
}

/** A telephone number of the interface: a text, or {"text", "token"}. */
export function numberText(number) {
  return (typeof number === "object" && number ? number.text : number) || "";
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

/** A small set of pressed buttons of which one is on. */
export function oneOf(buttons, now, changed) {
  const show = (value) => {
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.value === value));
  };
  for (const one of buttons) {
    one.addEventListener("click", () => {
      show(one.value);
      changed(one.value);
    });
  }
  show(now);
}

/** A button that switches the bell. */
export function soundSwitch(button, bell) {
  const show = () => {
    button.setAttribute("aria-pressed", String(bell.on));
    button.firstElementChild.className = `ti ti-${bell.on ? "volume" : "volume-off"}`;
  };
  button.addEventListener("click", () => {
    bell.switch(!bell.on);
    show();
  });
  show();
}
