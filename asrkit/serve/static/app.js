// The page: what the server knows, shown; what a person does, sent.

import { Adding } from "./adding.js";
import { Drafts } from "./drafts.js";
import { Pieces } from "./pieces.js";
import { Player } from "./player.js";
import { ask, clock, isPassing, pieceAt, recordingAt } from "./server.js";
import { showQueue, showRecordings, showSaved } from "./sidebar.js";

const $ = (id) => document.getElementById(id);
const OFTEN = 500; // milliseconds between questions for news
const SELDOM = 4000; // while nobody looks at the page
const FORMATS = {
  txt: "text", srt: "subtitles", vtt: "subtitles", ctm: "words for scoring", stm: "lines for scoring", textgrid: "Praat", eaf: "ELAN",
  tsv: "table",
};
const UNDECIDED = "Two texts of this line were typed at the same time: choose one first.";

const settings = await ask("GET", "/api/settings");
const lang = settings.lang === "und" ? "" : settings.lang;
const pieces = new Map(); // of the open recording, by id
let known = { sequence: 0, recordings: [], queue: [], order: [], saved: { utterances: 0, seconds: 0, problem: "" } };
let open; // id of the open recording
let wanted; // piece to go to once it is there
let away = ""; // what is wrong with the connection
let said = ""; // what the last action met

const drafts = new Drafts(`asrkit:${settings.folder}:`, {
  told,
  lost: (id, text, error) => tell(`${error.message}. What you had typed: ${text}`),
  changed: showKept,
});

const act = {
  write: (piece, text) => drafts.write(piece.id, piece.rev, text),
  mark: (piece, done, next) => {
    if (next) act.step(piece, 1);
    return change(piece, () => ask("PUT", pieceAt(piece.id, "done"), { rev: current(piece).rev, done }));
  },
  move: (piece, start, end) => change(piece, () => ask("PUT", pieceAt(piece.id, "borders"), { rev: current(piece).rev, start, end })),
  split: async (piece, before, after) => {
    const made = await change(piece, () => ask("POST", pieceAt(piece.id, "split"), { rev: current(piece).rev, before, after }));
    if (made) wanted = { id: made[1].id, place: 0 };
  },
  merge: (piece, place) => merge(piece, neighbor(piece, 1), place ?? piece.text.length),
  mergeBefore: (piece) => {
    const before = neighbor(piece, -1);
    return merge(before, piece, before?.text.length);
  },
  // texts of two who typed at the same time: another's, beside the line; or mine, that came too late
  adopt: async (piece, who, text) => {
    await drafts.write(piece.id, piece.rev, text);
    await act.dismiss(piece, who);
  },
  insist: async (piece) => (await drafts.insist(piece.id, current(piece).rev)) && act.dismiss(piece, drafts.who),
  yield: (piece) => {
    drafts.forget(piece.id);
    return act.dismiss(piece, drafts.who);
  },
  dismiss: (piece, who) => change(piece, () => ask("DELETE", `${pieceAt(piece.id, "others")}?who=${encodeURIComponent(who)}`)),
  step: (piece, by) => {
    const to = neighbor(piece, by);
    if (to) rows.focus(to.id);
  },
  play: (piece) => player.play(piece.start, piece.end),
  playWord: ([, start, end]) => player.play(start, end, true),
  toggle: (piece, word) => (player.isPlaying ? player.pause() : player.play(word ? word[1] : piece.start, piece.end)),
  activated: (piece) => player.mark(piece),
};
const rows = new Pieces($("pieces"), lang, settings.max_characters, drafts.who, act);
const player = new Player($("wave"), {
  moved: (seconds) => {
    $("time").textContent = clock(seconds);
    rows.light(seconds);
  },
  playing: (yes) => ($("play").textContent = yes ? "Pause" : "Play"),
  clicked: (seconds) => {
    const at = rows.light(seconds);
    if (at) rows.activate(at.id);
  },
  borders: (start, end) => {
    const piece = pieces.get(rows.active);
    if (piece) act.move(piece, start, end);
  },
});

const current = (piece) => pieces.get(piece.id) || piece;
const neighbor = (piece, by) => pieces.get(known.order[known.order.indexOf(piece.id) + by]);

async function merge(piece, following, place) {
  if (!piece || !following) return;
  if (!(await drafts.settled(following.id))) return tell(UNDECIDED);
  const made = await change(piece, () => {
    const [one, two] = [current(piece), current(following)];
    return ask("POST", pieceAt(one.id, "merge"), { rev: one.rev, other: two.id, other_rev: two.rev });
  });
  if (made) wanted = { id: piece.id, place };
}

// A change other than of text: after what was typed before it.
async function change(piece, request) {
  if (!(await drafts.settled(piece.id))) return tell(UNDECIDED);
  try {
    const { pieces: made } = await request();
    tell("");
    told(made);
    news();
    return made;
  } catch (error) {
    if (error.status === 409) {
      told([error.piece]);
      tell("Someone else has changed this line meanwhile: look at it, and do it again.");
    } else if (isPassing(error) && !error.status) tell("The server does not answer: this was not done. Do it again when it does.");
    else tell(error.message);
    const now = current(piece);
    if (pieces.has(piece.id)) told([{ ...now }]); // boxes and borders as they are
    return undefined;
  }
}

// Pieces as the server has them.
function told(made) {
  for (const piece of made) {
    if (piece.recording !== open) continue;
    const before = pieces.get(piece.id);
    if (before && before.rev > piece.rev) continue; // an answer that was overtaken
    pieces.set(piece.id, piece);
    if (drafts.isConflict(piece.id) && drafts.get(piece.id) === piece.text) drafts.forget(piece.id); // both agree
    if (!known.order.includes(piece.id)) known.order.push(piece.id);
  }
  showText();
}

