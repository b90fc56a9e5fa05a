// The browser's phone: an account registered over a websocket, one microphone opened once, one call at a time.
//
// It answers by itself only what our own centre dialled for this page (X-CC-Call) and marked so (Call-Info: answer-after=0): a call
// the agent asked for, or the call they were in before the page was loaded anew.
// Events: "line" (detail: off, connecting, online, lost), "ringing" (detail: call id), "talking", "over", "quality", "muted", "unheard" (detail: why).

import JsSIP from "../vendor/jssip.js";

const DEAF_AFTER = 40000; // ms without the switch's OPTIONS (each 15 s): the socket is half open
const MEASURE_EVERY = 2000;

const kept = {
  get: (key) => {
    try {
      return localStorage.getItem(`phone.${key}`) || "";
    } catch {
      return "";
    }
  },
  set: (key, value) => {
    try {
      localStorage.setItem(`phone.${key}`, value);
    } catch {
      // a private window: for this page only
    }
  },
};
export { kept as settings };

/** JsSIP's transport, with an ear for the switch's questions. */
class Line {
  constructor(url) {
    this.url = url;
    this.sip_uri = `sip:${new URL(url).host};transport=ws`;
    this.via_transport = url.startsWith("wss") ? "WSS" : "WS";
    this.heard = 0;
    this._socket = null;
  }

  connect() {
    if (this._socket) return;
    const socket = (this._socket = new WebSocket(this.url, "sip"));
    socket.onopen = () => {
      this.heard = Date.now();
      this.onconnect();
    };
    socket.onmessage = ({ data }) => {
      this.heard = Date.now();
      this.ondata(data);
    };
    socket.onclose = ({ wasClean, code, reason }) => {
      if (this._socket !== socket) return;
      this._socket = null;
      this.ondisconnect(!wasClean, code, reason);
    };
  }

  disconnect() {
    const socket = this._socket;
    this._socket = null;
    socket?.close();
  }

  /** Gives a socket up that answers no more: JsSIP opens another. */
  drop() {
    if (!this._socket) return;
    this.disconnect();
    this.ondisconnect(true, 4000, "deaf");
  }

  isConnected() {
    return this._socket?.readyState === WebSocket.OPEN;
  }

  isConnecting() {
    return this._socket?.readyState === WebSocket.CONNECTING;
  }

  send(message) {
    if (!this.isConnected()) return false;
    this._socket.send(message);
    return true;
  }
}

/** Opens the microphone as the settings say. Throws what getUserMedia throws. */
export async function openMicrophone() {
  const clean = kept.get("clean") !== "off";
  const device = kept.get("microphone");
  const audio = { echoCancellation: clean, noiseSuppression: clean, autoGainControl: clean, channelCount: 1 };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: device ? { ...audio, deviceId: { exact: device } } : audio });
  } catch (error) {
    if (device && error.name === "OverconstrainedError") {
      kept.set("microphone", ""); // it was unplugged
      return navigator.mediaDevices.getUserMedia({ audio });
    }
    throw error;
  }
}

/** Why there is no microphone, in words. */
export function microphoneTrouble(error) {
  if (!navigator.mediaDevices) return gettext("The browser gives the microphone only to pages over HTTPS.");
  if (error.name === "NotAllowedError") return gettext("The browser may not use the microphone. Allow it in the address bar, then try again.");
  if (error.name === "NotFoundError") return gettext("There is no microphone. Plug in your headset, then try again.");
  if (error.name === "NotReadableError") return gettext("Another program holds the microphone. Close it, then try again.");
  return `${gettext("The microphone could not be opened.")} ${error.message || ""}`;
}

