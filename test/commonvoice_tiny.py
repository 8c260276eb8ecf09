"""Small made-up releases and few-shot lists of Common Voice, for the tests of egs/commonvoice."""

from __future__ import annotations

from pathlib import Path

from corpora.commonvoice import COLUMNS_4, Line, table

SECOND = b"\xff\xfb\x54\xc4" + b"\0" * 7996  # 64 kbit/s, 48 kHz, mono: 8000 bytes are a second


def line(locale: str, number: int, sentence: str = "Una frase.", speaker: str = "s1") -> Line:
    name = f"common_voice_{locale}_{number}"
    return Line(name, speaker, sentence, f"{name}.mp3", 1.0)


def make_release(
    folder: Path, lines: list[Line], columns: list[str] = COLUMNS_4, *, suffix: str = ".mp3"
) -> Path:
    """A release whose clips are a second each; train, dev and test hold one of the first three."""
    (folder / "clips").mkdir(parents=True)
    for one in lines:
        (folder / "clips" / one.file).write_bytes(SECOND)
    parts = {"train": lines[:1], "dev": lines[1:2], "test": lines[2:3], "validated": lines}
    for name, part in {**parts, "other": [], "invalidated": []}.items():
        table(folder / f"{name}.tsv", columns, part, suffix=suffix)
    return folder


def make_lists(folder: Path, train: list[str], valid: list[str], test: list[str]) -> Path:
    """UniSpeech's layout; every clip is labeled ``a b``, its .phone ``a |``."""
    folder.mkdir(parents=True)
    (folder / "phonesMatches_reduced.json").write_text('{"a": 0, "b": 1, "": 2}')
    names = {"trainSeqs_1.0": train, "valSeqs_1.0": valid, "testSeqs": test}
    for start, clips in names.items():
        name = f"{start}_uniform_new_version"
        rows = [f"{clip}.wav\t16000\t16000\n" for clip in clips]
        (folder / f"{name}_16k.tsv").write_text("WAV_PATH\n" + "".join(rows))
        (folder / f"{name}_16k.id").write_text("0 2 1 \n" * len(clips))
        (folder / f"{name}.phone").write_text("a | \n" * len(clips))
        rows = [f'{clip}\t"Un ""altra"" frase."\n' for clip in clips]
        (folder / f"{name}.text").write_text("".join(rows))
    return folder


def names(*numbers: int) -> list[str]:
    return [f"common_voice_it_{number}" for number in numbers]
