// What a page hears: the level of a tone in the sound that came last from the far side. Put into every page before its own scripts.
(() => {
  localStorage.setItem("phone.clean", "off"); // echo and noise suppression would take a tone away
  const SIZE = 4096; // at 48 kHz a resolution of 12 Hz, and 85 ms of sound
  let context = null;
  let analyser = null;
  let source = null; // of the last call only
  let line = null; // its connection
  const values = new Float32Array(SIZE / 2);
  const listen = (stream) => {
    context ||= new AudioContext();
    source?.disconnect();
    analyser = context.createAnalyser();
    analyser.fftSize = SIZE;
    analyser.smoothingTimeConstant = 0;
    source = context.createMediaStreamSource(stream);
    source.connect(analyser);
  };
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", ({ track }) => {
        line = this;
        listen(new MediaStream([track]));
      });
    }
  };
  /** dB of the tone, as an analyser counts (a party's tone: about -20); -200 when there is nothing to hear. */
  const level = (hz) => {
    if (!analyser) return -200;
    analyser.getFloatFrequencyData(values);
    const at = Math.round((hz * SIZE) / context.sampleRate);
    return Math.max(-200, ...values.slice(at - 1, at + 2));
  };
  const microphones = []; // all that were opened
  const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (open) {
    navigator.mediaDevices.getUserMedia = async (...given) => {
      microphones.push(await open(...given));
      return microphones.at(-1);
    };
  }
  const told = []; // what was said in passing, though it is gone again
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const one of addedNodes) if (one.classList?.contains("toast-line")) told.push(one.textContent);
  }).observe(document, { childList: true, subtree: true });
  const waits = (condition, patience) =>
    new Promise((done) => {
      const began = performance.now();
      const timer = setInterval(() => {
        const now = performance.now();
        const there = condition(now);
        if (!there && now - began < patience) return;
        clearInterval(timer);
        done(there);
      }, 20);
    });
  window.ear = {
    level,
    /** Waits until a toast said it; answers whether, within `patience` ms. */
    told: (text, patience) => waits(() => told.some((one) => one.includes(text)), patience),
    microphones,
    /** What is known of the sound when a tone is missed. */
    describe: async () => {
      const found = { state: context?.state, line: line?.connectionState };
      for (const one of (await line?.getStats())?.values() ?? []) {
        if (one.type === "inbound-rtp") {
          for (const name of ["packetsReceived", "packetsLost", "packetsDiscarded", "audioLevel", "totalSamplesReceived", "concealedSamples", "silentConcealedSamples", "jitterBufferFlushes", "insertedSamplesForDeceleration", "removedSamplesForAcceleration"]) found[name] = one[name];
        }
      }
      return JSON.stringify(found);
    },
    /** Waits until the tone was there (or not there) for `stretch` ms without a break; answers whether, within `patience` ms. */
    until: (hz, there, stretch, patience) => {
      let since = performance.now();
      return waits((now) => {
        if (level(hz) > -45 !== there) since = now;
        return now - since >= stretch;
      }, patience);
    },
  };
})();
