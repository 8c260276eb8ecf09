"""Self-training: labels for audio that has none, what a recognizer writes down where it is sure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from asrkit.audio.ahead import read_ahead
from asrkit.audio.given import Given, read_dumped
from asrkit.audio.reading import AudioError
from asrkit.decode.plan import Plan
from asrkit.decode.run import READERS
from asrkit.decode.transcribe import transcribe
from asrkit.files import DataError
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import DataDir, is_tokens, read_dump, refuse_inputs, table_names
from asrkit.tokens import UNK
from asrkit.transcript import Word
from asrkit.vocabulary import languages_in, type_of

CONFIDENCE = "utt2confidence"


class Guess(NamedTuple):
    """What was written down of an utterance. tokens: what its words were recognized as, side by
    side. confidence: the share of its words that is expected to be right, the mean of theirs."""

    text: str
    tokens: str
    confidence: float


def guesses(
    model: Speech2Text, sources: Iterable[tuple[str, str]], plan: Plan, failed: dict[str, str]
) -> Iterator[tuple[str, Guess]]:
    """(id, path) to (id, guess) where words were found; reasons of files that cannot be read go to
    ``failed``."""

    def readable() -> Iterator[tuple[str, Given]]:
        rows = read_ahead(
            sources,
            lambda row: read_dumped(row[1]),
            threads=READERS[model.device.type],
            seconds=model.look_ahead,
        )
        for (name, source), found in rows:
            if isinstance(found, AudioError):
                failed[name] = str(found)
            else:
                found.tell(source)
                yield name, found

    for name, segments, _ in transcribe(model, readable(), plan):
        words = [word for segment in segments for word in segment.words]
        guess = guess_of(words)
        if guess.tokens or guess.text:
            yield name, guess


def guess_of(words: Collection[Word]) -> Guess:
    """What these words say, but for ``<unk>``, which is no label."""
    sure = sum(word.confidence or 0.0 for word in words) / max(len(words), 1)
    tokens = " ".join(token.text for word in words for token in word.tokens if token.text != UNK)
    text = " ".join(" ".join(word.text.replace(UNK, "") for word in words).split())
    return Guess(text, tokens, sure)


def label(
    model: Speech2Text,
    in_dir: Path,
    out_dir: Path,
    plan: Plan,
    *,
    min_confidence: float,
    without: Iterable[Path] = (),
) -> tuple[DataDir, int, dict[str, str]]:
    """Writes the utterances of a dump folder of which the model is sure enough, with its labels.

    The tables of ``in_dir`` stay, but for its texts: ``text`` is what was written down, and
    utt2confidence how surely. A model of phones also has its token file there, and no ``text`` if
    it searched without a lexicon; of other models stage 5 makes tokens of the text. without:
    folders whose utterances are left out, as they are labeled. Returns the folder, how many
    utterances were recognized, and reasons of those that could not be read. Raises DataError where
    nothing is left.
    """
    refuse_inputs(out_dir, [in_dir, *without])
    if not model.token_file:
        raise DataError(f"{model.folder}: its configuration names no token_file to write labels to")
    if languages_in(model.tokens):
        raise DataError(
            f"{model.folder}: its tokens name their language; labels are made by a model with one "
            "vocabulary for all languages (--vocabulary shared)"
        )
    kind, _ = type_of(model.token_file)
    spells = kind == "char" or kind.startswith("bpe")
    data = DataDir.read(in_dir)
    labeled = {name for folder in without for name in DataDir.read(folder).utterances}
    sources = [row for row in read_dump(in_dir).items() if row[0] not in labeled]
    if not sources:
        raise DataError(f"{in_dir}: every utterance is labeled already")
    failed: dict[str, str] = {}
    found = dict(guesses(model, sources, plan, failed))
    sure = {name: one for name, one in found.items() if one.confidence >= min_confidence}
    if not sure:
        best = max((one.confidence for one in found.values()), default=0.0)
        raise DataError(
            f"{in_dir}: of {len(sources)} utterances none has a confidence of {min_confidence:g} or"
            f" more, the surest {best:.2f}; lower --min_confidence, or train a better model first"
        )
    part = data.keep(sure)
    earlier = table_names(out_dir) if out_dir.is_dir() else []
    for name in {*part.tables, *earlier}:
        if name == "text" or is_tokens(name):
            part.tables.pop(name, None)
            (out_dir / name).unlink(missing_ok=True)
    if spells or "lexicon" in (plan.beam.options if plan.beam else ()):
        part.tables["text"] = {name: one.text for name, one in sure.items()}
    if not spells:
        part.tables[model.token_file] = {name: one.tokens for name, one in sure.items()}
    part.tables[CONFIDENCE] = {name: f"{one.confidence:.4f}" for name, one in sure.items()}
    part.write(out_dir, part_of=in_dir)
    return part, len(sources), failed
