// The list of numbers not to be called: read again when the core says that one came or went.

import { follow } from "./live.js";

follow((fact) => fact.type === "NumberBarred", () => {
  htmx.trigger(document.body, "rows-changed");
  document.querySelector(".bar-line")?.reset();
}, 300);
