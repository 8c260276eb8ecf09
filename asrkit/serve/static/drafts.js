// What was typed and is not yet on the server's disk. It is in this browser's storage until then, so that neither a
// server that is gone nor a closed tab loses it; it is sent at once, one request a piece at a time. Where someone else
// has changed the piece meanwhile, the server keeps the text beside theirs, and it stays here until a person decides.

import { ask, isPassing, pieceAt } from "./server.js";

const AGAIN = 2000; // milliseconds between attempts

export class Drafts {
  // prefix: of the keys, one for each folder. told(pieces): what the server answered; lost(id, text, error): a text
  // that it will never take; changed(): whether all is kept may have changed.
  constructor(prefix, { told, lost, changed }) {
    Object.assign(this, { prefix, told, lost, changed });
    this.who = sessionStorage.getItem("asrkit:who") || Math.random().toString(36).slice(2, 10);
    sessionStorage.setItem("asrkit:who", this.who); // a tab of its own: two of them are two people
    this.waiting = new Map(); // id -> { text, rev, flight: what is under way, conflict: someone else was first }
    this.problem = "";
  }

  // Texts that an earlier page could not send.
  restore() {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(this.prefix)) continue;
      try {
        const { text, rev } = JSON.parse(localStorage.getItem(key));
        this.waiting.set(key.slice(this.prefix.length), { text, rev });
      } catch {
        localStorage.removeItem(key);
      }
    }
    for (const id of this.waiting.keys()) this.send(id);
  }

  get(id) {
    return this.waiting.get(id)?.text;
  }

  write(id, rev, text) {
    const draft = this.waiting.get(id) || { rev };
    draft.text = text;
    this.waiting.set(id, draft);
    try {
      localStorage.setItem(this.prefix + id, JSON.stringify({ text, rev: draft.rev }));
    } catch {
      // full or forbidden: the server is told all the same
    }
    this.changed();
    return this.send(id);
  }

  isConflict(id) {
    return Boolean(this.waiting.get(id)?.conflict);
  }

  get isAllKept() {
    return [...this.waiting.values()].every((draft) => draft.conflict && !draft.flight);
  }

  // Mine after all, over what the piece is now.
  async insist(id, rev) {
    Object.assign(this.waiting.get(id), { rev, conflict: false });
    await this.send(id);
    return !this.waiting.has(id);
  }

  // Waits until what is typed of a piece is on the server; false if someone else was first.
  async settled(id) {
    while (this.waiting.has(id) && !this.isConflict(id)) await this.send(id);
    return !this.isConflict(id);
  }

  send(id) {
    const draft = this.waiting.get(id);
    if (!draft) return undefined;
    draft.flight ||= this.flight(id, draft).finally(() => {
      draft.flight = undefined;
      this.changed();
    });
    return draft.flight;
  }

  async flight(id, draft) {
    for (;;) {
      const text = draft.text;
      try {
        const { pieces } = await ask("PUT", pieceAt(id, "text"), { rev: draft.rev, text, who: this.who });
        this.problem = "";
        draft.rev = pieces[0].rev;
        if (draft.text === text) this.forget(id);
        this.told(pieces);
        if (!this.waiting.has(id)) return;
      } catch (error) {
        if (isPassing(error)) {
          this.problem = error.status ? error.message : "the server does not answer";
          this.changed();
          await new Promise((resolve) => setTimeout(resolve, AGAIN));
          continue;
        }
        if (error.status === 409) {
          if (draft.text !== text) continue;
          draft.conflict = true;
          this.told([error.piece]);
          return;
        }
        this.forget(id);
        this.lost(id, text, error);
        return;
      }
    }
  }

  forget(id) {
    this.waiting.delete(id);
    localStorage.removeItem(this.prefix + id);
    this.changed();
  }
}
