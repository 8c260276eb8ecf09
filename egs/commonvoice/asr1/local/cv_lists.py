"""The few-shot lists of Common Voice (Riviere et al. 2020): 1 h to train on, 20 min, 1 h to test.

Two layouts, a folder a language in each: as first published with CPC_audio (``trainSeqs_1.0_*.txt``
and ``validated_phones_reduced.txt``; its tar archive is read as it is), and as passed on with
UniSpeech (``*.tsv`` with ``.id``, ``.phone`` and ``.text`` beside it, line by line).
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from asrkit.align import edit_distance
from asrkit.files import DataError
from asrkit.kaldi.archives import is_archive
from cv_tables import clip_name

SPLITS = ("train", "valid", "test")
DICTIONARY = "phonesMatches_reduced.json"
LABELS = "validated_phones_reduced.txt"


def list_names(train_hours: float) -> dict[str, str]:
    """Split -> beginning of its files' names; there are lists of 1 and of 5 hours to train on."""
    tail = "uniform_new_version"
    return {
        "train": f"trainSeqs_{train_hours:.1f}_{tail}",
        "valid": f"valSeqs_1.0_{tail}",
        "test": f"testSeqs_{tail}",
    }


@dataclass
class Lists:
    """The lists of one language; clips by name without suffix.

    phones: labels of the lists' own dictionary (`.id`). second: those of the `.phone` files, which
    are not always the same. texts, seconds: what the layout tells. where: for messages.
    """

    where: str
    splits: dict[str, list[str]]
    dictionary: list[str] = field(default_factory=list)
    phones: dict[str, list[str]] = field(default_factory=dict)
    second: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def clips(self) -> list[str]:
        return [clip for split in SPLITS for clip in self.splits[split]]


def read_lists(source: Path, names: Sequence[str], *, train_hours: float = 1) -> Lists | None:
    """The lists in `source` (a folder or a tar archive) of a language known by any of `names`.

    None if there is no such language. Raises DataError where a file is missing or two that go
    together do not have the same number of lines.
    """
    files = _read_tar(source, names) if source.is_file() else _read_folder(source, names)
    if not files:
        return None
    lists = Lists(f"{source} ({names[0]})", {})
    if DICTIONARY in files:
        lists.dictionary = _dictionary(files[DICTIONARY], lists.where)
    for split, name in list_names(train_hours).items():
        _read_split(lists, files, split, name)
    if LABELS in files:
        for number, line in enumerate(_rows(files[LABELS]), start=1):
            clip, *ids = line.split() or [""]
            lists.phones[clip_name(clip)] = _phones(lists, ids, f"{LABELS}:{number}")
    twice = len(lists.clips) - len(set(lists.clips))
    if twice:
        raise DataError(f"{lists.where}: {twice} clips are in two lists; fetch the lists again")
    return lists


def _read_folder(source: Path, names: Sequence[str]) -> dict[str, str]:
    if not source.is_dir():
        raise DataError(f"{source}: no such folder or archive; --fewshot_lists names the lists")
    for name in names:
        folder = source / name
        if folder.is_dir():
            return {p.name: _decode(p.read_bytes(), p) for p in folder.iterdir() if _wanted(p.name)}
    return {}


def _read_tar(source: Path, names: Sequence[str]) -> dict[str, str]:
    if not is_archive(source.name):
        raise DataError(f"{source}: is neither a folder of lists nor a tar archive of them")
    files: dict[str, str] = {}
    try:
        with tarfile.open(source, "r:*") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if member.isfile() and path.parent.name in names and _wanted(path.name):
                    stream = tar.extractfile(member)
                    files[path.name] = _decode(stream.read() if stream else b"", path)
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"{source}: is not a whole tar archive ({error}); fetch it again") from None
    return files


def _wanted(name: str) -> bool:
    return name in (DICTIONARY, LABELS) or "Seqs_" in name


def _decode(data: bytes, path: Path | PurePosixPath) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason}); fetch the lists again") from None


def _rows(text: str) -> list[str]:
    """Lines as LF ends them (sentences may hold other line separators)."""
    rows = text.split("\n")
    return rows[:-1] if rows[-1] == "" else rows


def _dictionary(text: str, where: str) -> list[str]:
    """Phones by number."""
    try:
        numbers = {int(number): str(phone) for phone, number in json.loads(text).items()}
        return [numbers[place] for place in range(len(numbers))]
    except (ValueError, AttributeError, KeyError) as error:
        raise DataError(
            f"{where}: {DICTIONARY} is not phones to numbers from 0 ({error})"
        ) from None


def _phones(lists: Lists, ids: Iterable[str], where: str) -> list[str]:
    """Phones of numbers; the empty phone of the Spanish dictionary says nothing."""
    try:
        phones = [lists.dictionary[int(number)] for number in ids]
    except (ValueError, IndexError):
        raise DataError(
            f"{lists.where}: {where}: a label that is not in {DICTIONARY}; they do not fit together"
        ) from None
    return [phone for phone in phones if phone]


