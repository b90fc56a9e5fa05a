// How lead pages ask the server and hear news of it.

import { ask as request } from "../api.js";
import { Feed } from "../feed.js";
import { say } from "../dom.js";

/** {ok, status, body, message}; status 0 when nobody answered. Never throws. */
export async function ask(method, path, body) {
  try {
    return { ok: true, status: 200, body: await request(method, path, body), message: "" };
  } catch (refusal) {
    return { ok: false, status: refusal.status || 0, body: refusal.body || null, message: refusal.message };
  }
}

/** Empty parameters are left out. */
export const get = (path, params = {}) => {
  const given = Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return ask("GET", given.length ? `${path}?${new URLSearchParams(given)}` : path);
};
export const post = (path, body = {}) => ask("POST", path, body);

/** Says why something was refused, or `done`; answers whether it was done. */
export function tellAnswer({ ok, body, message }, done = "") {
  if (!ok) say(message, "bad");
  else if (body?.result === "pending") say(gettext("The call centre has not answered yet."));
  else if (done) say(done, "good");
  return ok;
}

/** The feed after `seq`: batches of facts of one breath, `reset` when the record began anew, `stale(whether)`, `push` beside them. */
export function follow(seq, { facts, reset, stale, push }) {
  const feed = new Feed();
  let batch = [];
  feed.addEventListener("fact", ({ detail }) => {
    if (!batch.length) {
      queueMicrotask(() => {
        const whole = batch;
        batch = [];
        facts(whole);
      });
    }
    batch.push(detail);
  });
  feed.addEventListener("forbidden", () => location.reload()); // what was on the screen is not theirs any more
  feed.addEventListener("reset", reset);
  feed.addEventListener("push", ({ detail }) => push(detail));
  feed.addEventListener("state", ({ detail }) => stale(detail === "stale"));
  feed.start(seq);
  return feed;
}
