// The list of customers: columns as one likes them, and "all found" with what the list is asked for now.

const search = document.getElementById("search");
const columns = document.querySelector("input[name=columns]");

document.querySelector("[data-columns]").addEventListener("change", ({ currentTarget }) => {
  columns.value = [...currentTarget.querySelectorAll("input:checked")].map((one) => one.value).join(",");
  search.requestSubmit();
});

document.querySelector(".more-filters").addEventListener("change", () => search.requestSubmit());

/** What the list is asked for, as its address has it. */
function query() {
  const asked = new URLSearchParams(new FormData(search));
  for (const [name, value] of [...asked]) if (!value || name === "cursor") asked.delete(name);
  return asked.toString();
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.matches("[data-with-query]")) detail.parameters.query = query();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-with-query]");
  if (link) link.search = new URLSearchParams({ query: query() }).toString();
});
