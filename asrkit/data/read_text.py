"""Lines of text for language models, subword units and lexicons, in asrkit's spelling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from asrkit.data.keyed import read_keyed
from asrkit.data.normalize import NormalizeError, normalize
from asrkit.data.text_files import text_of
from asrkit.files import DataError


def text_lines(
    texts: Iterable[str | Path] = (),
    plain: Iterable[str | Path] = (),
    *,
    language: str | None = None,
    marks: str = "drop",
) -> Iterator[str]:
    """Non-empty lines of Kaldi texts (``<id> <words>``) and of plain texts, one sentence a line.

    Plain texts may be compressed (.gz, .xz, .bz2) and are streamed.
    With ``language`` they are normalised, and ``marks`` kept or dropped. Raises DataError naming
    the file and the line.
    """
    for keyed, paths in ((True, texts), (False, plain)):
        for path in paths:
            lines = read_keyed(path).values() if keyed else text_of(path)
            for number, line in enumerate(tqdm(lines, desc=Path(path).name, delay=2), start=1):
                try:
                    spoken = (
                        line.strip() if language is None else normalize(line, language, marks=marks)
                    )
                except NormalizeError as error:
                    raise DataError(f"{path}:{number}: {error}") from None
                if spoken:
                    yield spoken
