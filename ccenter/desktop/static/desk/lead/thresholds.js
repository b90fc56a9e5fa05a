// When a figure is bad, and that one hears it. The levels: "" fine, "warn" yellow, "alarm" red and heard.

import { kept, moment } from "./dom.js";

// [warn, alarm]; waiting: callers, longest: seconds, service_level: share (less is worse)
const USUAL = { waiting: [5, 10], longest: [60, 120], service_level: [0.8, 0.6] };
const TRUNKS = [0.8, 0.95];
const SOON = 0.6; // of a limit: yellow

const rising = (value, [warn, alarm]) => (value >= alarm ? "alarm" : value >= warn ? "warn" : "");
const falling = (value, [warn, alarm]) => (value < alarm ? "alarm" : value < warn ? "warn" : "");
const worst = (...levels) => (levels.includes("alarm") ? "alarm" : levels.includes("warn") ? "warn" : "");
/** Whether a figure is known. */
export const set = (value) => value !== null && value !== undefined;

/** The limits of a queue: as its owner set them, else as usual. */
export function limits(queue) {
  const { waiting, wait_seconds: seconds, service_level: level } = queue.thresholds || {};
  const share = level > 1 ? level / 100 : level;
  return {
    waiting: set(waiting) ? [Math.max(1, Math.floor(waiting * SOON)), waiting] : USUAL.waiting,
    longest: set(seconds) ? [seconds * SOON, seconds] : USUAL.longest,
    service_level: set(level) ? [Math.min(1, share + (1 - share) / 2), share] : USUAL.service_level,
  };
}

/**
 * {waiting, longest, service, worst} of a queue; `callers` wait there, the first since longest; `now` in milliseconds. A service
 * level is of half an hour: it colours its figure, not the queue.
 */
export function queueLevels(queue, callers, now) {
  const limit = limits(queue);
  const first = callers.length ? moment(callers[0].queued_at || callers[0].since) : null;
  const levels = {
    waiting: callers.length ? rising(callers.length, limit.waiting) : "",
    longest: first === null ? "" : rising((now - first) / 1000, limit.longest),
    service: set(queue.service_level) ? falling(queue.service_level, limit.service_level) : "",
  };
  return { ...levels, worst: worst(levels.waiting, levels.longest) };
}

export function trunkLevel(trunk) {
  return trunk.capacity ? rising(trunk.in_use / trunk.capacity, TRUNKS) : "";
}

/** Two short tones when something new is bad, quietly again every half minute while it stays so. Off until a first click. */
export class Bell {
  constructor() {
    this.on = kept.get("sound", true);
    this._ringing = new Map(); // what is bad -> when it was last heard
    this._context = null;
    const wake = () => this._wake();
    document.addEventListener("pointerdown", wake, { once: true });
    document.addEventListener("keydown", wake, { once: true });
  }

  switch(on) {
    this.on = on;
    kept.set("sound", on);
    if (on) {
      this._wake();
      this.tone();
    }
  }

  /** `bad`: names of what is in alarm now, and whether it is said again while it stays so. Rings for what was not. */
  check(bad, now) {
    let heard = "";
    for (const [name, again] of bad) {
      const last = this._ringing.get(name);
      if (last !== undefined && !(again && now - last > 30_000)) continue;
      heard = last === undefined ? "new" : heard || "again";
      this._ringing.set(name, now);
    }
    for (const name of this._ringing.keys()) if (!bad.has(name)) this._ringing.delete(name);
    if (heard && this.on) this.tone(heard === "again" ? 0.05 : 0.2);
    return heard;
  }

  tone(volume = 0.2) {
    const context = this._context;
    if (!context || context.state !== "running") return;
    [880, 660].forEach((pitch, number) => {
      const start = context.currentTime + number * 0.18;
      const gain = new GainNode(context, { gain: 0 });
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(volume, start + 0.01);
      gain.gain.exponentialRampToValueAtTime(0.001, start + 0.16);
      const tone = new OscillatorNode(context, { frequency: pitch });
      tone.connect(gain).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.17);
    });
  }

  _wake() {
    this._context = this._context || new AudioContext();
    this._context.resume();
  }
}
