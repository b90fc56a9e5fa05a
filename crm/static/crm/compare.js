// Two customers side by side: whoever stays brings their values along.

import "./keys.js";

document.addEventListener("change", ({ target }) => {
  if (target.name !== "keep") return;
  for (const one of target.form.querySelectorAll(`input[name^=take_][value="${target.value}"]`)) one.checked = true;
});