function showText() {
  const shown = known.order.map((id) => pieces.get(id)).filter(Boolean);
  shown.sort((one, two) => one.start - two.start || one.end - two.end);
  rows.show(shown, drafts);
  if (wanted && rows.rows.has(wanted.id)) {
    rows.focus(wanted.id, wanted.place);
    wanted = undefined;
  }
}

let asking;
async function news() {
  clearTimeout(asking);
  const [since, of] = [known.sequence, open];
  try {
    const query = new URLSearchParams({ since, recording: of || "" });
    const answer = await ask("GET", `/api/state?${query}`);
    away = "";
    if (of === open && since === known.sequence) take(answer);
  } catch (error) {
    away = error.status ? error.message : "The server does not answer. What you type is kept in this browser, and sent when it does.";
  }
  showKept();
  clearTimeout(asking);
  asking = setTimeout(news, document.hidden ? SELDOM : OFTEN);
}

function take(answer) {
  if (answer.sequence < known.sequence) return choose(open, true); // another folder
  known = { ...known, ...answer };
  showSaved($("saved"), known.saved, settings.folder);
  if (!answer.recordings) return;
  for (const id of pieces.keys()) if (!answer.order.includes(id)) pieces.delete(id);
  told(answer.pieces);
  const there = known.recordings.find((recording) => recording.id === open);
  if (open && !there) choose(undefined);
  if (!open && known.recordings.length) choose(known.recordings.find((r) => r.id === location.hash.slice(1))?.id ?? known.recordings.at(-1).id);
  showAll();
}

function showAll() {
  const there = known.recordings.find((recording) => recording.id === open);
  showRecordings($("recordings"), [...known.recordings].reverse(), adding.sending, open, (id) => choose(id));
  showQueue($("queue"), known.queue, lang, goTo);
  $("welcome").hidden = Boolean(there) || adding.sending.length > 0;
  $("open").hidden = !there;
  document.title = there ? `${there.name} · asrkit` : "asrkit";
  if (!there) return;
  for (const [field, value] of [["name", there.name], ["speaker", there.speaker]]) {
    if (document.activeElement !== $(field)) $(field).value = value;
  }
  const percent = Math.floor((100 * there.heard) / there.seconds);
  $("progress").textContent = there.failed
    ? `Not recognized: ${there.failed}`
    : there.heard < there.seconds
      ? `Recognizing… ${percent} %`
      : `${there.done} of ${there.pieces} done`;
  showText();
}

function choose(id, afresh) {
  if (id === open && !afresh) return;
  open = id;
  location.replace(`#${id ?? ""}`);
  pieces.clear();
  rows.show([], drafts);
  rows.activate(undefined);
  known = { ...known, sequence: 0, order: [] };
  const there = known.recordings.find((recording) => recording.id === id);
  if (there) {
    player.open(there).catch((error) => tell(`The sound cannot be read: ${error.message}`));
    $("formats").replaceChildren(
      ...settings.formats.map((format) => {
        const link = document.createElement("a");
        link.href = `${recordingAt(id, "export")}?format=${encodeURIComponent(format)}`;
        link.download = "";
        link.textContent = FORMATS[format] ? `${format}: ${FORMATS[format]}` : format;
        const row = document.createElement("li");
        row.append(link);
        return row;
      }),
    );
  } else player.close();
  showAll();
  news();
}

function goTo(piece) {
  wanted = { id: piece.id, place: 0 };
  if (piece.recording === open) showText();
  else choose(piece.recording);
}

function tell(text) {
  said = text;
  showKept();
}

function showKept() {
  const problem = away || drafts.problem || said || known.saved.problem;
  $("problem").hidden = !problem;
  if ($("problem").textContent !== problem) $("problem").textContent = problem;
  const kept = !drafts.isAllKept ? (away || drafts.problem ? "Kept in this browser" : "Saving…") : away ? "" : "All kept";
  if ($("kept").textContent !== kept) $("kept").textContent = kept;
}

const adding = new Adding({
  limit: settings.max_bytes,
  tell,
  shown: showAll,
  added: (recording) => {
    known.recordings = [...known.recordings, recording];
    choose(recording.id);
  },
});
addEventListener("keydown", (event) => {
  if (event.key !== "F4" || event.altKey) return;
  event.preventDefault();
  const next = known.queue.find((piece) => piece.id !== rows.active) || known.queue[0];
  if (next) goTo(next);
});
addEventListener("beforeunload", (event) => {
  if (adding.records) event.preventDefault(); // what is typed is kept, a recording is not
});
for (const field of ["name", "speaker"]) {
  $(field).onchange = () =>
    ask("PATCH", recordingAt(open), { name: $("name").value, speaker: $("speaker").value }).then(news, (error) => tell(error.message));
}
$("remove").onclick = () => {
  if (!confirm("Remove this recording and its text from the page and from the training data? Its files stay in the folder.")) return;
  ask("DELETE", recordingAt(open)).then(news, (error) => tell(error.message));
};
$("play").onclick = () => (player.isPlaying ? player.pause() : player.go());
$("insert").onclick = async () => {
  try {
    const { pieces: made } = await ask("POST", recordingAt(open, "pieces"), { at: player.time });
    tell("");
    wanted = { id: made[0].id, place: 0 };
    told(made);
    news();
  } catch (error) {
    tell(error.message);
  }
};
$("speed").onchange = () => player.speed(Number($("speed").value));
$("help-open").onclick = () => $("help").showModal();
document.addEventListener("visibilitychange", () => document.hidden || news());
if (lang) Object.assign($("lang"), { hidden: false, textContent: lang, title: "Language" });
drafts.restore();
news();
