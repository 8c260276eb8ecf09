"""Lines of text for language models, subword units and lexicons, in asrkit's spelling."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import languages_of, read_keyed
from asrkit.text.files import text_of
from asrkit.text.normalize import NormalizeError, normalize


def text_lines(
    texts: Iterable[str | Path] = (),
    plain: Iterable[str | Path] = (),
    *,
    language: str | None = None,
    utt2lang: str | Path | None = None,
    nlsyms: str = "drop",
    hyphens: str = "split",
) -> Iterator[str]:
    """Non-empty lines of Kaldi texts (``<id> <words>``) and of plain texts, one sentence a line.

    Plain texts may be compressed (.gz, .xz, .bz2) and are streamed. With ``language``, or the
    languages of the Kaldi texts in ``utt2lang``, they are normalized by these policies of
    ``nlsyms`` and ``hyphens``. Raises DataError naming the file and the line.
    """
    for kaldi_text, paths in ((True, texts), (False, plain)):
        for path in paths:
            for number, (line, lang) in enumerate(
                _lines(path, kaldi_text, language, utt2lang), start=1
            ):
                try:
                    spoken = line.strip()
                    if lang is not None:
                        spoken = normalize(line, lang, nlsyms=nlsyms, hyphens=hyphens)
                except NormalizeError as error:
                    raise DataError(f"{path}:{number}: {error}") from None
                if spoken:
                    yield spoken


def _lines(
    path: str | Path, kaldi_text: bool, language: str | None, utt2lang: str | Path | None
) -> Iterator[tuple[str, str | None]]:
    """Lines of one file and the language of each, if it is known."""
    lines: Iterable[str]
    languages: Iterable[str | None] = itertools.repeat(language)
    if kaldi_text:
        table = read_keyed(path)
        lines = table.values()
        if utt2lang is not None:
            languages = languages_of(table, lang=language, utt2lang=utt2lang)
    else:
        lines = text_of(path)
    return zip(
        tqdm(lines, desc=Path(path).name, delay=2), languages, strict=False
    )  # repeated without end
