// Answers by keys: arrows go from one to the next and open it, Enter opens or shuts.

const found = document.getElementById("found");
const search = document.getElementById("q");
const questions = () => [...found.querySelectorAll("summary")];

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  if (event.target.closest("select, textarea")) return;
  const all = questions();
  const at = all.indexOf(document.activeElement);
  const to = event.key === "ArrowDown" ? all[at + 1] : all[at - 1];
  if (!to) {
    if (event.key === "ArrowUp" && at === 0) search.focus();
    return;
  }
  event.preventDefault();
  to.focus();
  to.parentElement.open = true;
  to.scrollIntoView({ block: "nearest" });
});
