// The import: the name of the chosen file, a file that is dropped, and which columns are left out.

const input = document.querySelector("#import-form input[type=file]");
const name = document.querySelector("#import-form [data-part=name]");
const drop = input.closest(".drop");

const show = () => (name.textContent = input.files[0]?.name || "");
input.addEventListener("change", show);
for (const kind of ["dragover", "drop"]) drop.addEventListener(kind, (event) => event.preventDefault());
drop.addEventListener("drop", ({ dataTransfer }) => {
  if (!dataTransfer.files.length) return;
  input.files = dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
document.getElementById("columns").addEventListener("change", ({ target }) => target.closest("tr")?.classList.toggle("off", !target.value));
