"""Recognizes a list of utterances: audio to scores, scores to tokens and words."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from asrkit.audio.ahead import read_ahead
from asrkit.audio.given import Given
from asrkit.audio.reading import AudioError
from asrkit.decode.beam import DecodeError
from asrkit.decode.dealt import Failed, read_ones, task_of
from asrkit.decode.greedy import collapse
from asrkit.decode.nbest import FILE as NBEST_FILE
from asrkit.decode.nbest import Scored, write_nbest
from asrkit.decode.parallel import BeamTask, decode_many, save_scores
from asrkit.decode.windows import streamed
from asrkit.files import DataError
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import write_keyed
from asrkit.shards import FOLDER, Task
from asrkit.vocabulary import Restriction, restrict

# threads that read ahead: a GPU recognizes an hour in a second; a CPU has no core to spare
READERS = {"cuda": min(8, os.cpu_count() or 1), "cpu": 1}


class Result(NamedTuple):
    """words is None where tokens do not spell words (phones without a lexicon). nbest: words and
    scores, if the search was asked for more than one."""

    id: str
    tokens: list[str]
    words: list[str] | None
    nbest: list[tuple[list[str], float]] | None = None


def score(
    model: Speech2Text,
    utterances: Iterable[tuple[str, str]],
    read: Callable[[str], Given],
    failed: dict[str, str],
    *,
    max_seconds: float,
    best: bool = False,
) -> Iterator[tuple[str, np.ndarray]]:
    """(id, source) to (id, log-probabilities [T, V]), or with ``best`` to (id, [T] best tokens), in
    the order of the utterances; what cannot be read goes to ``failed``.

    Audio is read ahead, and several utterances are recognized at once, longer ones in windows.
    """

    def readable() -> Generator[tuple[str, Tensor], None, None]:
        readings = read_ahead(
            utterances,
            lambda row: read(row[1]),
            threads=READERS[model.device.type],
            seconds=model.look_ahead,
        )
        for (name, source), found in readings:
            if isinstance(found, AudioError):
                failed[name] = str(found)
                continue
            found.tell(source)
            yield name, torch.from_numpy(found.samples)

    stream = functools.partial(model.frames, best=best)
    with contextlib.closing(readable()) as recordings:
        for name, parts in streamed(stream, recordings, model.clock, max_seconds):
            yield name, torch.cat(list(parts)).numpy()


def recognize(
    model: Speech2Text,
    scores: Iterable[tuple[str, np.ndarray]],
    beam: BeamTask | None,
    nj: int,
    langs: Mapping[str, str] | None = None,
) -> Iterator[Result]:
    """Scores to tokens: the best path, or a beam search in ``nj`` processes.

    scores: of ``score``; for the best path without ``langs``, also the best tokens it can give.
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
    spelled = "lexicon" in beam.options
    for name, hypotheses in decode_many(beam, scores, nj=nj):
        said = []
        for one in hypotheses:
            tokens = model.tokens.decode(part.whole(one.tokens) if part else one.tokens)
            said.append((tokens, one.words if spelled else model.words(tokens)))
        best, words = said[0]
        nbest = None
        if beam.options.get("nbest", 1) > 1:
            pairs = zip(said, hypotheses, strict=True)
            nbest = [(tokens if w is None else w, one.score) for (tokens, w), one in pairs]
        yield Result(name, best, words, nbest)


def _best_paths(
    model: Speech2Text, scores: Iterable[tuple[str, np.ndarray]], langs: Mapping[str, str] | None
) -> Iterator[Result]:
    parts = {lang: restrict(model.tokens, lang) for lang in set((langs or {}).values())}
    for name, row in scores:
        if langs is None:
            numbers = collapse((row if row.ndim == 1 else row.argmax(-1)).tolist())
        else:
            part = parts[langs[name]]
            numbers = part.whole(collapse(row[:, part.columns].argmax(-1).tolist()))
        tokens = model.tokens.decode(numbers)
        yield Result(name, tokens, model.words(tokens))


