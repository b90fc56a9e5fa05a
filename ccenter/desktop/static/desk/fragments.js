// Failures of htmx in words, unless the answer has words of its own.

import { say } from "./dom.js";

const unreached = () => say(gettext("The server cannot be reached. It is tried again."), "bad");
document.addEventListener("htmx:sendError", unreached);
document.addEventListener("htmx:timeout", unreached);
document.addEventListener("htmx:responseError", ({ detail }) => detail.xhr.status !== 401 && !detail.xhr.getResponseHeader("HX-Trigger") && say(gettext("This did not work."), "bad"));
