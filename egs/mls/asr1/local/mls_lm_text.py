"""Text for language models of MLS (``mls_lm_<language>/data.txt``), line by line."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from asrkit.files import DataError, atomic
from asrkit.kaldi.archives import is_url
from asrkit.text.normalize import NormalizeError, normalize, split_hyphens
from mls_release import LANGUAGES, URL, fetched


def find_lm_text(source: str, lang: str, *, downloads: Path, fetch: bool) -> Path | None:
    """``data.txt`` or the archive that holds it; None if there is none and ``fetch`` is off."""
    name = f"mls_lm_{LANGUAGES[lang]}"
    folders = [downloads]
    if source and not is_url(source):
        path = Path(source).expanduser().absolute()
        folders = [path, path.parent, downloads]
    for folder in folders:
        for candidate in (folder / name / "data.txt", folder / name / name / "data.txt"):
            if candidate.is_file():
                return candidate
        if (folder / f"{name}.tar.gz").is_file():
            return folder / f"{name}.tar.gz"
    if not fetch:
        return None
    folder = fetched(f"{URL}/{name}.tar.gz", downloads)
    found = sorted(folder.rglob("data.txt"))
    if not found:
        raise DataError(f"{folder}: has no data.txt; remove the folder and fetch it again")
    return found[0]


def sentences(path: Path) -> Iterator[bytes]:
    """Lines of ``data.txt``, from the file or straight out of its archive."""
    if path.name == "data.txt":
        try:
            with open(path, "rb") as stream:
                yield from stream
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        return
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                inside = archive.extractfile(member) if member.name.endswith("data.txt") else None
                if inside is not None:
                    yield from inside
                    return
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from None
    raise DataError(f"{path}: has no data.txt; fetch it again")


def write_lm_text(path: Path, target: Path, lang: str, held_out: set[str]) -> Counter[str]:
    """Normalized sentences to ``target``, one in memory at a time; what was left out, counted.

    held_out: normalized sentences of the valid and test sets, which no language model may see.
    """
    counts: Counter[str] = Counter()
    target.parent.mkdir(parents=True, exist_ok=True)
    bar = tqdm(sentences(path), f"text for language models, {lang}", unit="line", delay=2)
    with atomic(target) as stream:
        for line in bar:
            try:
                words = normalize(line.decode(), lang, hyphens="keep")
            except UnicodeDecodeError:
                counts["left out: not UTF-8"] += 1
                continue
            except NormalizeError:
                counts["left out: markup"] += 1
                continue
            if not words:
                counts["left out: no words"] += 1
            elif split_hyphens(words) in held_out:
                counts["left out: a sentence of valid or test"] += 1
            else:
                counts["sentences"] += 1
                stream.write(f"{words}\n")
        if not counts["sentences"]:
            raise DataError(f"{path}: holds no sentence")
    return counts
