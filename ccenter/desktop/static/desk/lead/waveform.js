// Two speakers' waveforms, one above the other, drawn on a canvas; what was played is in full colour.

const LANES = ["--talking", "--ready"]; // customer, seat: colours of the style
const GAP = 1;
const BAR = 2; // pixels
const PAD = 3;

export class Waveform {
  /** `seek(share)` when somebody clicks or uses the arrow keys; share from 0 to 1. */
  constructor(canvas, seek) {
    this.canvas = canvas;
    this.peaks = [[], []];
    this.marks = []; // shares
    this.at = 0;
    this.seconds = 0;
    this.audible = [true, true];
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      seek(this._share(event));
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && seek(this._share(event)));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -5, ArrowRight: 5, PageUp: 30, PageDown: -30 }[event.key];
      if (!this.seconds || (step === undefined && event.key !== "Home")) return;
      event.preventDefault();
      event.stopPropagation();
      seek(event.key === "Home" ? 0 : Math.min(1, Math.max(0, this.at + step / this.seconds)));
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  }

  /** Peaks from 0 to 1 of both speakers, `marks` as shares of the time, and how long it lasts in seconds. */
  show(peaks, marks, seconds) {
    this.peaks = peaks;
    this.marks = marks;
    this.seconds = seconds;
    this.move(0);
    this.canvas.setAttribute("aria-valuemax", String(Math.round(seconds)));
  }

  move(share) {
    this.at = share;
    this.canvas.setAttribute("aria-valuenow", String(Math.round(share * this.seconds)));
    this.draw();
  }

  hear(audible) {
    this.audible = audible;
    this.draw();
  }

  _share(event) {
    const box = this.canvas.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  }

  draw() {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const lane = height / 2;
    pen.fillStyle = style.getPropertyValue("--line");
    pen.fillRect(0, Math.round(lane), width, 1);
    LANES.forEach((colour, number) => this._lane(pen, this.peaks[number] || [], style.getPropertyValue(colour), width, lane, number));
    pen.fillStyle = style.getPropertyValue("--warn");
    for (const mark of this.marks) pen.fillRect(Math.round(mark * (width - 1)), 0, 1, height);
    pen.fillStyle = style.getPropertyValue("--bad");
    pen.fillRect(Math.round(this.at * (width - 2)), 0, 2, height);
  }

  _lane(pen, peaks, colour, width, lane, number) {
    const middle = lane * (number + 0.5);
    const most = lane / 2 - PAD;
    const bars = Math.floor(width / (BAR + GAP));
    pen.fillStyle = colour;
    for (let bar = 0; bar < bars; bar += 1) {
      const from = Math.floor((bar / bars) * peaks.length);
      const to = Math.max(from + 1, Math.floor(((bar + 1) / bars) * peaks.length));
      let peak = 0;
      for (let place = from; place < to && place < peaks.length; place += 1) peak = Math.max(peak, peaks[place]);
      const half = Math.max(0.5, Math.sqrt(peak) * most); // the root: speech on a telephone is quiet
      pen.globalAlpha = !this.audible[number] ? 0.15 : (bar + 1) / bars <= this.at ? 1 : 0.45;
      pen.fillRect(bar * (BAR + GAP), middle - half, BAR, half * 2);
    }
    pen.globalAlpha = 1;
  }
}
