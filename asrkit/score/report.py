"""Readable files of a scored set: alignments, sclite-like columns, trn files."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from asrkit.files import atomic
from asrkit.score.rates import Counts, Utterance, by_language, total

COLUMNS = "|dataset|Snt|Wrd|Corr|Sub|Del|Ins|Err|S.Err|"


def width(text: str) -> int:
    """Terminal columns of a text: combining marks take none, wide East Asian letters two."""
    columns = 0
    for character in text:
        if not unicodedata.combining(character):
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def _pad(text: str, columns: int) -> str:
    return text + " " * max(0, columns - width(text))


def alignment_lines(utterance: Utterance) -> list[str]:
    """REF, HYP and Eval (S, D, I) under each other; gaps are rows of ``*``."""
    ref, hyp, marks = ["REF: "], ["HYP: "], ["Eval:"]
    for left, right in utterance.alignment.pairs:
        mark = ""
        if left is None:
            mark = "I"
        elif right is None:
            mark = "D"
        elif left != right:
            mark = "S"
        size = max(width(left or ""), width(right or ""), 1)
        ref.append(_pad(left or "*" * size, size))
        hyp.append(_pad(right or "*" * size, size))
        marks.append(_pad(mark, size))
    c = utterance.counts
    language = f" [{utterance.language}]" if utterance.language else ""
    missing = " (no hypothesis)" if utterance.missing else ""
    return [
        f"id: ({utterance.key}){language}{missing}",
        f"Scores: (#C #S #D #I) {c.correct} {c.substitutions} {c.deletions} {c.insertions}",
        *(" ".join(row).rstrip() for row in (ref, hyp, marks)),
        "",
    ]


def write_alignments(path: Path, utterances: Sequence[Utterance]) -> None:
    with atomic(path) as out:
        for utterance in utterances:
            out.write("\n".join(alignment_lines(utterance)) + "\n")


def percentages(counts: Counts) -> list[str]:
    """Corr, Sub, Del, Ins, Err of the reference tokens and S.Err of the sentences, in percent."""

    def share(part: int, whole: int) -> str:
        return f"{100.0 * part / whole:.1f}" if whole else "-"

    c = counts
    parts = (c.correct, c.substitutions, c.deletions, c.insertions, c.errors)
    return [*(share(part, c.tokens) for part in parts), share(c.wrong_sentences, c.sentences)]


def markdown_row(name: str, counts: Counts) -> str:
    """A row under COLUMNS, as ESPnet's tables have it."""
    return "|".join(["", name, str(counts.sentences), str(counts.tokens), *percentages(counts), ""])


def write_result(path: Path, utterances: Sequence[Utterance], heading: Mapping[str, str]) -> None:
    """sclite-like table: a row for every language and the sum, under ``key: value`` lines."""
    rows = [["SPKR", "# Snt", "# Wrd", "Corr", "Sub", "Del", "Ins", "Err", "S.Err"]]
    groups: dict[str, Counts] = {
        language: total(part) for language, part in by_language(utterances).items() if language
    }
    groups["Sum/Avg"] = total(utterances)
    for name, counts in groups.items():
        rows.append([name, str(counts.sentences), str(counts.tokens), *percentages(counts)])
    sizes = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    line = "|-" + "-|-".join("-" * size for size in sizes) + "-|"
    with atomic(path) as out:
        for key, value in heading.items():
            out.write(f"{key}: {value}\n")
        out.write("\n")
        for number, row in enumerate(rows):
            numbers = [cell.rjust(size) for cell, size in zip(row[1:], sizes[1:], strict=True)]
            cells = [_pad(row[0], sizes[0]), *numbers]
            if number in (0, len(rows) - 1):
                out.write(line + "\n")
            out.write("| " + " | ".join(cells) + " |\n")
            if number == 0 and len(rows) > 2:
                out.write(line + "\n")
        out.write(line + "\n")


def write_trn(folder: Path, utterances: Sequence[Utterance], speakers: Mapping[str, str]) -> None:
    """ref.trn and hyp.trn for NIST sclite: ``tokens (speaker-id)``."""
    for side, name in enumerate(("ref.trn", "hyp.trn")):
        with atomic(folder / name) as out:
            for utterance in utterances:
                tokens = [pair[side] for pair in utterance.alignment.pairs if pair[side]]
                label = f"{speakers.get(utterance.key, utterance.key)}-{utterance.key}"
                out.write(f"{' '.join(token for token in tokens if token)}\t({label})\n")


def write_utterances(path: Path, utterances: Sequence[Utterance]) -> None:
    """One line an utterance: id, language, reference tokens, C, S, D, I; tab-separated."""
    with atomic(path) as out:
        out.write("id\tlang\ttokens\tcorrect\tsubstitutions\tdeletions\tinsertions\n")
        for u in utterances:
            c = u.counts
            numbers = (c.tokens, c.correct, c.substitutions, c.deletions, c.insertions)
            out.write("\t".join([u.key, u.language or "-", *map(str, numbers)]) + "\n")
