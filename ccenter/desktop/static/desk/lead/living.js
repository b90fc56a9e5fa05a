// Keeps a model living: a snapshot, then the feed, and another snapshot where only the server knows a figure.

import { follow, get } from "./link.js";

const FIGURES_AFTER = 5_000; // milliseconds from a fact that moves figures to the snapshot that tells them, at the least
const UNKNOWN_AFTER = 700; // the same for a call of which we know the id alone
const SLOW = 60_000; // other groups' calls move expected waits without a fact for us

/** Starts, and answers {load} once the first snapshot is there. `stale(whether)` says that what is shown is old, `push` takes
 * what the feed tells beside the facts. */
export async function keepLiving(model, stale, push = () => {}) {
  let asked = 0;
  let asking = null;

  const load = () => {
    if (!asking) {
      asked = performance.now();
      asking = get("/api/live/").then(({ ok, body }) => {
        asking = null;
        if (ok && body) model.load(body);
        return ok;
      });
    }
    return asking;
  };

  let wait = 500;
  while (!(await load())) {
    stale(true);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, 10_000);
  }
  stale(false);
  follow(model.seq, {
    facts: (facts) => model.take(facts),
    reset: () => {
      model.forget();
      return load();
    },
    stale,
    push,
  });
  setInterval(() => {
    const ago = performance.now() - asked;
    const due = model.unknown ? ago > UNKNOWN_AFTER : model.stale && !document.hidden && ago > FIGURES_AFTER;
    if (due || ago > SLOW) load();
  }, 500);
  return { load };
}
