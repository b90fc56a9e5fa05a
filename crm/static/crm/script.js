// The table of a script's steps. Its buttons have the table drawn anew by the server: place and focus stay where one works.

let pressed = null; // {command, top, name}: the button, how far the form was scrolled, which field had the focus

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-redraw]")) document.getElementById("redraw").click(); // htmx knows the button of a click alone: without it the script would be saved
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const button = detail.requestConfig?.triggeringEvent?.submitter;
  pressed = button?.name === "table" ? { command: button.value, top: button.form.scrollTop, name: document.activeElement?.name } : null;
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "record" || !pressed) return;
  const form = target.querySelector("form");
  const [verb, place] = pressed.command.split(":");
  const steps = [...target.querySelectorAll(".step")];
  form.scrollTop = pressed.top;
  form.dataset.changed = ""; // it is not saved yet
  const at = { add: steps.length - 1, begin: 0, up: Number(place) - 1, down: Number(place) + 1 }[verb] ?? Number(place);
  const step = steps[Math.min(at, steps.length - 1)];
  const field = verb === "again" ? form.elements[pressed.name] : verb === "option" ? [...step.querySelectorAll(".way .in:not(select)")].at(-1) : step?.querySelector("textarea");
  field?.focus({ preventScroll: true });
  field?.scrollIntoView({ block: "nearest" });
});
