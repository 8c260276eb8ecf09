"""What was aligned, as a data folder: tables, reports, and transcripts for editors."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from asrkit.files import DataError, atomic, atomic_folder, write_json
from asrkit.formats.table import suffix, write
from asrkit.kaldi.utterances import Utterance, write_data_dir
from asrkit.segmentation.found import Found
from asrkit.segmentation.recording import Aligned, Rejected
from asrkit.segmentation.units import Unit
from asrkit.transcript import Segment, Transcript, Word

SPELLINGS = ("original", "normalized")


def text_of(segment: Found, unit: Unit, spelling: str) -> str:
    """What is said in a segment. Of a part of a unit whose words as they are written are not known
    one by one, the normalized words."""
    if spelling == "original":
        if segment.first == 0 and segment.last == len(unit.words) - 1:
            return unit.text
        if unit.written:
            return " ".join(unit.written[segment.first : segment.last + 1])
    return " ".join(unit.words[segment.first : segment.last + 1])


def utterances(found: Aligned, spelling: str) -> list[Utterance]:
    """Ids are speaker, recording, and begin and end in hundredths of a second."""
    pair, rows = found.pair, []
    head = pair.name if pair.speaker == pair.name else f"{pair.speaker}-{pair.name}"
    for segment in found.segments:
        begin, end = round(segment.begin, 2), round(segment.end, 2)
        rows.append(
            Utterance(
                f"{head}-{round(begin * 100):07d}-{round(end * 100):07d}",
                pair.speaker,
                str(Path(pair.audio).resolve()),
                text_of(segment, found.units[segment.unit], spelling),
                pair.name,
                (begin, end),
                {"utt2score": f"{segment.score:.3f}"},
            )
        )
    return rows


def transcript(found: Aligned, language: str, model: str) -> Transcript:
    """Segments with their words; confidence is the score. A word that was not found lies between
    its neighbors, with confidence 0."""
    segments = []
    for segment in found.segments:
        unit = found.units[segment.unit]
        words = list(_words(segment, unit))
        segments.append(
            Segment(
                round(segment.begin, 3),
                round(segment.end, 3),
                " ".join(word.text for word in words),
                tuple(words),
                round(segment.score, 3),
                found.pair.speaker,
            )
        )
    segments.sort(key=lambda segment: segment.start)
    return Transcript(
        tuple(segments), round(found.seconds, 3), str(Path(found.pair.audio)), language, model
    )


def _words(segment: Found, unit: Unit) -> Iterator[Word]:
    spelled, there = unit.written or unit.words, {word.number: word for word in segment.words}
    at = segment.begin
    for number in range(segment.first, segment.last + 1):
        word = there.get(number)
        if word is None:
            after = [other.begin for other in segment.words if other.number > number]
            begin, end, score = at, max(at, *after[:1]) if after else segment.end, 0.0
        else:
            begin, end, score = max(at, word.begin), max(at, word.end), word.score
        parts = spelled[number].split()  # a sign that is written apart lasts no time
        main = max(range(len(parts)), key=lambda n: sum(map(str.isalnum, parts[n])))
        for place, part in enumerate(parts):
            start = end if place > main else begin
            stop = begin if place < main else end
            yield Word(part, round(start, 3), round(stop, 3), round(score, 3))
        at = end


def write_aligned(
    out: Path,
    aligned: Sequence[Aligned],
    *,
    language: str,
    spelling: str,
    names: Sequence[str],
    record: dict[str, Any],
) -> None:
    """Writes the folder whole or not at all. names: of formats, each a folder of transcripts.

    Raises DataError if no segment is left, or ``out`` holds anything.
    """
    rows = [row for found in aligned for row in utterances(found, spelling)]
    if not rows:
        best = [r.found.score for found in aligned for r in found.rejected if r.found]
        score = f"; the best score is {max(best):.2f}" if best else ""
        raise DataError(
            f"{out}: nothing of the text was found in the recordings{score}. Are they of the same "
            "talk, and is --lang its language?"
        )
    with atomic_folder(out) as folder:
        write_data_dir(folder, rows, language)
        with atomic(folder / "rejected.tsv") as stream:
            stream.write("recording\tline\treason\tscore\tbegin\tend\ttext\n")
            for found in aligned:
                stream.writelines(_row(found.pair.name, row) for row in found.rejected)
        for name in names:
            (folder / name).mkdir()
            for found in aligned:
                path = folder / name / f"{found.pair.name}{suffix(name)}"
                write(transcript(found, language, record["model"]), name, path)
        write_json(folder / "align.json", record | {"recordings": [*map(report, aligned)]})


def _row(recording: str, row: Rejected) -> str:
    """The text is that of the unit, or of the part of it that was found."""
    text = row.unit.text
    score = begin = end = ""
    if row.found is not None:
        text = text_of(row.found, row.unit, "original")
        score, begin, end = (
            f"{row.found.score:.3f}",
            f"{row.found.begin:.2f}",
            f"{row.found.end:.2f}",
        )
    fields = (recording, str(row.unit.line), row.reason, score, begin, end, text)
    return "\t".join(" ".join(field.split()) for field in fields) + "\n"


def report(found: Aligned) -> dict[str, Any]:
    """Numbers of one recording; JSON-ready."""
    mapping = found.mapping
    return {
        "recording": found.pair.name,
        "audio": found.pair.audio,
        "text": str(found.pair.text),
        "seconds": round(found.seconds, 2),
        "seconds_aligned": round(sum(s.end - s.begin for s in found.segments), 2),
        "speech_outside": round(found.speech_outside, 4),
        "units": len(found.units),
        "segments": len(found.segments),
        "rejected": len(found.rejected),
        "median_score": round(statistics.median(s.score for s in found.segments), 3)
        if found.segments
        else None,
        "moved": found.moved,
        "symbols": mapping.symbols,
        "symbols_unknown": round(mapping.unknown, 4),
        "symbols_replaced": {
            name: {"by": " ".join(mapping.replaced[name]), "times": count}
            for name, count in mapping.counts.most_common()
        },
    }
