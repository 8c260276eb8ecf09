"""Recognises a list of utterances: audio to scores, scores to tokens and words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from asrkit.audio.reading import AudioError
from asrkit.decode.beam import DecodeError
from asrkit.decode.greedy import collapse
from asrkit.decode.parallel import BeamTask, decode_many, save_scores
from asrkit.files import DataError
from asrkit.infer import Speech2Text, chunks
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import write_keyed
from asrkit.vocabulary import Restriction, restrict


class Result(NamedTuple):
    """words is None where tokens do not spell words (phones without a lexicon)."""

    id: str
    tokens: list[str]
    words: list[str] | None


def score(
    model: Speech2Text,
    utterances: Iterable[tuple[str, str]],
    read: Callable[[str], np.ndarray],
    failed: dict[str, str],
    *,
    max_seconds: float,
) -> Iterator[tuple[str, np.ndarray]]:
    """(id, source) to (id, log-probabilities [T, V]); what cannot be read goes to ``failed``.

    Longer recordings are cut at quiet places and their scores joined.
    """
    for name, source in utterances:
        try:
            wave = torch.from_numpy(read(source))
        except AudioError as error:
            failed[name] = str(error)
            continue
        parts = model.log_probs(list(chunks(wave, max_seconds)))
        yield name, torch.cat(parts).numpy()


def recognise(
    model: Speech2Text,
    scores: Iterable[tuple[str, np.ndarray]],
    beam: BeamTask | None,
    nj: int,
    langs: Mapping[str, str] | None = None,
) -> Iterator[Result]:
    """Scores to tokens: the best path, or a beam search in ``nj`` processes.

    langs: id -> the language whose tokens alone may be written (separate vocabularies); a beam
    search is for one language. Raises DecodeError for several.
    """
    if beam is None:
        yield from _best_paths(model, scores, langs)
        return
    part: Restriction | None = None
    if langs is not None:
        found = sorted(set(langs.values()))
        if len(found) != 1:
            raise DecodeError(
                f"a beam search restricted to one language cannot decode {', '.join(found)} "
                "together; decode them one by one"
            )
        part = restrict(model.tokens, found[0])
        beam = dataclasses.replace(beam, lang=found[0])
        columns = part.columns
        scores = ((name, row[:, columns]) for name, row in scores)
    for name, (best, *_) in decode_many(beam, scores, nj=nj):
        tokens = model.tokens.decode(part.whole(best.tokens) if part else best.tokens)
        yield Result(name, tokens, best.words if "lexicon" in beam.options else model.words(tokens))


def _best_paths(
    model: Speech2Text, scores: Iterable[tuple[str, np.ndarray]], langs: Mapping[str, str] | None
) -> Iterator[Result]:
    parts = {lang: restrict(model.tokens, lang) for lang in set((langs or {}).values())}
    for name, row in scores:
        if langs is None:
            numbers = collapse(row.argmax(-1).tolist())
        else:
            part = parts[langs[name]]
            numbers = part.whole(collapse(row[:, part.columns].argmax(-1).tolist()))
        tokens = model.tokens.decode(numbers)
        yield Result(name, tokens, model.words(tokens))


def languages_known(names: Iterable[str], langs: Mapping[str, str], data_dir: Path) -> None:
    missing = [name for name in names if name not in langs]
    if missing:
        what = f"{len(missing)} utterances lack a language: {', '.join(missing[:3])}"
        raise DataError(f"{data_dir}/utt2lang: {what}; run fix_data_dir")


def recognise_dir(
    model: Speech2Text,
    data_dir: Path,
    out: Path,
    read: Callable[[str], np.ndarray],
    *,
    beam: BeamTask | None,
    nj: int,
    max_seconds: float,
    keep_scores: bool,
    langs: Mapping[str, str] | None = None,
) -> list[str]:
    """A dump folder to hyp.tokens, hyp.text and failed (with reasons); ids that failed. DataError
    if all do.

    langs: as in ``recognise``; every utterance must have one. scores.npz with ``keep_scores``. What
    an earlier run with other options wrote and this one does not is removed.
    """
    sources = read_dump(data_dir)
    if langs is not None:
        languages_known(sources, langs, data_dir)
        langs = {name: langs[name] for name in sources}
    out.mkdir(parents=True, exist_ok=True)
    failed: dict[str, str] = {}
    bar = tqdm(sources.items(), desc=f"decode {data_dir.name}", mininterval=1.0, leave=False)
    scores = score(model, bar, read, failed, max_seconds=max_seconds)
    if keep_scores:
        kept = dict(scores)
        save_scores(out / "scores.npz", kept)
        scores = iter(kept.items())
    results = list(recognise(model, scores, beam, nj, langs))
    if not keep_scores:
        (out / "scores.npz").unlink(missing_ok=True)
    write_keyed(out / "failed", failed)
    if len(failed) == len(sources):
        name, reason = next(iter(failed.items()))
        raise DataError(f"{data_dir}: no utterance could be read; the first, {name}: {reason}")
    if all(result.words is not None for result in results):
        write_keyed(out / "hyp.text", ((r.id, " ".join(r.words or [])) for r in results))
    else:
        (out / "hyp.text").unlink(missing_ok=True)
    write_keyed(out / "hyp.tokens", ((r.id, " ".join(r.tokens)) for r in results))
    return sorted(failed)
