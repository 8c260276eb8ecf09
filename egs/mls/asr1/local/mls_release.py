"""Files of a Multilingual LibriSpeech release: where they are, and what their lines say."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from asrkit.files import DataError
from asrkit.kaldi.archives import archive_stem, download, is_archive, is_url, unpack

LANGUAGES = {
    "de": "german", "en": "english", "es": "spanish", "fr": "french",
    "it": "italian", "nl": "dutch", "pl": "polish", "pt": "portuguese",
}  # fmt: skip
URL = "https://dl.fbaipublicfiles.com/mls"
HANDLE = re.compile(r"(\d+)_(\d+)_(\d+)")
SPEAKER_DIGITS = 6  # readers of LibriVox have one to five; padded, ids sort as their speakers do
FOLDS = 6


def names(lang: str, codec: str) -> list[str]:
    """Names of the release's folder, best first; ``codec``: flac, opus or auto."""
    base = f"mls_{LANGUAGES[lang]}"
    return {"flac": [base], "opus": [f"{base}_opus"], "auto": [base, f"{base}_opus"]}[codec]


def fetched(url: str, downloads: Path) -> Path:
    """The unpacked folder of an archive's address, in ``downloads``."""
    name = url.split("?")[0].rsplit("/", 1)[-1]
    folder = downloads / archive_stem(name)
    return folder if folder.exists() else unpack(download(url, downloads / name), folder)


def find_tree(source: str, lang: str, *, codec: str, downloads: Path) -> Path:
    """The folder with ``train/transcripts.txt`` of a language.

    source: that folder, one that holds it or its archive, an archive, or an archive's address.
    Archives are unpacked in ``downloads``, never beside the user's file.
    """
    if is_url(source):
        return _root(fetched(source, downloads), source)
    path = Path(source).expanduser().absolute()
    if path.is_file() and is_archive(path.name):
        return _root(unpack(path, downloads / archive_stem(path.name)), source)
    if (path / "train/transcripts.txt").is_file():
        if path.name not in names(lang, codec):
            wanted = " or ".join(names(lang, codec))
            raise DataError(
                f"{path}: {lang} is in a folder called {wanted}; give that, or its parent"
            )
        return path
    for name in names(lang, codec):
        if (path / name).is_dir():
            return _root(path / name, source)
    for name in names(lang, codec):
        archive = path / f"{name}.tar.gz"
        if archive.is_file():
            return _root(unpack(archive, downloads / name), source)
    wanted = " or ".join(names(lang, codec))
    raise DataError(
        f"{source}: has no folder {wanted} and no such .tar.gz; say where MLS is with --mls, or "
        "fetch it with --download true"
    )


def _root(folder: Path, source: str) -> Path:
    """``folder`` or the one folder in it that holds the transcripts (as archives unpack)."""
    inside = [folder, *sorted(child for child in folder.iterdir() if child.is_dir())]
    for candidate in inside:
        if (candidate / "train/transcripts.txt").is_file():
            return candidate
    raise DataError(f"{folder} (of {source}): has no train/transcripts.txt; unpack it again")


def lines(path: Path, counts: Counter[str]) -> Iterator[tuple[int, str]]:
    """Line numbers and lines that are not empty, without their ends; Windows ends are counted."""
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as stream:
            for number, line in enumerate(tqdm(stream, path.name, unit="line", delay=3), 1):
                text = line.rstrip("\n")
                if text.endswith("\r"):
                    counts[f"{path.name}: line ends with CR, taken away"] += 1
                    text = text.rstrip("\r")
                if text.strip():
                    yield number, text
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); unpack MLS again") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason}); unpack MLS again") from None


def read_transcripts(path: Path, counts: Counter[str]) -> dict[str, str]:
    """Handle -> text. What cannot be used is left out and counted by reason."""
    found: dict[str, str] = {}
    for _, line in lines(path, counts):
        handle, _, text = line.partition("\t")
        if not HANDLE.fullmatch(handle):
            counts["transcript left out: handle is not speaker_book_number"] += 1
        elif not text.strip():
            counts["transcript left out: no text"] += 1
        elif handle in found:
            counts["transcript left out: handle given before"] += 1
        else:
            found[handle] = " ".join(text.split())
    if not found:
        raise DataError(f"{path}: has no line `speaker_book_number<TAB>text`")
    return found


