// The lines of the open recording: one row a piece, kept over updates so that the cursor stays where it is.

import { clock } from "./server.js";
import { draw, light, tokens, wordAt } from "./words.js";

const DOUBTFUL = 0.7; // pieces below are marked at their side

const make = (tag, options = {}, ...children) => {
  const made = document.createElement(tag);
  const { attributes = {}, ...rest } = options;
  Object.assign(made, rest);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

class Row {
  constructor(list, id) {
    this.list = list;
    this.id = id;
    const act = (name, ...more) => () => list.act[name](this.piece, ...more);
    this.at = make("button", { type: "button", className: "at", onclick: act("play") });
    this.behind = make("div", { className: "behind", attributes: { "aria-hidden": "true", dir: "auto" } });
    this.area = make("textarea", { rows: 1, spellcheck: false, dir: "auto", maxLength: list.longest, attributes: { autocapitalize: "off", autocomplete: "off" } });
    for (const node of [this.behind, this.area]) if (list.lang) node.lang = list.lang;
    this.box = make("input", { type: "checkbox", onchange: () => list.act.mark(this.piece, this.box.checked) });
    const border = (label) => make("input", { type: "number", step: "0.05", min: "0", attributes: { "aria-label": label } });
    this.start = border("Start in seconds");
    this.end = border("End in seconds");
    for (const input of [this.start, this.end]) {
      input.onchange = () => list.act.move(this.piece, Number(this.start.value), Number(this.end.value));
    }
    this.sure = make("span", { className: "sure" });
    this.note = make("div", { className: "note", hidden: true, attributes: { role: "alert" } });
    const tool = (text, title, onclick) => make("button", { type: "button", title, onclick }, text);
    this.merge = tool("Merge with next", "Delete at the very end", act("merge"));
    const tools = make(
      "div",
      { className: "tools" },
      tool("Split at cursor", "Shift+Enter", () => this.split()),
      this.merge,
      make("label", {}, "from", this.start),
      make("label", {}, "to", this.end),
      this.sure,
    );
    this.node = make(
      "li",
      { className: "piece" },
      this.at,
      make("div", { className: "field" }, this.behind, this.area),
      make("label", { className: "check" }, this.box, "Done"),
      this.note,
      tools,
    );
    this.node.addEventListener("focusin", () => list.activate(this.id));
    this.area.addEventListener("input", () => this.typed());
    this.area.addEventListener("click", () => this.clicked());
    this.area.addEventListener("keydown", (event) => this.key(event));
  }

  typed() {
    const text = this.area.value.replace(/[\r\n]+/g, " "); // pasted lines are one
    if (text !== this.area.value) this.area.value = text;
    this.redraw();
    this.list.act.write(this.piece, text);
  }

  clicked() {
    if (this.area.selectionStart !== this.area.selectionEnd) return;
    const word = wordAt(this.tokens, this.area.selectionStart);
    if (word) this.list.act.playWord(word);
  }

  split() {
    const at = this.area.selectionStart;
    this.list.act.split(this.piece, this.area.value.slice(0, at), this.area.value.slice(at));
  }

  key(event) {
    if (event.isComposing) return; // an input method has the key
    const { selectionStart: from, selectionEnd: to, value } = this.area;
    const bare = !event.altKey && !event.ctrlKey && !event.metaKey;
    const act = this.list.act;
    if (event.key === "Enter" && bare && event.shiftKey) this.split();
    else if (event.key === "Enter" && !event.altKey) act.mark(this.piece, true, true);
    else if (event.key === "Backspace" && bare && to === 0) act.mergeBefore(this.piece);
    else if (event.key === "Delete" && bare && from === value.length) act.merge(this.piece, from);
    else if (event.key === "ArrowUp" && event.altKey) act.step(this.piece, -1);
    else if (event.key === "ArrowDown" && event.altKey) act.step(this.piece, 1);
    else if (event.key === "Escape") act.toggle(this.piece, wordAt(this.tokens, from));
    else if (event.key === "F2") act.play(this.piece);
    else return;
    event.preventDefault();
  }

  // draft: what is typed and not yet kept, else undefined; conflict: as someone else was first.
  show(piece, number, last, draft, conflict) {
    this.piece = piece;
    this.conflict = conflict;
    const text = draft ?? piece.text;
    if (this.area.value !== text) {
      const place = this.area.selectionStart;
      this.area.value = text;
      if (document.activeElement === this.area) this.area.setSelectionRange(place, place);
    }
    const span = `${clock(piece.start)} to ${clock(piece.end)}`;
    const sure = piece.confidence === null ? "" : `${Math.round(100 * piece.confidence)} % sure`;
    this.at.textContent = clock(piece.start);
    this.at.setAttribute("aria-label", `Play line ${number}, ${span}`);
    this.area.setAttribute("aria-label", [`Line ${number}, ${span}`, piece.done ? "done" : sure].filter(Boolean).join(", "));
    this.box.checked = piece.done;
    this.sure.textContent = sure && `recognized, ${sure}`;
    this.merge.disabled = last;
    if (document.activeElement !== this.start) this.start.value = piece.start.toFixed(2);
    if (document.activeElement !== this.end) this.end.value = piece.end.toFixed(2);
    this.node.classList.toggle("done", piece.done);
    this.node.classList.toggle("doubtful", !piece.done && piece.confidence !== null && piece.confidence < DOUBTFUL);
    this.showOthers();
    this.redraw();
  }

  showOthers() {
    const { act, lang, who: me } = this.list;
    const others = Object.entries(this.piece.others).filter(([who]) => !(this.conflict && who === me));
    const noted = JSON.stringify([others, this.conflict && this.piece.text]);
    if (noted === this.noted) return;
    this.noted = noted;
    const line = (said, text, ...buttons) =>
      make(
        "p",
        {},
        said,
        make("q", { dir: "auto", lang }, text),
        ...buttons.map(([name, onclick]) => make("button", { type: "button", onclick }, name)),
      );
    const rows = others.map(([who, text]) =>
      line(
        "Someone typed at the same time: ",
        text,
        ["Use this", () => act.adopt(this.piece, who, text)],
        ["Discard", () => act.dismiss(this.piece, who)],
      ),
    );
    if (this.conflict) {
      const [mine, theirs] = [() => act.insist(this.piece), () => act.yield(this.piece)];
      rows.unshift(line("Someone else was first, and wrote: ", this.piece.text, ["Use theirs", theirs], ["Use mine", mine]));
    }
    this.note.hidden = !rows.length;
    this.note.replaceChildren(...rows);
  }

  redraw() {
    this.tokens = tokens(this.area.value, this.piece.words);
    draw(this.behind, this.tokens, !this.piece.done);
  }
}

export class Pieces {
  // longest: characters of a line. who: this tab, as others know it. act: what rows ask for (app.js).
  constructor(node, lang, longest, who, act) {
    Object.assign(this, { node, lang, longest, who, act });
    this.rows = new Map();
    this.lit = undefined;
    this.active = undefined;
  }

  // pieces: of the recording, in order; drafts: what is typed and not yet kept.
  show(pieces, drafts) {
    const ids = new Set(pieces.map((piece) => piece.id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
    let before = null;
    pieces.forEach((piece, at) => {
      let row = this.rows.get(piece.id);
      if (!row) this.rows.set(piece.id, (row = new Row(this, piece.id)));
      if (row.piece !== piece || row.number !== at || row.last !== (at === pieces.length - 1)) {
        row.number = at;
        row.last = at === pieces.length - 1;
        row.show(piece, at + 1, row.last, drafts.get(piece.id), drafts.isConflict(piece.id));
      }
      // moved only where it has to be: a moved field loses the cursor
      const next = before ? before.nextSibling : this.node.firstChild;
      if (next !== row.node) this.node.insertBefore(row.node, next);
      before = row.node;
    });
  }

  activate(id) {
    if (this.active === id) return;
    this.rows.get(this.active)?.node.classList.remove("active");
    this.active = id;
    const row = this.rows.get(id);
    row?.node.classList.add("active");
    this.act.activated(row?.piece);
  }

  focus(id, place) {
    const row = this.rows.get(id);
    if (!row) return;
    row.area.focus();
    const at = place ?? row.area.value.length;
    row.area.setSelectionRange(at, at);
    row.node.scrollIntoView({ block: "center", behavior: "smooth" });
  }

  light(seconds) {
    const at = [...this.rows.values()].find(({ piece }) => piece.start <= seconds && seconds < piece.end);
    if (this.lit && this.lit !== at) light(this.lit.behind);
    this.lit = at;
    if (at) light(at.behind, seconds);
    return at?.piece;
  }
}
