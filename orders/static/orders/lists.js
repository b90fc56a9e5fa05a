// Lists of orders: delivery notes of what is ticked.

import { say } from "../desk/dom.js";

document.addEventListener("click", ({ target }) => {
  const { print } = target.closest("button")?.dataset || {};
  if (!print) return;
  const keys = [...document.querySelectorAll("#found [name=row]:checked")].map((box) => `row=${box.value}`);
  if (keys.length) window.open(`${print}?${keys.join("&")}`, "_blank", "noopener");
  else say(gettext("Tick the rows first."), "bad");
});
