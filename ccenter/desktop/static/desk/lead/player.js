// Plays a recording: both speakers drawn apart, each can be switched off; jumps to what happened in the call.

import { clock, el, moment, oneOf, setHidden, setText } from "./dom.js";
import { get } from "./link.js";
import { Waveform } from "./waveform.js";

const SKIP = 10; // seconds

export class Player {
  constructor(node, names) {
    this.node = node;
    this.names = names;
    const at = (name) => node.querySelector(`[data-part=${name}]`);
    this.parts = Object.fromEntries(["title", "about", "play", "back", "on", "time", "download", "events", "heard", "note", "rates", "customer", "seat"].map((name) => [name, at(name)]));
    this.audio = new Audio();
    this.audio.preload = "none"; // looking at it is not listening to it
    this.wave = new Waveform(node.querySelector("canvas"), (share) => this.seek(share * this._seconds()));
    const { audio, parts } = this;
    parts.play.addEventListener("click", () => this.toggle());
    parts.back.addEventListener("click", () => this.seek(this._now() - SKIP));
    parts.on.addEventListener("click", () => this.seek(this._now() + SKIP));
    oneOf(parts.rates.children, "1", (rate) => (audio.playbackRate = Number(rate)));
    for (const [number, part] of [parts.customer, parts.seat].entries()) part.addEventListener("click", () => this._switch(number));
    for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, () => this._shown());
    for (const name of ["timeupdate", "seeked", "durationchange"]) audio.addEventListener(name, () => this._moved());
    audio.addEventListener("error", () => audio.getAttribute("src") && this._note(gettext("The recording cannot be played: it is not there yet, or not any more.")));
    audio.addEventListener("playing", () => setTimeout(() => this._listenings(), 800));
  }

  /** Shows a recording of the list; nothing is fetched of the audio until it is played. */
  async show(recording) {
    if (!recording) {
      this.audio.pause();
      setHidden(this.node, true);
      return;
    }
    const { parts, audio } = this;
    this.recording = recording;
    setHidden(this.node, false);
    audio.pause();
    this.wanted = 0;
    if (recording.audio) audio.src = recording.audio;
    else audio.removeAttribute("src");
    audio.playbackRate = Number([...parts.rates.children].find((one) => one.getAttribute("aria-pressed") === "true")?.value || 1);
    parts.play.disabled = parts.back.disabled = parts.on.disabled = !recording.audio;
    parts.download.hidden = !recording.audio;
    if (recording.audio) parts.download.href = `${recording.audio}?download=1`;
    setText(parts.title, recording.title);
    setText(parts.about, recording.about);
    this._note(recording.audio ? "" : gettext("There is nothing to hear: it is not there yet, or not any more."));
    this.wave.show([[], []], [], this._seconds());
    this.steps = [];
    parts.events.replaceChildren();
    parts.heard.replaceChildren();
    this._shown();
    this._moved();
    const id = encodeURIComponent(recording.id);
    this._listenings();
    const [peaks, call] = await Promise.all([recording.audio ? get(`/api/recordings/${id}/peaks/`) : { ok: false }, get(`/api/calls/${encodeURIComponent(recording.call)}/`)]);
    if (this.recording !== recording) return;
    if (call.ok) this._events(call.body);
    this.wave.show(peaks.ok ? [peaks.body.customer, peaks.body.agent] : [[], []], this.steps.map((step) => step.after / this._seconds()).filter((share) => share > 0 && share < 1), this._seconds());
    if (recording.audio && !peaks.ok) this._note(gettext("There are no waveforms of this one; it can be played all the same."));
  }

  toggle() {
    if (!this.recording?.audio) return;
    if (this.audio.paused) this.audio.play().catch(() => {});
    else this.audio.pause();
  }

  /** To a second. Before it was ever played the place is remembered, and nothing is fetched. */
  seek(seconds) {
    const wanted = Math.min(this._seconds(), Math.max(0, seconds));
    if (this.audio.readyState) this.audio.currentTime = wanted;
    else {
      this.wanted = wanted;
      this.audio.addEventListener("loadedmetadata", () => (this.audio.currentTime = this.wanted), { once: true });
    }
    this._moved();
  }

  _now() {
    return this.audio.readyState ? this.audio.currentTime : this.wanted || 0;
  }

  _seconds() {
    return Number.isFinite(this.audio.duration) && this.audio.duration > 0 ? this.audio.duration : this.recording?.seconds || 0;
  }

  _note(text) {
    setText(this.parts.note, text);
    setHidden(this.parts.note, !text);
  }

  _shown() {
    const playing = !this.audio.paused && !this.audio.ended;
    this.parts.play.firstElementChild.className = `ti ti-player-${playing ? "pause" : "play"}`;
    this.parts.play.setAttribute("aria-label", playing ? gettext("Pause") : gettext("Play"));
    const frame = () => {
      this._moved();
      if (!this.audio.paused && !this.audio.ended) requestAnimationFrame(frame);
    };
    if (playing) requestAnimationFrame(frame);
  }

  _moved() {
    const now = this._now();
    const all = this._seconds();
    setText(this.parts.time, `${clock(now)} / ${clock(all)}`);
    this.wave.move(all ? now / all : 0);
    let current = null;
    for (const step of this.steps || []) {
      if (step.after <= now + 0.05) current = step;
      step.node.classList.remove("now");
    }
    current?.node.classList.add("now");
  }

  _events(call) {
    const began = moment(this.recording.started_at);
    this.steps = [];
    for (const { at, text } of this.names.way(call.steps)) {
      const after = (moment(at) - began) / 1000;
      if (after > this._seconds() + 1) continue;
      const place = Math.max(0, after);
      const node = el("li", {}, el("button", { type: "button", onclick: () => this.seek(place) }, el("span.tnum", {}, after < 0 ? "" : clock(after)), el("span", {}, text)));
      this.steps.push({ after, node });
    }
    this.parts.events.replaceChildren(...this.steps.map((step) => step.node));
  }

  _listenings() {
    htmx.ajax("GET", `/lead/recordings/${encodeURIComponent(this.recording.id)}/listeners/`, { target: this.parts.heard });
  }

  // The graph is made when a speaker is first switched off: until then the browser plays by itself.
  _switch(number) {
    if (!this.gains) {
      const context = new AudioContext();
      const source = context.createMediaElementSource(this.audio);
      const splitter = context.createChannelSplitter(2);
      source.connect(splitter);
      this.gains = [0, 1].map((channel) => {
        const gain = context.createGain();
        splitter.connect(gain, channel);
        gain.connect(context.destination);
        return gain;
      });
      this.context = context;
    }
    this.context.resume();
    const heard = this.gains.map((gain) => gain.gain.value > 0);
    heard[number] = !heard[number];
    this.gains.forEach((gain, channel) => (gain.gain.value = heard[channel] ? 1 : 0));
    this.parts.customer.setAttribute("aria-pressed", String(heard[0]));
    this.parts.seat.setAttribute("aria-pressed", String(heard[1]));
    this.wave.hear(heard);
  }
}
