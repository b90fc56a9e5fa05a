// Pages of the office in tabs of the console: each keeps what is written in it while a call is in front.

import { el, say } from "./dom.js";

const MOST = 8;

export class PageTabs {
  /** `root`: where the frames stand; `pop`: whose tabs they are. */
  constructor(root, pop) {
    this.root = root;
    this.pop = pop;
    this.all = new Map(); // "p1" -> {key, page, address, title, icon, frame}
    this._next = 1;
    addEventListener("message", ({ origin, source, data }) => {
      if (origin !== location.origin || !data) return;
      const from = [...this.all.values()].find((one) => one.frame.contentWindow === source);
      if (typeof data.open === "string") this.open(data.open, String(data.title || ""), String(data.icon || ""));
      if (typeof data.event === "string") document.dispatchEvent(new CustomEvent(`page:${data.event}`, { detail: data }));
      if (data.close && from) {
        this.drop(from.key);
        this.pop.close(from.key);
      }
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-tab]");
      if (!link || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.open(link.getAttribute("href"), link.dataset.tab, link.dataset.icon);
    });
  }

  /** In front, in a tab of its own; an address that is open already comes to the front. */
  open(address, title, iconName = "") {
    if (!/^\/(?!\/)/.test(address)) return; // our own pages alone
    const known = [...this.all.values()].find((one) => one.address === address);
    if (known) {
      this.pop.bring(known.key);
      return;
    }
    if (this.all.size >= MOST) {
      say(gettext("Too many pages are open: close one first."), "bad");
      return;
    }
    const key = `p${this._next++}`;
    const tab = { key, page: true, address, title, icon: iconName || "file", frame: el("iframe", { src: address, title, hidden: true }) };
    tab.frame.addEventListener("load", () => {
      const named = tab.frame.contentDocument?.title.split(" · ")[0];
      if (!named) return;
      tab.title = tab.frame.title = named;
      this.pop.retitle();
    });
    this.all.set(key, tab);
    this.root.append(tab.frame);
    this.pop.bring(key);
  }

  /** False: something is written in it, and the agent wants to keep it. */
  remove(key) {
    const tab = this.all.get(key);
    if (tab?.frame.contentDocument?.querySelector("form[data-changed]") && !confirm(gettext("Close it? What was written is not saved."))) return false;
    this.drop(key);
    return true;
  }

  drop(key) {
    this.all.get(key)?.frame.remove();
    this.all.delete(key);
  }

  /** The page in front, if it is one. */
  show(key) {
    for (const tab of this.all.values()) tab.frame.hidden = tab.key !== key;
    const tab = this.all.get(key);
    document.body.classList.toggle("page-front", Boolean(tab));
    tab?.frame.focus();
  }

  /** Buttons for the pages that belong beside a call or a customer. `tools`: [{address, label, icon, key}]; `of`: what stands for {call}, {customer}, {queue}. */
  buttons(tools, of) {
    return tools
      .filter(({ address }) => of.customer || !address.split("?")[0].includes("{customer}"))
      .map((tool) => el("button.b.small", { type: "button", onclick: () => this.use(tool, of) }, el(`i.ti.ti-${tool.icon}`, { "aria-hidden": "true" }), tool.label, tool.key ? el("kbd", null, tool.key.toUpperCase()) : null));
  }

  use({ address, label, icon }, of) {
    this.open(address.replace(/{(\w+)}/g, (_whole, name) => encodeURIComponent(of[name] ?? "")), label, icon);
  }
}
