"""The folder of what a Transcoder writes down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from asrkit.decode.nbest import FILE, Scored, write_nbest
from asrkit.files import DataError, write_json
from asrkit.kaldi.kaldi_text import write_keyed
from asrkit.transcoder.inputs import Inputs
from asrkit.transcoder.search import WordHypothesis


def write_words(
    out: Path,
    results: Iterable[tuple[str, Sequence[WordHypothesis]]],
    inputs: Inputs,
    *,
    nbest: bool,
    searched: Mapping[str, Any] | None,
    progress: bool,
) -> None:
    """hyp.text of ``results`` (id, the best first), failed, hyp.tokens of phones that were
    recognized in audio, with ``nbest`` nbest.jsonl; hyp.text last.

    searched: decoding.json, which ``score`` takes over; None where nothing was searched. What an
    earlier run with other options wrote and this one does not is removed. Raises DataError for an
    utterance that comes twice.
    """
    out.mkdir(parents=True, exist_ok=True)
    words: dict[str, str] = {}
    scored: list[tuple[str, list[Scored]]] = []
    bar = tqdm(results, f"transcode {out.name}", mininterval=1, disable=not progress)
    for name, hypotheses in bar:
        bar.total = inputs.count
        if name in words:
            raise DataError(f"duplicate utterance {name!r}; its words would be lost")
        words[name] = " ".join(hypotheses[0].words)
        scored.append((name, [Scored(tuple(one.words), one.score) for one in hypotheses]))
    if nbest:
        write_nbest(out / FILE, scored)
    else:
        (out / FILE).unlink(missing_ok=True)
    if searched is None:
        (out / "decoding.json").unlink(missing_ok=True)
    else:
        write_json(out / "decoding.json", searched)
    write_keyed(out / "failed", inputs.failed)
    if inputs.phones:
        write_keyed(out / "hyp.tokens", inputs.phones)
    else:
        (out / "hyp.tokens").unlink(missing_ok=True)
    write_keyed(out / "hyp.text", words)
