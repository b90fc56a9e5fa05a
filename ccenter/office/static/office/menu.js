// The menu of pages: one group open at a time, closed by a click beside it or by Escape.

const groups = () => document.querySelectorAll(".menu-group[open]");

document.addEventListener("click", (event) => {
  for (const one of groups()) if (!one.contains(event.target) || event.target.closest(".menu-pages a")) one.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const one of groups()) {
    one.open = false;
    one.querySelector("summary").focus();
    event.stopPropagation();
  }
}, true);
