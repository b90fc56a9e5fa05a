// Lists of orders: delivery notes of what is ticked, and the list into a file.

import { say } from "../desk/dom.js";

document.addEventListener("click", ({ target }) => {
  const { print, export: file } = target.closest("button")?.dataset || {};
  if (print) {
    const keys = [...document.querySelectorAll("#found [name=row]:checked")].map((box) => `row=${box.value}`);
    if (keys.length) window.open(`${print}?${keys.join("&")}`, "_blank", "noopener");
    else say(gettext("Tick the rows first."), "bad");
  } else if (file) htmx.ajax("POST", `${file}${location.search}`, { target: "#told", source: "#main" });
});