export class Phone extends EventTarget {
  constructor() {
    super();
    this.line = "off";
    this.session = null; // what rings or talks
    this.call = "";
    this.muted = false;
    this.quality = null; // {bars: 0..4, loss: %, jitter: ms, delay: ms}
    this._account = null;
    this._microphone = null;
    this._agent = null;
    this._clone = null;
    this._measured = null;
    this._sound = new Audio();
    this._sound.autoplay = true;
    setInterval(() => this._watch(), 5000);
    setInterval(() => this._measure(), MEASURE_EVERY);
    addEventListener("online", () => this._transport?.drop());
    navigator.mediaDevices?.addEventListener("devicechange", () => this._renew());
  }

  get on() {
    return this._agent !== null;
  }

  get talking() {
    return Boolean(this.session?.isEstablished());
  }

  get ringing() {
    return Boolean(this.session && !this.session.isEstablished() && !this.session.isEnded() && !this._answering);
  }

  /** Registers with an account of the server: {endpoint, password, ws, domain}. Throws when there is no microphone. */
  async start(account) {
    if (this._account?.endpoint === account.endpoint) return;
    this.stop();
    if (!this._microphone) this._take(await openMicrophone());
    this._account = account;
    this._transport = new Line(account.ws);
    this._agent = new JsSIP.UA({
      sockets: [this._transport],
      uri: `sip:${account.endpoint}@${account.domain}`,
      authorization_user: account.endpoint,
      password: account.password,
      register_expires: 120,
      session_timers: false,
      user_agent: "ccenter desk",
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 2,
    });
    this._agent.on("registered", () => {
      const back = this.line === "lost";
      this._tell("online");
      // after a gap the switch's hang-up finds the way to us only over the new socket
      if (back && this.session?.isEstablished()) this.session.renegotiate({});
    });
    this._agent.on("unregistered", () => this._agent && this._tell("connecting"));
    this._agent.on("registrationFailed", ({ cause }) => this._tell("lost", cause));
    this._agent.on("disconnected", () => this._agent && this._tell("lost"));
    this._agent.on("newRTCSession", ({ originator, session, request }) => {
      if (originator === "remote") this._incoming(session, request);
    });
    this._tell("connecting");
    this._agent.start();
  }

  stop() {
    const agent = this._agent;
    this._agent = this._account = this._transport = null;
    agent?.stop();
    this._microphone?.getTracks().forEach((track) => track.stop());
    this._microphone = null;
    this._tell("off");
  }

  /** Another microphone from the next call on. */
  async changeMicrophone() {
    const fresh = await openMicrophone();
    this._microphone?.getTracks().forEach((track) => track.stop());
    this._take(fresh);
    const sender = this.session?.connection?.getSenders().find((one) => one.track?.kind === "audio");
    if (sender) {
      const clone = fresh.getAudioTracks()[0].clone();
      clone.enabled = !this.muted;
      await sender.replaceTrack(clone);
      this._clone?.getTracks().forEach((track) => track.stop());
      this._clone = new MediaStream([clone]);
    }
  }

  _take(microphone) {
    this._microphone = microphone;
    for (const track of microphone.getAudioTracks()) track.addEventListener("ended", () => this._renew());
  }

  /** A headset was unplugged, or is there again: nobody would hear a microphone that has ended. */
  _renew() {
    if (!this._microphone?.getAudioTracks().some((track) => track.readyState === "ended")) return;
    this.changeMicrophone().catch((error) => this.dispatchEvent(new CustomEvent("unheard", { detail: microphoneTrouble(error) })));
  }

  useSpeaker() {
    this._sound.setSinkId?.(kept.get("speaker")).catch(() => {});
  }

  /** Picks up what rings; `again`: it may be the call this page lost, muted as it was. Throws nothing: it may have stopped ringing meanwhile. */
  answer(again = false) {
    const session = this.session;
    if (!session || session.isEstablished() || session.isEnded() || this._answering) return;
    this._answering = true;
    this.muted = again && kept.get("muted") === this.call;
    this._clone = new MediaStream(this._microphone.getAudioTracks().map((track) => track.clone()));
    this._clone.getTracks().forEach((track) => (track.enabled = !this.muted));
    session.answer({ mediaStream: this._clone, pcConfig: { iceServers: [] } });
    if (this.muted) this.dispatchEvent(new Event("muted"));
  }

