// A script gone through by keys: 1, 2, 3 … are the answers to choose from; the next question has the focus by itself.

import { say } from "../desk/dom.js";

const card = document.getElementById("card");

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest("input, textarea, select") || !/^[1-9]$/.test(event.key)) return;
  const answer = card.querySelector(`[data-digit="${event.key}"]`);
  if (!answer) return;
  event.preventDefault();
  answer.click();
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target !== card) return;
  card.querySelector("[autofocus]")?.focus();
  if (card.querySelector("[data-finished='1']") && !card.querySelector("form")) say(gettext("The script is finished."), "good");
});
