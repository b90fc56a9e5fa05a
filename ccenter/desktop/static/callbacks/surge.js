// The live view of the surge attendant: read again when a call was decided about, a line taken or freed, or a callback moved.

import { follow } from "./live.js";

const MOVES = /^(Surge|Trunk|Callback)/;

follow((fact) => MOVES.test(fact.type), () => htmx.trigger(document.body, "surge-moved"), 1000);
setInterval(() => !document.hidden && htmx.trigger(document.body, "surge-moved"), 30000); // minutes pass without a fact