  mute(on = !this.muted) {
    if (!this.session?.isEstablished()) return;
    this.muted = on;
    kept.set("muted", on ? this.call : "");
    this._clone?.getTracks().forEach((track) => (track.enabled = !on));
    this.dispatchEvent(new Event("muted"));
  }

  _incoming(session, request) {
    const call = request.getHeader("X-CC-Call") || "";
    const byItself = /answer-after=0/.test(request.getHeader("Call-Info") || "");
    if (!call) {
      session.terminate({ status_code: 603 });
      return;
    }
    const old = this.session; // over for the centre, though the news of it may come after the next call
    this.session = session; // before the old one ends: its end is no news
    if (old) {
      this._clone?.getTracks().forEach((track) => track.stop());
      this._clone = null;
      old.terminate();
    }
    this.call = call;
    this._answering = false;
    const mine = () => this.session === session;
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", ({ streams, track }) => {
        this._sound.srcObject = streams[0] || new MediaStream([track]);
        this.useSpeaker();
        this._sound.play().catch(() => this.dispatchEvent(new Event("silent")));
      });
    });
    // the first address of this machine is enough: no need to wait for all
    session.on("icecandidate", (event) => {
      if (/ typ host/.test(event.candidate.candidate)) event.ready();
    });
    const over = () => {
      if (!mine()) return;
      this._clone?.getTracks().forEach((track) => track.stop());
      this._clone = null;
      this._sound.srcObject = null;
      this.session = null;
      this._answering = false;
      this.quality = this._measured = null;
      this._unmute();
      this.dispatchEvent(new CustomEvent("over", { detail: call }));
    };
    session.on("ended", over);
    session.on("failed", over);
    session.on("confirmed", () => mine() && this.dispatchEvent(new CustomEvent("talking", { detail: call })));
    if (byItself) this.answer(true);
    else this.dispatchEvent(new CustomEvent("ringing", { detail: call }));
  }

  _unmute() {
    if (!this.muted) return;
    this.muted = false;
    this.dispatchEvent(new Event("muted"));
  }

  _tell(line, why = "") {
    if (line === this.line) return;
    this.line = line;
    this.dispatchEvent(new CustomEvent("line", { detail: { line, why } }));
  }

  _watch() {
    const line = this._transport;
    if (line?.isConnected() && Date.now() - line.heard > DEAF_AFTER) line.drop();
  }

  /** Loss, jitter and delay of what we hear, every two seconds of a call, and from them bars as on a mobile phone. */
  async _measure() {
    const connection = this.session?.isEstablished() && this.session.connection;
    if (!connection) return;
    let heard = null;
    let delay = 0;
    for (const report of (await connection.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "audio") heard = report;
      if (report.type === "candidate-pair" && report.nominated) delay = (report.currentRoundTripTime || 0) * 1000;
    }
    if (!heard) return;
    const before = this._measured;
    this._measured = { lost: heard.packetsLost, got: heard.packetsReceived };
    if (!before) return;
    const lost = Math.max(0, heard.packetsLost - before.lost);
    const got = heard.packetsReceived - before.got;
    const jitter = (heard.jitter || 0) * 1000;
    const loss = got + lost ? (100 * lost) / (got + lost) : 100; // nothing came: nothing is heard
    // the E-model in short: a quality from 0 to 100 for PCMU
    const late = delay / 2 + jitter * 2 + 20;
    const rating = 93 - (late < 160 ? late / 40 : (late - 120) / 10) - loss * 2.5;
    const bars = rating >= 85 ? 4 : rating >= 75 ? 3 : rating >= 60 ? 2 : got ? 1 : 0;
    this.quality = { bars, loss, jitter, delay };
    this.dispatchEvent(new Event("quality"));
  }
}