def read_durations(path: Path, counts: Counter[str]) -> dict[str, float]:
    """Handle -> seconds, from ``handle<TAB>url<TAB>start<TAB>end``; {} if the file is missing."""
    if not path.is_file():
        counts["no segments.txt: lengths are known after stage 3"] += 1
        return {}
    found = {}
    for _, line in lines(path, counts):
        fields = line.split("\t")
        try:
            handle, _, start, end = fields
            seconds = float(end) - float(start)
        except ValueError:
            counts["segments.txt: line without four fields and two times"] += 1
            continue
        if seconds > 0:
            found[handle] = seconds
        else:
            counts["segments.txt: end is not after start"] += 1
    return found


def read_genders(path: Path, counts: Counter[str]) -> dict[int, str]:
    """Speaker -> f, m or u (not known). Only the first two fields of metainfo.txt are looked at.

    The others are not to be trusted: the last heading of English is a chapter's title, and
    partitions have values beside train, dev and test.
    """
    found: dict[int, str] = {}
    if not path.is_file():
        counts["no metainfo.txt: genders are not known"] += 1
        return found
    for _, line in lines(path, counts):
        fields = [field.strip() for field in line.split("|")]
        if len(fields) < 2 or not fields[0].isdecimal():
            continue  # the heading
        gender = {"F": "f", "M": "m"}.get(fields[1].upper(), "u")
        if gender == "u":
            counts[f"metainfo.txt: gender {fields[1]!r} taken as not known"] += 1
        found[int(fields[0])] = gender
    return found


def read_handles(path: Path, counts: Counter[str]) -> list[str]:
    """Handles of one list, sorted (the release's are not), each once."""
    found = set()
    for number, line in lines(path, counts):
        handle = line.strip()
        if not HANDLE.fullmatch(handle):
            raise DataError(f"{path}:{number}: {handle!r} is not a handle speaker_book_number")
        if handle in found:
            counts[f"{path.name}: handle given twice"] += 1
        found.add(handle)
    return sorted(found)


def audio_files(folder: Path) -> dict[str, Path]:
    """Handle -> file, from a walk through ``audio/<speaker>/<book>/``.

    With both codecs the FLAC counts. Opening each of ten million files would take days.
    """
    found: dict[str, Path] = {}
    bar = tqdm(os.walk(folder), f"files of {folder.parent.name}", unit="folder", delay=3)
    for where, _, files in bar:
        for name in files:
            stem, dot, suffix = name.rpartition(".")
            if dot and (suffix == "flac" or (suffix == "opus" and stem not in found)):
                found[stem] = Path(where, name)
    return found


def utterance_id(handle: str) -> str:
    """``10179_4975_000000`` to ``010179_4975_000000``."""
    speaker, rest = handle.split("_", 1)
    return f"{speaker.zfill(SPEAKER_DIGITS)}_{rest}"


def limited_lists(train: Path, counts: Counter[str]) -> dict[str, list[str]]:
    """``10min_<fold>``, ``1h`` (all folds) and ``10h`` (1 h and 9 h) -> handles."""
    root = train / "limited_supervision"
    lists: dict[str, list[str]] = {}
    for fold in range(FOLDS):
        path = root / f"1hr/{fold}/handles.txt"
        if path.is_file():
            lists[f"10min_{fold}"] = read_handles(path, counts)
        else:
            counts[f"no {path.relative_to(train)}"] += 1
    if len(lists) == FOLDS:
        lists["1h"] = _union(lists.values())
        nine = root / "9hr/handles.txt"
        if nine.is_file():
            lists["10h"] = _union([lists["1h"], read_handles(nine, counts)])
        else:
            counts[f"no {nine.relative_to(train)}"] += 1
    return lists


def _union(lists: Iterable[list[str]]) -> list[str]:
    return sorted(set().union(*lists))