def _read_split(lists: Lists, files: Mapping[str, str], split: str, name: str) -> None:
    if f"{name}.txt" in files:
        lists.splits[split] = [clip_name(line) for line in _rows(files[f"{name}.txt"]) if line]
        return
    table = next((files[n] for n in (f"{name}_16k.tsv", f"{name}.tsv") if n in files), None)
    if table is None:
        raise DataError(f"{lists.where}: no list {name}.txt and no {name}_16k.tsv")
    clips = []
    for line in _rows(table)[1:]:
        clip, samples, *rate = line.split("\t")
        clips.append(clip_name(clip))
        lists.seconds[clips[-1]] = int(samples) / int(rate[0] if rate else 16000)
    lists.splits[split] = clips
    for suffix in ("_16k.id", ".id", ".phone", ".text"):
        if f"{name}{suffix}" not in files:
            continue
        rows = _rows(files[f"{name}{suffix}"])
        if len(rows) != len(clips):
            raise DataError(
                f"{lists.where}: {name}{suffix} has {len(rows)} lines for {len(clips)} clips; "
                "fetch the lists again"
            )
        for number, (clip, row) in enumerate(zip(clips, rows, strict=True), start=1):
            if suffix.endswith(".id"):
                lists.phones[clip] = _phones(lists, row.split(), f"{name}{suffix}:{number}")
            elif suffix == ".phone":
                lists.second[clip] = [phone for phone in row.split() if phone != "|"]
            else:
                _read_text(lists, clip, row, f"{name}{suffix}:{number}")


def _read_text(lists: Lists, clip: str, row: str, where: str) -> None:
    """``<clip> TAB <sentence>``; a sentence with a quote was written in quotes, its own doubled."""
    named, tab, sentence = row.partition("\t")
    if not tab or clip_name(named) != clip:
        raise DataError(f"{lists.where}: {where}: expected clip {clip} and its sentence")
    if len(sentence) > 1 and sentence[0] == sentence[-1] == '"':
        sentence = sentence[1:-1].replace('""', '"')
    lists.texts[clip] = sentence


class Difference(NamedTuple):
    """Two labelings of the same clips: edits over labels of the first, utterances that differ."""

    clips: int
    differ: int
    edits: int
    labels: int

    @property
    def rate(self) -> float:
        """Edits percent of the first labels: the PER of the second labeling, were it a guess."""
        return 100 * self.edits / max(1, self.labels)

    def __str__(self) -> str:
        return f"{self.rate:.2f} % ({self.differ} of {self.clips} clips)"


def difference(
    clips: Iterable[str], first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]]
) -> Difference:
    """How far `second` is from `first` over the clips that have both."""
    numbers: dict[str, int] = {}
    compared = differ = edits = labels = 0
    for clip in clips:
        if clip not in first or clip not in second:
            continue
        a, b = ([numbers.setdefault(p, len(numbers)) for p in t[clip]] for t in (first, second))
        distance = 0 if a == b else edit_distance(a, b)
        compared, differ = compared + 1, differ + (distance > 0)
        edits, labels = edits + distance, labels + len(a)
    return Difference(compared, differ, edits, labels)


class Match(NamedTuple):
    """One list against a release."""

    split: str
    matched: list[str]
    missing: list[str]

    @property
    def share(self) -> float:
        return len(self.matched) / max(1, len(self.matched) + len(self.missing))

    def __str__(self) -> str:
        listed = len(self.matched) + len(self.missing)
        text = f"{self.split}: {len(self.matched)} of {listed} clips ({100 * self.share:.1f} %)"
        if self.missing:
            shown = ", ".join(self.missing[:3]) + (", ..." if len(self.missing) > 3 else "")
            text += f"; missing: {shown}"
        return text


def resolve(
    lists: Lists, there: Mapping[str, Path], *, min_matched: float, allow_missing: bool
) -> dict[str, Match]:
    """Split -> clips of the list with and without a file in `there`, in the list's order.

    Raises DataError if a list has less than the share `min_matched`, unless `allow_missing`; with
    nothing matched, always.
    """
    matches = {}
    for split in SPLITS:
        clips = lists.splits[split]
        found = [clip for clip in clips if clip in there]
        matches[split] = Match(split, found, [clip for clip in clips if clip not in there])
    short = [match for match in matches.values() if match.share < min_matched]
    if any(not match.matched for match in short) or (short and not allow_missing):
        report = "\n".join(f"  {match}" for match in matches.values())
        raise DataError(
            f"{lists.where}: too few clips are in the release (at least {100 * min_matched:g} % of "
            "each list are asked for):\n"
            f"{report}\nThe lists were made of release 3; take release 3 to 6.1, or give "
            "--allow_missing true and report the clips that are left"
        )
    return matches
