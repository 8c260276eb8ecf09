"""Common Voice in miniature: four releases and the few-shot lists, of real speech, with faults.

``make`` leaves releases as they came and as users keep them:

    cv-corpus-3_es/                                  no folder of the locale, paths without .mp3
    cv-corpus-4-2019-12-10/it/                       eight columns, every fault of FAULTS
    cv-corpus-17.0-2024-03-15/en/                    thirteen columns, clip_durations.tsv
    cv-corpus-17.0-2024-03-15-sv-SE.tar.gz           an archive (the speech is French)
    fewshot/{it,sv}/  common_voices_splits.tar.gz    the few-shot lists in their two layouts

The first few-shot list of it names a clip that no release has. MP3s are 48 kHz mono but for FAULTS.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from corpora.speech import Clip, clips

from asrkit.text.phonemize import Phonemizer

COLUMNS_4 = "client_id path sentence up_votes down_votes age gender accent".split()
COLUMNS_17 = (
    "client_id path sentence_id sentence sentence_domain up_votes down_votes age gender accents "
    "variant locale segment"
).split()
# Italian prompt (by its place) -> what is wrong with it.
FAULTS = {
    0: "quotes",
    3: "44.1 kHz stereo",
    5: "wrong-case extension",
    16: "zero-byte mp3",
    17: "truncated mp3",
    18: "tab",
    19: "missing clip",
    20: "empty sentence",
    21: "digits",
    22: "tiny clip",
}
# Places of the prompts in the few-shot lists; what remains is there to pre-train on.
FEW_SHOT = {"train": range(0, 8), "val": range(8, 11), "test": range(11, 15)}
LIST_NAMES = {
    "train": "trainSeqs_1.0_uniform_new_version",
    "val": "valSeqs_1.0_uniform_new_version",
    "test": "testSeqs_uniform_new_version",
}
GONE = "common_voice_it_17999999"  # in the first few-shot list, in no release


class Line(NamedTuple):
    """One clip: its name, speaker and sentence, and the file's name and seconds."""

    name: str
    speaker: str
    sentence: str
    file: str
    seconds: float


def mp3(samples: np.ndarray, rate: int) -> bytes:
    """[S] or [channels, S] at `rate` as an MP3 with a Xing header."""
    channels = np.atleast_2d(samples).astype(np.float32)
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=rate)
        stream.layout = "stereo" if len(channels) == 2 else "mono"
        stream.bit_rate = 64000
        frame = av.AudioFrame.from_ndarray(channels, format="fltp", layout=stream.layout.name)
        frame.rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return out.getvalue()