def _kept(
    scores: Iterable[tuple[str, np.ndarray]], kept: dict[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray]]:
    """The scores, which ``kept`` then holds in half precision, while others work on them."""
    for name, row in scores:
        kept[name] = row.astype(np.float16)
        yield name, row


def languages_known(names: Iterable[str], langs: Mapping[str, str], data_dir: Path) -> None:
    missing = [name for name in names if name not in langs]
    if missing:
        what = f"{len(missing)} utterances have no language: {', '.join(missing[:3])}"
        raise DataError(f"{data_dir}/utt2lang: {what}; run fix_data_dir")


def recognition(
    model: Speech2Text,
    data_dir: Path,
    out: Path,
    read: Callable[[str], Given],
    *,
    beam: BeamTask | None,
    nj: int,
    max_seconds: float,
    langs: Mapping[str, str] | None = None,
    of: object = None,
    kept: dict[str, np.ndarray] | None = None,
) -> Task[Result | Failed]:
    """The utterances of a dump folder as work that shards may do, for ``recognize_dir``.

    of: what scores depend on beside the audio. kept: takes the scores, in half precision, for which
    all results are made now.
    """
    sources = read_dump(data_dir)
    if langs is not None:
        languages_known(sources, langs, data_dir)
        langs = {name: langs[name] for name in sources}
    best = beam is None and langs is None and kept is None

    def make(rows: list[tuple[str, str]], failed: dict[str, str]) -> Iterator[Result]:
        scores = score(model, rows, read, failed, max_seconds=max_seconds, best=best)
        if kept is not None:
            scores = _kept(scores, kept)
        return recognize(model, scores, beam, nj, langs)

    searched = [] if beam is None else list(beam.known().items())
    return task_of(
        out / FOLDER,
        sources,
        make,
        of=(of, searched, langs and sorted(langs.items()), kept is not None),
        store=Result._asdict,
        load=lambda row: Result(**row),
    )


def recognize_dir(
    model: Speech2Text,
    data_dir: Path,
    out: Path,
    read: Callable[[str], Given],
    *,
    beam: BeamTask | None,
    nj: int,
    max_seconds: float,
    keep_scores: bool,
    langs: Mapping[str, str] | None = None,
    of: object = None,
) -> list[str]:
    """A dump folder to hyp.tokens, hyp.text and failed (with reasons), and nbest.jsonl of a search
    for more than one; ids that failed. DataError if all do.

    langs: as in ``recognize``; every utterance must have one. scores.npz with ``keep_scores``. of:
    as in ``recognition``, of which shards may have done a part. What an earlier run with other
    options wrote and this one does not is removed.
    """
    kept: dict[str, np.ndarray] | None = {} if keep_scores else None
    task = recognition(
        model,
        data_dir,
        out,
        read,
        beam=beam,
        nj=nj,
        max_seconds=max_seconds,
        langs=langs,
        of=of,
        kept=kept,
    )
    out.mkdir(parents=True, exist_ok=True)
    failed: dict[str, str] = {}
    made = tqdm(
        read_ones(task.results(), failed),
        desc=f"decode {data_dir.name}",
        total=len(task.items),
        mininterval=1.0,
        leave=False,
    )
    results = list(made)
    if kept is not None:
        save_scores(out / "scores.npz", kept)
    else:
        (out / "scores.npz").unlink(missing_ok=True)
    write_keyed(out / "failed", failed)
    if not results:
        name, reason = next(iter(failed.items()))
        raise DataError(f"{data_dir}: no utterance could be read; the first, {name}: {reason}")
    if all(result.words is not None for result in results):
        write_keyed(out / "hyp.text", ((r.id, " ".join(r.words or [])) for r in results))
    else:
        (out / "hyp.text").unlink(missing_ok=True)
    write_keyed(out / "hyp.tokens", ((r.id, " ".join(r.tokens)) for r in results))
    if all(result.nbest is not None for result in results):
        rows = ((r.id, [Scored(tuple(w), s) for w, s in r.nbest or []]) for r in results)
        write_nbest(out / NBEST_FILE, rows)
    else:
        (out / NBEST_FILE).unlink(missing_ok=True)
    task.forget()
    return sorted(failed)
