// Recordings, what to correct next, and what is saved: all that is beside the text.

import { clock } from "./server.js";

const item = (current, name, about, onclick, ...more) => {
  const button = document.createElement("button");
  button.type = "button";
  button.onclick = onclick;
  if (current) button.setAttribute("aria-current", "true");
  const title = document.createElement("span");
  Object.assign(title, { className: "name", textContent: name, dir: "auto" });
  const beside = document.createElement("span");
  Object.assign(beside, { className: "about", textContent: about });
  button.append(title, beside, ...more);
  const row = document.createElement("li");
  row.append(button);
  return row;
};

// Replaces the rows, unless they say the same: the focus may be on one.
function refill(list, key, rows) {
  if (list.dataset.key === key) return;
  const at = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.dataset.key = key;
  list.replaceChildren(...rows());
  if (at >= 0) [...list.querySelectorAll("button")].at(Math.min(at, list.children.length - 1))?.focus();
}

export function showRecordings(list, recordings, sending, open, choose) {
  const about = (of) => {
    if (of.failed) return "failed";
    if (of.heard < of.seconds) return `${Math.floor((100 * of.heard) / of.seconds)} %`;
    return of.pieces ? `${of.done} of ${of.pieces}` : "no speech";
  };
  const bar = (of) => {
    const made = document.createElement("progress");
    const decoding = !of.failed && of.heard < of.seconds;
    made.max = decoding ? of.seconds : Math.max(1, of.pieces);
    made.value = decoding ? of.heard : of.done;
    made.setAttribute("aria-label", decoding ? "recognized" : "done");
    return made;
  };
  const key = JSON.stringify([recordings, sending, open]);
  refill(list, key, () => [
    ...sending.map((name) => item(false, name, "sending…", () => {})),
    ...recordings.map((of) => item(of.id === open, of.name, about(of), () => choose(of.id), bar(of))),
  ]);
}

export function showQueue(list, queue, lang, choose) {
  refill(list, JSON.stringify(queue.map((piece) => [piece.id, piece.text, piece.confidence])), () =>
    queue.map((piece) => {
      const sure = piece.confidence === null ? "" : `${Math.round(100 * piece.confidence)} %`;
      const row = item(false, piece.text || "(empty)", sure, () => choose(piece));
      if (lang) row.querySelector(".name").lang = lang;
      return row;
    }),
  );
}

export function showSaved(node, saved, folder) {
  const length = saved.seconds < 60 ? `${saved.seconds.toFixed(0)} s` : `${clock(saved.seconds, 0)} min`;
  const bold = document.createElement("b");
  bold.textContent = `${saved.utterances} ${saved.utterances === 1 ? "line" : "lines"}, ${length}`;
  const key = `${bold.textContent} ${folder}`;
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.replaceChildren(bold, ` of training data in ${folder}`);
}
