// Microphone and loudspeaker: which, how loud, a test tone. The choice is this browser's.

import { $, el, icon } from "./dom.js";
import { microphoneTrouble, openMicrophone, settings } from "./phone.js";
import { testTone, through } from "./sound.js";

/** Draws the check into `root`; answers what ends it. `changed`: called when another microphone or loudspeaker was chosen. */
export function drawDevices(root, changed = () => {}) {
  let stream = null;
  let context = null;
  let over = false;
  const level = el("div.level", { role: "meter", "aria-label": gettext("Level of the microphone") }, el("i"));
  const microphones = el("select.in", { "aria-label": gettext("Microphone"), onchange: () => choose("microphone", microphones.value) });
  const speakers = el("select.in", { "aria-label": gettext("Loudspeaker"), onchange: () => choose("speaker", speakers.value) });
  const clean = el("input", { type: "checkbox", checked: settings.get("clean") !== "off", onchange: () => choose("clean", clean.checked ? "" : "off") });
  const trouble = el("div.door-error", { hidden: true });
  root.replaceChildren(
    el("label.field", null, el("span", null, gettext("Microphone")), microphones), level,
    el("label.field", null, el("span", null, gettext("Loudspeaker")), el("div.dates", null, speakers, el("button.b", { type: "button", onclick: () => testTone() }, icon("volume"), gettext("Test")))),
    el("label.check", null, clean, gettext("Suppress echo and noise")), trouble);

  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    context?.close();
    context = null;
  };

  async function choose(what, value) {
    settings.set(what, value);
    if (what === "speaker") through(value);
    else await open();
    changed(what);
  }

  async function open() {
    stop();
    try {
      const opened = await openMicrophone();
      if (over) {
        opened.getTracks().forEach((track) => track.stop());
        return;
      }
      stream = opened;
      trouble.hidden = true;
    } catch (error) {
      trouble.textContent = microphoneTrouble(error);
      trouble.hidden = false;
      return;
    }
    const devices = await navigator.mediaDevices.enumerateDevices(); // their names are told once the microphone was allowed
    if (over || !stream) return; // the card was closed meanwhile
    fill(microphones, devices.filter((one) => one.kind === "audioinput"), settings.get("microphone"));
    fill(speakers, devices.filter((one) => one.kind === "audiooutput"), settings.get("speaker"));
    context = new AudioContext();
    const ear = context.createAnalyser();
    ear.fftSize = 512;
    context.createMediaStreamSource(stream).connect(ear);
    const samples = new Float32Array(ear.fftSize);
    const bar = $("i", level);
    const show = () => {
      if (!context || over) return;
      ear.getFloatTimeDomainData(samples);
      const loud = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
      bar.style.width = `${Math.max(0, Math.min(100, 100 + 20 * Math.log10(loud + 1e-6) * 1.6))}%`;
      setTimeout(show, 60);
    };
    show();
  }

  function fill(select, devices, kept) {
    select.replaceChildren(el("option", { value: "" }, gettext("As the system has it")), ...devices.filter((one) => one.deviceId && one.deviceId !== "default").map((one) => el("option", { value: one.deviceId, selected: one.deviceId === kept }, one.label || one.deviceId.slice(0, 8))));
  }

  through(settings.get("speaker"));
  open();
  return () => {
    over = true;
    stop();
  };
}

export function showDevices(phone) {
  const dialog = el("dialog.box", { "aria-label": gettext("Microphone and loudspeaker") });
  const root = el("div.devices");
  dialog.append(el("h2", null, gettext("Microphone and loudspeaker")), root, el("div.form-foot", null, el("button.b.main", { type: "button", onclick: () => dialog.close() }, gettext("Done"))));
  document.body.append(dialog);
  dialog.showModal();
  const stop = drawDevices(root, (what) => {
    if (what === "speaker") phone.useSpeaker();
    else if (phone.on) phone.changeMicrophone().catch(() => {});
  });
  dialog.addEventListener("close", () => {
    stop();
    dialog.remove();
  });
}
