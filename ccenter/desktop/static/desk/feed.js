// The feed: what happened, in order, over a websocket; by long poll where that cannot be had. After a gap nothing is missing:
// it asks from the last seq it saw. Events: "fact" (detail: one fact), "push" (detail: a message beside the facts),
// "reset" (read all anew), "state" (detail: live, slow, stale).

import { get } from "./api.js";

const SILENT = 60000; // ms without a word from a socket until it is taken for dead: the server says one every 25 s
const FIRST_WAIT = 300;
const LONGEST_WAIT = 5000;
const SOCKETS_TRIED = 3; // failures in a row until the long poll takes over for a while

export class Feed extends EventTarget {
  constructor() {
    super();
    this.seq = null;
    this.state = "stale";
    this._wait = FIRST_WAIT;
    this._failed = 0;
    this._stopped = false;
    this._socket = null;
    this._wake = null;
    this._soon = 0;
  }

  /** Begins after `seq`, that of the snapshot. */
  start(seq) {
    this.seq = seq;
    this._run();
    addEventListener("online", () => this._hurry());
    addEventListener("offline", () => this._socket?.close());
    document.addEventListener("visibilitychange", () => !document.hidden && this._hurry());
  }

  stop() {
    this._stopped = true;
    this._socket?.close();
    this._wake?.();
  }

  _set(state) {
    clearTimeout(this._soon);
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  /** A short gap is nobody's concern. */
  _setSoon(state) {
    clearTimeout(this._soon);
    this._soon = setTimeout(() => this._set(state), 1500);
  }

  _hurry() {
    this._failed = 0; // the socket may work again
    if (this.state !== "live") {
      this._wait = FIRST_WAIT;
      this._wake?.();
    }
  }

  async _run() {
    while (!this._stopped) {
      try {
        if (this._failed >= SOCKETS_TRIED) await this._poll();
        else await this._listen();
      } catch (error) {
        this._failed += 1;
        if (error?.status === 401 || error?.status === 403) this.dispatchEvent(new Event("forbidden"));
      }
      if (this._stopped) return;
      this._setSoon("stale");
      await new Promise((done) => {
        this._wake = done;
        setTimeout(done, this._wait * (0.7 + Math.random() * 0.6));
      });
      this._wait = Math.min(this._wait * 2, LONGEST_WAIT);
    }
  }

  _listen() {
    return new Promise((_done, fail) => {
      const address = new URL(`/ws/feed/?since=${this.seq}&lines=1`, location.href);
      address.protocol = address.protocol.replace("http", "ws");
      const socket = (this._socket = new WebSocket(address));
      let heard = Date.now();
      const watch = setInterval(() => {
        if (Date.now() - heard > SILENT) socket.close();
      }, 5000);
      socket.onmessage = (event) => {
        heard = Date.now();
        this._set("live");
        this._failed = 0;
        this._wait = FIRST_WAIT;
        this._take(JSON.parse(event.data));
      };
      socket.onclose = (event) => {
        clearInterval(watch);
        if (event.code === 4403) this.dispatchEvent(new Event("forbidden"));
        fail(new Error("the feed's socket closed"));
      };
    });
  }

  async _poll() {
    for (let turns = 0; turns < 6 && this._failed && !this._stopped; turns += 1) {
      const batch = await get(`/api/feed/?since=${this.seq}&timeout=20&lines=1`, { timeout: 35000 });
      this._set("slow");
      this._wait = FIRST_WAIT;
      this._take(batch);
    }
    this._failed = 0; // the socket may work again
  }

  _take(batch) {
    if (batch.type) {
      this.dispatchEvent(new CustomEvent("push", { detail: batch }));
      return;
    }
    if (batch.reset) {
      this.seq = batch.seq;
      this.dispatchEvent(new Event("reset"));
      return;
    }
    for (const fact of batch.facts) {
      if (fact.seq > this.seq) this.dispatchEvent(new CustomEvent("fact", { detail: fact }));
    }
    this.seq = Math.max(this.seq, batch.seq);
  }
}
