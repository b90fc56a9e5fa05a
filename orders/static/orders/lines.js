// Lines of a purchase: one more is there as soon as the last is begun; what they come to.

const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function lines() {
  return document.querySelector("[data-lines]");
}

/** An empty line at the end, with a number of its own. */
function grow(set) {
  const total = set.querySelector(`[name=${set.dataset.lines}-TOTAL_FORMS]`);
  const row = set.querySelector("template").content.firstElementChild.cloneNode(true);
  for (const field of row.querySelectorAll("[name]")) {
    field.name = field.name.replace("__prefix__", total.value);
    field.id = field.id.replace("__prefix__", total.value);
  }
  set.querySelector("tbody").append(row);
  total.value = Number(total.value) + 1;
  htmx.process(row);
}

function add(set) {
  let sum = 0;
  for (const row of set.querySelectorAll("tbody tr")) {
    const amount = Number(row.querySelector("[name$=quantity]").value) * Number(row.querySelector("[name$=cost]").value);
    row.querySelector("[data-amount]").textContent = amount ? money.format(amount) : "";
    sum += amount;
  }
  set.querySelector("[data-total]").textContent = sum ? money.format(sum) : "";
}

document.addEventListener("input", ({ target }) => {
  const set = target.closest("[data-lines]");
  if (!set) return;
  if (target.value && target.closest("tr") === set.querySelector("tbody tr:last-child")) grow(set);
  add(set);
});
document.addEventListener("htmx:afterSettle", () => lines() && add(lines()));
if (lines()) add(lines());
