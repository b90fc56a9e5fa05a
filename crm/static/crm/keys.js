// A key for what has `data-key`, where nobody is writing.

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target.closest?.("input:not([type=radio], [type=checkbox]), select, textarea")) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const node = document.querySelector(`[data-key="${CSS.escape(name)}"]`);
  if (!node || node.disabled) return;
  node.click();
  event.preventDefault();
});
