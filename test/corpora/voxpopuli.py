"""VoxPopuli in miniature: sessions of real speech in Ogg Vorbis and its tables, with faults.

Transcribed Italian (asr_it.tsv.gz, sessions of raw_audios/original/<year>), unlabelled Italian and
Russian (called lt: VoxPopuli has no Russian). Faults: an utterance of no split, one without text,
one whose session file is missing, one that ends before it starts, nobody as speaker, a speaker id
with .0, a session that is cut short, and segments of other languages in the same table.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import soundfile
from corpora.speech import Clip, clips

RATE = 16000
GAP = 0.3  # seconds before each clip
COLUMNS = (
    "session_id", "id_", "original_text", "normed_text", "speaker_id", "split", "gender",
    "is_gold_transcript", "accent", "vad", "start_time", "end_time",
)  # fmt: skip
SESSIONS = {
    "20180207-0900-PLENARY-15": "train",
    "20180208-0900-PLENARY-3": "train",
    "20190311-1700-ENVI-2": "dev",
    "20200115-0900-PLENARY-1": "test",
}
Span = tuple[Clip, float, float]


def session(speech: list[Clip]) -> tuple[bytes, list[Span]]:
    """Clips one after the other as Ogg Vorbis, and where each begins and ends."""
    parts, spans, at = [], [], 0.0
    for clip in speech:
        samples = clip.samples(RATE)
        start, end = at + GAP, at + GAP + len(samples) / RATE
        parts += [np.zeros(round(GAP * RATE), np.float32), samples]
        spans.append((clip, start, end))
        at = end
    return vorbis(np.concatenate([*parts, np.zeros(RATE // 2, np.float32)])), spans


def vorbis(samples: np.ndarray) -> bytes:
    """Written in pieces: libsndfile's Vorbis does not bear long arrays."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", RATE, 1, format="OGG", subtype="VORBIS") as stream:
        for at in range(0, len(samples), RATE):
            stream.write(samples[at : at + RATE])
    return out.getvalue()


def write_session(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name[:4] / f"{name}.ogg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def row_of(name: str, number: int, split: str, span: Span) -> dict[str, str]:
    clip, start, end = span
    return {
        "session_id": name, "id_": f"{name}-it_{number}", "split": split,
        "original_text": f'{clip.text.capitalize()} | "{number}".', "normed_text": clip.text,
        "speaker_id": str((28377, 4512, 197868)[number % 3]),
        "gender": ("female", "male", "female")[number % 3],
        "is_gold_transcript": "False", "accent": "None", "vad": f"[({start:.2f}, {end:.2f})]",
        "start_time": f"{start:.2f}", "end_time": f"{end:.2f}",
    }  # fmt: skip


def make_transcribed(out: Path) -> None:
    """raw_audios/original and annotations/asr/asr_it.tsv.gz."""
    rows, speech = [], clips("it")
    for place, (name, split) in enumerate(SESSIONS.items()):
        data, spans = session(speech[place * 5 : place * 5 + 5])
        write_session(out / "raw_audios/original", f"{name}_original", data)
        rows += [row_of(name, number, split, span) for number, span in enumerate(spans)]
    spoilt = [dict(rows[0], id_=f"fault-{number}") for number in range(6)]
    spoilt[0]["split"] = "None"
    spoilt[1]["normed_text"] = ""
    spoilt[2]["session_id"] = "20180101-0900-PLENARY-9"
    spoilt[3]["end_time"] = "0.0"
    spoilt[4] |= {"speaker_id": "None", "gender": "None"}
    spoilt[5]["normed_text"] = "&quot;cos&igrave;&quot;"
    rows[1]["speaker_id"] += ".0"
    write_table(out / "annotations/asr/asr_it.tsv.gz", COLUMNS, [*rows, *spoilt], "|")


def make_unlabelled(out: Path) -> None:
    """raw_audios/<lang> and annotations/unlabelled_v2.tsv.gz of both languages."""
    rows, names = [], ("event_id", "segment_no", "start", "end")
    for lang, speech in (("it", clips("it")), ("lt", clips("ru"))):
        for place, name in enumerate(SESSIONS):
            event = f"{name}_{lang}"
            data, spans = session(speech[place * 5 + 1 : place * 5 + 5])
            path = write_session(out / f"raw_audios/{lang}", event, data)
            if lang == "lt" and place == 1:
                path.write_bytes(data[: len(data) * 2 // 3])
            for number, (_, start, end) in enumerate(spans):
                values = (event, str(number), f"{start:.2f}", f"{end:.2f}")
                rows.append(dict(zip(names, values, strict=True)))
    write_table(out / "annotations/unlabelled_v2.tsv.gz", names, rows, "\t")


def write_table(
    path: Path, columns: tuple[str, ...], rows: list[dict[str, str]], delimiter: str
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def make(out: Path) -> None:
    """The corpus with its faults; see the head of this file."""
    make_transcribed(out)
    make_unlabelled(out)
