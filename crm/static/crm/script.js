// The table of a script's steps: what an answer is asked for changes what is drawn below it.

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-redraw]")) event.target.form.requestSubmit(document.getElementById("redraw"));
});
