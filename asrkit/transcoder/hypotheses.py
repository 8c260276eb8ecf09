"""Hypotheses of a phone recognizer, as folders that a Transcoder learns from (TranUSR 2.3)."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import kaldiio
import numpy as np

from asrkit.files import DataError, atomic
from asrkit.text.phonemize import Sentence
from asrkit.transcoder.index import PHONES, POSTERIORS
from asrkit.transcoder.labels import LabelError, hypothesis_labels


@dataclasses.dataclass(frozen=True)
class Recognized:
    """One utterance: the phones recognized and their posteriors [L, P]."""

    id: str
    phones: list[str]
    rows: np.ndarray


def write_hypotheses(
    utterances: Iterable[Recognized],
    out: Path,
    *,
    langs: Mapping[str, str],
    sentences: Mapping[str, Sentence] | None = None,
) -> Counter[str]:
    """Writes text.phn, posteriors.{ark,scp}, utt2lang and, with ``sentences``, text and text.star;
    without, those of an earlier call are removed.

    Utterances without phones are named in ``empty``, those whose words cannot be put to the
    recognized phones in ``skipped.tsv`` with the reason; the result counts both. Raises DataError
    if nothing is left.
    """
    out.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    ark = out / "posteriors.ark"
    with contextlib.ExitStack() as stack:
        names = [PHONES, POSTERIORS, "utt2lang", "empty", "skipped.tsv"]
        names += ["text", "text.star"] if sentences is not None else []
        files = {name: stack.enter_context(atomic(out / name)) for name in names}
        matrices = stack.enter_context(atomic(ark, "wb"))
        for utterance in utterances:
            key = utterance.id
            if not utterance.phones:
                counts["empty"] += 1
                files["empty"].write(f"{key}\n")
                continue
            if sentences is not None:
                sentence = sentences[key]
                try:
                    labels = hypothesis_labels(sentence.words, sentence.phones, utterance.phones)
                except LabelError as error:
                    counts["skipped"] += 1
                    files["skipped.tsv"].write(f"{key}\t{error}\n")
                    continue
                files["text"].write(f"{key} {' '.join(sentence.words)}\n")
                files["text.star"].write(f"{key} {' '.join(labels)}\n")
            counts["kept"] += 1
            files[PHONES].write(f"{key} {' '.join(utterance.phones)}\n")
            files["utt2lang"].write(f"{key} {langs[key]}\n")
            place = matrices.tell() + len(key.encode()) + 1
            kaldiio.save_ark(matrices, {key: utterance.rows.astype(np.float32)})
            files[POSTERIORS].write(f"{key} {ark}:{place}\n")
        if not counts["kept"]:
            raise DataError(
                f"{out}: no utterance is left ({counts['empty']} without a recognized phone,"
                f" {counts['skipped']} skipped); is the acoustic model trained, and can the audio"
                " be read?"
            )
    if sentences is None:
        for name in ("text", "text.star"):
            (out / name).unlink(missing_ok=True)
    return counts
