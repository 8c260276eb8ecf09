"""Text T of a language to what the Transcoder learns from: phones, word labels, a list of words.

Every line is either used or counted with a reason; nothing is lost silently.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from asrkit.files import DataError, atomic, write_json
from asrkit.keys import key_of
from asrkit.text.normalize import NormalizeError, normalize, split_hyphens
from asrkit.text.phonemize import Phonemizer, Sentence
from asrkit.text.scripts import script_of
from asrkit.tokens import BLANK, UNK, TokenList
from asrkit.transcoder.homophones import Homophones
from asrkit.transcoder.labels import LabelError, word_labels, words_of

_SHOWN = 80  # characters of a skipped line that are kept to look at
_ONE_SCRIPT = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HANGUL": "CJK"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextOptions:
    """vocabulary: most frequent words kept. valid, test: sentences held out, by a hash of them.

    max_words, max_characters: longer lines are skipped (attention grows with their square).
    mixed_scripts: ``skip`` or ``keep`` sentences whose letters are of several scripts.
    """

    vocabulary: int = 50_000
    valid: int = 1000
    test: int = 1000
    max_words: int = 100
    max_characters: int = 5000
    mixed_scripts: str = "skip"
    seed: int = 0


def scripts(text: str) -> set[str]:
    """Scripts of the letters of a text; those of Japanese and Korean count as one."""
    found = {script_of(character) for character in text}
    return {_ONE_SCRIPT.get(script, script) for script in found if script is not None}


def read_sentences(
    lines: Iterable[tuple[str, str]],
    language: str,
    options: TextOptions,
    skipped: Skipped,
    held_out: frozenset[str] = frozenset(),
    hyphens: str = "split",
) -> dict[str, str]:
    """(place, raw line) to distinct sentences in asrkit's spelling, in their order: the words by
    the policy of ``hyphens``, and the same with all hyphens, for espeak.

    held_out: sentences in that spelling, of the valid and test sets of speech, to leave out.
    """
    kept: dict[str, str] = {}
    for place, line in lines:
        if len(line) > options.max_characters:
            skipped.add("too_long", place, line)
            continue
        try:
            whole = normalize(line, language, hyphens="keep")
        except NormalizeError:
            skipped.add("markup", place, line)
            continue
        text = split_hyphens(whole) if hyphens == "split" else whole
        if not text:
            skipped.add("nothing_spoken", place, line)
        elif text in held_out:
            skipped.add("held_out", place, line)
        elif text.count(" ") >= options.max_words:
            skipped.add("too_long", place, line)
        elif options.mixed_scripts == "skip" and len(scripts(text)) > 1:
            skipped.add("mixed_scripts", place, line)
        elif text in kept:
            skipped.add("repeated", place, line)
        else:
            kept[text] = whole
    return kept


class Skipped:
    """Counts by reason, and a file ``reason<TAB>place<TAB>beginning of the line``."""

    def __init__(self, stream: IO[str]) -> None:
        self.counts: Counter[str] = Counter()
        self._stream = stream

    def add(self, reason: str, place: str, line: str) -> None:
        self.counts[reason] += 1
        shown = " ".join(line[:_SHOWN].split())
        self._stream.write(f"{reason}\t{place}\t{shown}\n")


class NotEnoughText(DataError):
    """What is left of a text is too little; skipped.tsv says why."""


@contextlib.contextmanager
def _skipped(path: Path) -> Iterator[Skipped]:
    """The file is kept where what it names is the reason to stop."""
    refusal: NotEnoughText | None = None
    with atomic(path) as stream:
        try:
            yield Skipped(stream)
        except NotEnoughText as error:
            refusal = error
    if refusal is not None:
        raise refusal


def word_list(counts: Counter[str], size: int) -> TokenList:
    """The ``size`` most frequent words (equal counts by code point) behind star and ``<unk>``."""
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    words = [word for word in ranked if word not in (BLANK, UNK)]
    if not words:
        raise NotEnoughText("no sentence is left to learn words from; see the file skipped.tsv")
    return TokenList.build(words[:size])


class _Part:
    """Writes one folder: text, text.phn, text.star, utt2lang."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, names: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.streams = {name: stack.enter_context(atomic(folder / name)) for name in names}
        self.count = 0

    def write(self, key: str, values: dict[str, str]) -> None:
        for name, stream in self.streams.items():
            stream.write(f"{key} {values[name]}\n")
        self.count += 1


class _Tally:
    """What the sentences of all parts held: words, phones, and how well the test can be read."""

    def __init__(self, phones: TokenList | None) -> None:
        self.phones = phones
        self.words, self.inventory, self.unknown = Counter[str](), Counter[str](), Counter[str]()
        self.homophones = Homophones()

    def add(self, name: str, sentence: Sentence, labels: list[str] | None) -> None:
        if name == "train" and labels is not None:
            self.words.update(words_of(labels))
            self.inventory.update(sentence.tokens())
            self.homophones.learn(sentence)
        elif name == "test":
            self.homophones.test(sentence)
        if self.phones is not None:
            self.unknown.update(p for p in sentence.tokens() if p not in self.phones)


