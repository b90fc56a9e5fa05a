// Keeps a model living: a snapshot, then the feed, and another snapshot where only the server knows a figure.

import { get } from "./link.js";

const FIGURES_AFTER = 5_000; // milliseconds from a fact that moves figures to the snapshot that tells them, at the least
const SLOW = 60_000; // others' calls move the trunks without a fact for us

/** Starts; `feed(since, {facts, reset, stale})` is how news come: see feed.js. Answers {stop}. */
export async function keepLiving(model, feed, { stale = () => {}, path = "/api/live/" } = {}) {
  let asked = 0;
  let asking = null;
  let stopped = false;

  const load = () => {
    if (!asking) {
      asked = performance.now();
      asking = get(path).then(({ ok, body }) => {
        asking = null;
        if (ok && body && !stopped) model.load(body);
        return ok;
      });
    }
    return asking;
  };

  let wait = 500;
  while (!stopped && !(await load())) {
    stale(true);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, 10_000);
  }
  stale(false);
  const news = feed(model.seq, {
    facts: (facts) => model.take(facts),
    reset: () => {
      model.forget();
      return load();
    },
    stale,
  });
  const timer = setInterval(() => {
    const ago = performance.now() - asked;
    if (document.hidden ? ago > SLOW : (model.stale && ago > FIGURES_AFTER) || ago > SLOW) load();
  }, 1000);
  return {
    load,
    stop() {
      stopped = true;
      clearInterval(timer);
      news.stop();
    },
  };
}
