// Light, dark, or as the system has it: set before the first painting, so that no page flashes.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto";
    }
  };
  const apply = () => {
    const wanted = chosen();
    const dark = wanted === "dark" || (wanted === "auto" && system.matches);
    document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
    document.documentElement.dataset.theme = wanted;
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply); // another page of ours changed it
  // <button data-theme-switch>: light, dark, system, light ...
  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    const order = ["auto", "light", "dark"];
    const next = order[(order.indexOf(chosen()) + 1) % order.length];
    try {
      localStorage.setItem("theme", next);
    } catch {
      // private window: for this page only
    }
    document.documentElement.dataset.theme = next;
    document.documentElement.dataset.bsTheme = next === "dark" || (next === "auto" && system.matches) ? "dark" : "light";
  });
})();
