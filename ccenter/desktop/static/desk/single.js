// One page at a time: a second one would take the phone's registration away from the first.

const NAME = "ccenter-desk";
const PATIENCE = 1500; // ms: the page that is being loaded anew lets go in a moment

/** Waits until this page is the only one. `busy(take)` is called when another has it; take() makes that one let go. `lost`: another took it. */
export async function beTheOnly(busy, lost) {
  const channel = new BroadcastChannel(NAME);
  let release = null;
  channel.onmessage = ({ data }) => {
    if (data !== "take" || !release) return;
    release();
    release = null;
    lost();
  };
  const hold = (options) =>
    new Promise((have, fail) => {
      navigator.locks
        .request(NAME, options, () => {
          have();
          return new Promise((done) => (release = done));
        })
        .catch(fail);
    });
  try {
    await hold({ signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    const waiting = hold({});
    busy(() => channel.postMessage("take"));
    await waiting;
  }
}
