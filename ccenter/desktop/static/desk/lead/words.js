// What states, steps and reasons are called. Codes come from the core; names of queues and reasons from the page's data.

import { REASONS } from "../words.js";
import { clock, moment, timeOfDay } from "./dom.js";

const STATES = {
  READY: gettext("Ready"),
  RESERVED: gettext("Ringing"),
  TALKING: gettext("Talking"),
  WRAP_UP: gettext("Wrap-up"),
  NOT_READY: gettext("Busy"),
  LOGGED_OUT: gettext("Signed out"),
};

export const SEAT_STATES = Object.keys(STATES);

const CALL_STATES = {
  OFFERED: gettext("Arriving"),
  IVR: gettext("In the menu"),
  QUEUED: gettext("Waiting"),
  RESERVED: gettext("Ringing"),
  CONNECTED: gettext("Talking"),
  HELD: gettext("On hold"),
  ENDED: gettext("Ended"),
};

const MODES = { listen: gettext("Listening"), whisper: gettext("Whispering"), barge: gettext("In the call") };

const DIRECTIONS = { in: gettext("In"), out: gettext("Out"), internal: gettext("Between seats") };

const PARTIES = {
  customer: gettext("customer"),
  agent: gettext("agent"),
  party: gettext("other party"),
  system: gettext("system"),
  switch: gettext("switch"),
  lead: gettext("lead"),
};

const FORCED = {
  ready: gettext("made ready"),
  not_ready: gettext("made busy"),
  signed_out: gettext("signed out"),
  hang_up: gettext("forced off"),
  transfer: gettext("forced transfer"),
  take_over: gettext("taken over"),
};

export const stateName = (state) => STATES[state] || state;
export const callStateName = (state) => CALL_STATES[state] || state;
export const modeName = (mode) => MODES[mode] || mode;
export const directionName = (direction) => DIRECTIONS[direction] || direction;

/** Names of what the owner set up, by code. */
export class Names {
  constructor(page) {
    this.queues = new Map((page.queues || []).map((one) => [one.code, one.name || one.code]));
    this.reasons = new Map((page.reasons || []).map((one) => [one.code, one.name]));
    this.flows = new Map((page.flows || []).map((one) => [one.code, one.name || one.code]));
    this.groups = new Map((page.groups || []).map((one) => [one.code, one.name || one.code]));
    this.seats = new Map();
  }

  queue(code) {
    return this.queues.get(code) || code || "";
  }

  reason(code) {
    return this.reasons.get(code) || REASONS[code] || code || "";
  }

  group(code) {
    return this.groups.get(code) || code || "";
  }

  /** "1001 王芳", or the number alone. */
  seat(number) {
    const name = this.seats.get(number);
    return name ? `${number} ${name}` : number || "";
  }

  /** "agent:1002", "queue:sales", "number:+86..." as people say it. */
  target(text) {
    const [kind, ...rest] = String(text || "").split(":");
    const code = rest.join(":");
    if (kind === "agent") return this.seat(code);
    if (kind === "queue") return this.queue(code);
    if (kind === "flow") return this.flows.get(code) || code;
    if (kind === "number") return code;
    return text || "";
  }

  /** One step of a call's way in a few words. */
  step(step) {
    switch (step.step) {
      case "node": return this.flows.get(step.flow) || step.flow;
      case "key": return step.key ? interpolate(gettext("key %s"), [step.key]) : "";
      case "lookup": return ""; // the pop tells what was found
      case "queue": return this.queue(step.queue);
      case "requeue": return interpolate(gettext("back to %s"), [this.queue(step.queue)]);
      case "exit": return interpolate(gettext("left the queue by key %s"), [step.key]);
      case "overflow": return interpolate(gettext("overflow to %s"), [this.target(step.target)]);
      case "talk": return this.seat(step.agent);
      case "reached": return step.number;
      case "hold": return gettext("on hold");
      case "resume": return gettext("resumed");
      case "transfer": return interpolate(gettext("transferred to %s"), [this.target(step.target)]);
      case "transfer_failed": return gettext("transfer failed");
      case "consult": return interpolate(gettext("consults %s"), [this.target(step.target)]);
      case "consult_answered": return gettext("consultation answered");
      case "consult_ended": return gettext("consultation over");
      case "conference": return gettext("conference");
      case "left": return interpolate(gettext("%s left"), [this.target(step.party)]);
      case "callback": return gettext("callback promised");
      case "voicemail": return gettext("voicemail");
      case "forced": return `${FORCED[step.action] || step.action} (${step.by})`;
      case "away": return gettext("agent's phone lost");
      case "back": return gettext("agent is back");
      case "end": return interpolate(gettext("ended by %s"), [PARTIES[step.by] || step.by || ""]);
      default: return step.step || String(step);
    }
  }

  /** The way in steps worth reading: [{at, text}]; a flow is named once. */
  way(steps) {
    const said = [];
    let flow = "";
    for (const step of steps) {
      if (step.step === "node" && step.flow === flow) continue;
      if (step.step === "node") flow = step.flow;
      const text = this.step(step);
      if (text && text !== said.at(-1)?.text) said.push({ at: step.at, text });
    }
    return said;
  }

  /** The last steps of a way, short: "Main menu ▸ key 1 ▸ Orders ▸ 1003". */
  path(steps, most = 6) {
    const said = this.way(steps).map((one) => one.text);
    return (said.length > most ? "… ▸ " : "") + said.slice(-most).join(" ▸ ");
  }

  /** For a tooltip: a line a step with its time. */
  wholePath(steps) {
    return this.way(steps).map((one) => `${timeOfDay(one.at)}  ${one.text}`).join("\n");
  }
}

/** Seconds from a moment to `now` (milliseconds) as a clock; "" without a moment. */
export function since(value, now) {
  const at = moment(value);
  return at === null ? "" : clock((now - at) / 1000);
}
