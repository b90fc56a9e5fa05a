// Follows the feed for a page, and says when something happened that it shows.

import { get } from "../desk/api.js";
import { Feed } from "../desk/feed.js";

/** Calls `told(facts)` at most once in `pause` ms, and once when the feed had to begin anew (with none). */
export async function follow(wanted, told, pause = 1200) {
  const feed = new Feed();
  let facts = [];
  let soon = 0;
  let missed = false; // while nobody looked
  const tell = () => {
    soon = 0;
    missed = document.hidden; // told when it is seen again
    if (missed) return;
    const some = facts;
    facts = [];
    told(some);
  };
  const wake = () => (soon ||= setTimeout(tell, pause * (0.6 + Math.random() * 0.8)));
  feed.addEventListener("fact", ({ detail: fact }) => {
    if (!wanted(fact)) return;
    facts.push(fact);
    if (facts.length > 500) facts.shift();
    wake();
  });
  feed.addEventListener("reset", () => wake());
  feed.addEventListener("forbidden", () => location.reload());
  document.addEventListener("visibilitychange", () => !document.hidden && missed && wake());
  for (let wait = 500; ; wait = Math.min(wait * 2, 10000)) {
    try {
      const { seq } = await get("/api/feed/");
      feed.start(seq);
      document.documentElement.dataset.follows = "1";
      return feed;
    } catch {
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}
