// Two customers side by side: whoever stays brings their values with them; keys decide.

const form = () => document.getElementById("compare");

document.addEventListener("change", ({ target }) => {
  if (target.name !== "keep") return;
  for (const one of form().querySelectorAll(`input[name^=take_][value="${target.value}"]`)) one.checked = true;
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const node = form()?.querySelector(`[data-key="${CSS.escape(name)}"]`);
  if (!node || node.disabled) return;
  node.click();
  event.preventDefault();
});