def prepare_text(
    lines: Iterable[tuple[str, str]],
    phonemizer: Phonemizer,
    out: Path,
    options: TextOptions,
    phones: TokenList | None = None,
    *,
    held_out: Iterable[str] = (),
) -> dict[str, Any]:
    """Writes ``out``/{train,valid,test}, words.txt, word_counts.txt, skipped.tsv, report.json and,
    without ``phones``, phones.txt; returns the report.

    held_out: sentences in asrkit's spelling, of the valid and test sets of speech, that no part may
    hold. test keeps sentences whose words and phones disagree (it has no text.star): they are as
    hard to recognize as others. Raises NotEnoughText, and writes skipped.tsv alone, if too few
    sentences are left.
    """
    out.mkdir(parents=True, exist_ok=True)
    tally = _Tally(phones)
    with contextlib.ExitStack() as stack:
        skipped = stack.enter_context(_skipped(out / "skipped.tsv"))
        forbidden = frozenset(held_out)
        hyphens = phonemizer.options["hyphens"]
        sentences = read_sentences(
            lines, phonemizer.language, options, skipped, forbidden, hyphens=hyphens
        )
        held = _held_out(list(sentences), options)
        names = ("text", "text.phn", "utt2lang", "text.star")
        parts = {
            "train": _Part(out / "train", stack, names),
            "valid": _Part(out / "valid", stack, names),
            "test": _Part(out / "test", stack, names[:3]),
        }
        for number, sentence in enumerate(
            phonemizer.each(list(sentences.values()), "phonemize"), 1
        ):
            _place(number, sentence, held, parts, tally, skipped, phonemizer.language)
        words = word_list(tally.words, options.vocabulary)
        _check(parts, options)
    if phones is None:
        inventory = tally.inventory
        phones = TokenList.build(sorted(inventory, key=lambda p: (-inventory[p], p)))
        phones.write(out / "phones.txt")
    words.write(out / "words.txt")
    with atomic(out / "word_counts.txt") as stream:
        stream.writelines(f"{word}\t{tally.words[word]}\n" for word in words.symbols[2:])
    report = {
        "language": phonemizer.language,
        "sentences": {name: part.count for name, part in parts.items()},
        "skipped": dict(sorted(skipped.counts.items())),
        "words": {
            "asked": options.vocabulary,
            "kept": len(words) - 2,
            "distinct": len(tally.words),
            "left_out": tally.words.total() - sum(tally.words[w] for w in words.symbols[2:]),
        },
        "phones": {"known": len(phones) - 2, "unknown": dict(tally.unknown.most_common())},
        "test": tally.homophones.report(set(words.symbols)),
        "options": dataclasses.asdict(options),
        "phonemizer": phonemizer.report(),
    }
    write_json(out / "report.json", report, readable=True)
    return report


def _place(
    number: int,
    sentence: Sentence,
    held: dict[str, str],
    parts: dict[str, _Part],
    tally: _Tally,
    skipped: Skipped,
    language: str,
) -> None:
    """Writes one sentence to its part, or counts why not."""
    text = " ".join(sentence.words)
    name = held.get(text, "train")
    labels, spoken = None, sentence.tokens()
    with contextlib.suppress(LabelError):
        labels = word_labels(sentence.words, sentence.phones)
    if sentence.unread or not spoken or (labels is None and name != "test"):
        reason = "words_and_phones_disagree" if spoken else "no_phones"
        reason = "unread_characters" if sentence.unread else reason
        skipped.add(reason, f"sentence {number}", text)
        return
    values = {"text": text, "text.phn": " ".join(spoken), "utt2lang": language}
    values["text.star"] = " ".join(labels or ())
    parts[name].write(f"{language}_t{number:08d}", values)
    tally.add(name, sentence, labels)


def _held_out(sentences: Sequence[str], options: TextOptions) -> dict[str, str]:
    """test and valid by a hash of the sentence: the same whatever else is in the text."""
    wanted = options.valid + options.test
    if len(sentences) < wanted + 2:
        raise NotEnoughText(
            f"{len(sentences)} sentences are too few to hold out {options.valid} + {options.test};"
            " add text, or lower --valid and --test; skipped lines are in skipped.tsv"
        )
    order = sorted(sentences, key=lambda text: (key_of(options.seed, text), text))
    held = dict.fromkeys(order[: options.test], "test")
    return held | dict.fromkeys(order[options.test : wanted], "valid")


def _check(parts: dict[str, _Part], options: TextOptions) -> None:
    for name, wanted in (("train", 1), ("valid", options.valid), ("test", options.test)):
        if wanted and not parts[name].count:
            raise NotEnoughText(f"no sentence is left for {name}; skipped.tsv says why")