def write_clip(folder: Path, name: str, clip: Clip, fault: str = "") -> tuple[str, float]:
    """Writes the file of one clip, if any; its name and true seconds."""
    rate = 44100 if fault == "44.1 kHz stereo" else 48000
    samples = clip.samples(rate)
    if fault == "tiny clip":
        samples = samples[: rate // 10]
    file = f"{name}.MP3" if fault == "wrong-case extension" else f"{name}.mp3"
    data = mp3(np.stack([samples, samples]) if fault == "44.1 kHz stereo" else samples, rate)
    if fault == "zero-byte mp3":
        data = b""
    if fault == "truncated mp3":
        data = data[: len(data) // 2]
    if fault != "missing clip":
        (folder / file).write_bytes(data)
    return file, len(samples) / rate


def sentence_of(clip: Clip, fault: str = "") -> str:
    """The prompt as Common Voice would print it, or with its fault."""
    text = f"{clip.text[0].upper()}{clip.text[1:]}."
    first, _, rest = text.partition(" ")
    changed = {
        "quotes": f'"{first} {rest}',
        "tab": f"{first}\t{rest}",
        "empty sentence": "",
        "digits": f"{first} 3 {rest}",
    }
    return changed.get(fault, text)


def speak(folder: Path, locale: str, lang: str, first: int) -> list[Line]:
    """The clips of a locale in `folder`/clips, by six speakers; faults in Italian only."""
    (folder / "clips").mkdir(parents=True)
    lines = []
    for place, clip in enumerate(clips(lang)):
        fault = FAULTS.get(place, "") if locale == "it" else ""
        name = f"common_voice_{locale}_{first + place}"
        file, seconds = write_clip(folder / "clips", name, clip, fault)
        speaker = hashlib.sha512(f"{locale} {place % 6}".encode()).hexdigest()
        lines.append(Line(name, speaker, sentence_of(clip, fault), file, seconds))
    return lines


def table(path: Path, columns: list[str], lines: Iterable[Line], *, suffix: str = ".mp3") -> None:
    """One tab-separated table without quoting, as CorporaCreator writes it."""
    rows = ["\t".join(columns)]
    for line in lines:
        locale = line.name.split("_")[2]
        known = {
            "client_id": line.speaker,
            "path": f"{line.name}{suffix}",
            "sentence_id": hashlib.sha256(line.sentence.encode()).hexdigest(),
            "sentence": line.sentence,
            "up_votes": "2",
            "down_votes": "0",
            "locale": locale,
        }
        rows.append("\t".join(known.get(column, "") for column in columns))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def release(folder: Path, lines: list[Line], columns: list[str], *, suffix: str = ".mp3") -> None:
    """All tables: everything is validated but the last clip; 17 to train on, 3, 3."""
    parts = {"train": lines[:5] + lines[11:-1], "dev": lines[8:11], "test": lines[5:8]}
    for name, part in parts.items():
        kept = [line for line in part if line.sentence] or part
        table(folder / f"{name}.tsv", columns, kept, suffix=suffix)
    table(folder / "validated.tsv", columns, lines[:-1], suffix=suffix)
    table(folder / "other.tsv", columns, lines[-1:], suffix=suffix)
    table(folder / "invalidated.tsv", columns, [], suffix=suffix)
    if columns is COLUMNS_17:
        rows = [f"{line.file}\t{round(1000 * line.seconds)}" for line in lines]
        durations = "\n".join(["clip\tduration[ms]", *rows]) + "\n"
        (folder / "clip_durations.tsv").write_text(durations, encoding="utf-8")
        (folder / "reported.tsv").write_text("sentence_id\tsentence\tlocale\treason\n")
        for name in ("validated_sentences.tsv", "unvalidated_sentences.tsv"):
            (folder / name).write_text("sentence_id\tsentence\tsentence_domain\tsource\n")


def phones_of(lines: list[Line], lang: str) -> dict[str, list[str]]:
    sentences = Phonemizer(lang)([line.sentence for line in lines])
    return {line.name: s.tokens() for line, s in zip(lines, sentences, strict=True)}


def few_shot(folder: Path, lang: str, lines: list[Line]) -> dict[str, bytes]:
    """Lists of `lang` as UniSpeech passes them on, in `folder`; returns them as CPC_audio does.

    The `.phone` of the first clip of each list misses its last phone, so that it is not its `.id`.
    """
    folder.mkdir(parents=True)
    phones = phones_of(lines, lang)
    numbers = {
        phone: n for n, phone in enumerate(sorted({p for row in phones.values() for p in row}))
    }
    numbers[""] = len(numbers)  # as the Spanish dictionary has it
    dictionary = json.dumps(numbers)
    (folder / "phonesMatches_reduced.json").write_text(dictionary)
    labels, plain = [], {"phonesMatches_reduced.json": dictionary.encode()}
    for split, places in FEW_SHOT.items():
        part = [lines[place] for place in places]
        if split == "train" and lang == "it":
            part.append(Line(GONE, "", "Nessuno la trova.", "", 2.0))
            phones[GONE] = phones[lines[0].name]
        write_list(folder, LIST_NAMES[split], part, phones, numbers)
        names = "".join(f"{line.name}\n" for line in part)
        plain[f"{LIST_NAMES[split]}.txt"] = names.encode()
        labels += [f"{line.name} {ids(phones[line.name], numbers)}\n" for line in part]
    plain["validated_phones_reduced.txt"] = "".join(labels).encode()
    return plain


def ids(phones: list[str], numbers: dict[str, int]) -> str:
    return "".join(f"{numbers[phone]} " for phone in phones)


def write_list(
    folder: Path, name: str, part: list[Line], phones: dict[str, list[str]], numbers: dict[str, int]
) -> None:
    rows = [f"{line.name}.wav\t{round(16000 * line.seconds)}\t16000\n" for line in part]
    (folder / f"{name}_16k.tsv").write_text("".join(["WAV_PATH\n", *rows]), encoding="utf-8")
    labels = "".join(f"{ids(phones[line.name], numbers)}\n" for line in part)
    (folder / f"{name}_16k.id").write_text(labels, encoding="utf-8")
    second = [phones[line.name] for line in part]
    second[0] = second[0][:-1]
    spoken = "".join(" | ".join([" ".join(row), ""]) + "\n" for row in second)
    (folder / f"{name}.phone").write_text(spoken, encoding="utf-8")
    with open(folder / f"{name}.text", "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerows((line.name, line.sentence) for line in part)


def pack(path: Path, members: dict[str, bytes]) -> None:
    """A gzipped tar of `members`, shuffled as archives are, with a folder's entry first."""
    names = sorted(members)
    random.Random(0).shuffle(names)
    with tarfile.open(path, "w:gz") as tar:
        head = tarfile.TarInfo(names[0].split("/")[0])
        head.type, head.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(head)
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(members[name])
            tar.addfile(info, io.BytesIO(members[name]))


def make(out: Path) -> None:
    """Writes the releases and the lists below `out`."""
    new = "cv-corpus-17.0-2024-03-15"
    release(
        out / "cv-corpus-3_es",
        speak(out / "cv-corpus-3_es", "es", "es", 16000000),
        COLUMNS_4,
        suffix="",
    )
    italian = out / "cv-corpus-4-2019-12-10/it"
    it = speak(italian, "it", "it", 17000000)
    release(italian, it, COLUMNS_4)
    release(out / new / "en", speak(out / new / "en", "en", "en", 18000000), COLUMNS_17)
    swedish = out / ".sv" / new / "sv-SE"
    sv = speak(swedish, "sv-SE", "fr", 19000000)
    release(swedish, sv, COLUMNS_17)
    files = {str(p.relative_to(out / ".sv")): p for p in (out / ".sv").rglob("*") if p.is_file()}
    pack(out / f"{new}-sv-SE.tar.gz", {name: path.read_bytes() for name, path in files.items()})
    for path in files.values():
        path.unlink()
    for folder in (swedish / "clips", swedish, out / ".sv" / new, out / ".sv"):
        folder.rmdir()
    lists = {}
    for lang, lines in (("it", it), ("sv", sv)):
        for name, data in few_shot(out / "fewshot" / lang, lang, lines).items():
            lists[f"common_voices_splits/{lang}/{name}"] = data
    pack(out / "common_voices_splits.tar.gz", lists)
