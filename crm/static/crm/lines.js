// Forms with lines that come and go (Django's formsets): one more, one less; of those marked "main" only one is.

function grow(place) {
  const total = place.querySelector("[name$=-TOTAL_FORMS]");
  const line = place.querySelector("[data-part=empty]").content.firstElementChild.cloneNode(true);
  for (const node of line.querySelectorAll("[name], [id], [for]"))
    for (const name of ["name", "id", "for"]) if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name).replace("__prefix__", total.value));
  total.value = Number(total.value) + 1;
  place.querySelector("[data-part=lines]").append(line);
  line.querySelector("input:not([type=hidden])")?.focus();
}

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-lines] [data-part=add]");
  if (add) grow(add.closest("[data-lines]"));
});
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.checked || !/-main$/.test(box.name)) return;
  for (const other of box.closest("[data-lines]").querySelectorAll("input[name$=-main]")) if (other !== box) other.checked = false;
});
