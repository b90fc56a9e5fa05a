// The page's own sounds, made on the spot: a soft ring, a short chime, a test tone.

let context = null;
let ringing = 0;
let speaker = "";

function ready() {
  context ||= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => {});
  return context;
}

// A browser lets a page sound after the first touch: then the ring is not late.
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, ready, { once: true, capture: true });

/** Through which loudspeaker; "" for the system's. */
export function through(device) {
  speaker = device || "";
  if (context?.setSinkId && speaker !== context.sinkId) context.setSinkId(speaker).catch(() => {});
}

function note(pitch, start, length, loud) {
  const at = ready();
  if (at.setSinkId && speaker && at.sinkId !== speaker) at.setSinkId(speaker).catch(() => {});
  const tone = at.createOscillator();
  const gain = at.createGain();
  const begin = at.currentTime + start;
  tone.type = "sine";
  tone.frequency.value = pitch;
  gain.gain.setValueAtTime(0, begin);
  gain.gain.linearRampToValueAtTime(loud, begin + 0.015);
  gain.gain.exponentialRampToValueAtTime(0.0001, begin + length);
  tone.connect(gain).connect(at.destination);
  tone.start(begin);
  tone.stop(begin + length + 0.05);
}

function once() {
  [659, 784, 988, 784].forEach((pitch, place) => note(pitch, place * 0.16, 0.42, 0.16));
}

export function ring(on) {
  if (on && !ringing) {
    once();
    ringing = setInterval(once, 2400);
  } else if (!on) {
    clearInterval(ringing);
    ringing = 0;
  }
}

export const chime = () => [784, 1047].forEach((pitch, place) => note(pitch, place * 0.11, 0.3, 0.1));
export const testTone = () => [523, 659, 784, 1047].forEach((pitch, place) => note(pitch, place * 0.18, 0.5, 0.2));
export const keyTone = (key) => {
  const rows = ["123A", "456B", "789C", "*0#D"];
  const row = rows.findIndex((line) => line.includes(key));
  note([697, 770, 852, 941][row], 0, 0.14, 0.06);
  note([1209, 1336, 1477, 1633][rows[row].indexOf(key)], 0, 0.14, 0.06);
};
