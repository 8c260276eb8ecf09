"""RESULTS.md: the generated part between two markers, hand-written text around it untouched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asrkit.files import DataError, atomic
from asrkit.score.classes import Classified, sections
from asrkit.score.gains import GAINS_HEAD, gain_rows
from asrkit.score.pooled import pool
from asrkit.score.results import (
    SUMMARY_HEAD,
    Score,
    Skipped,
    espnet_tables,
    language_rows,
    markdown_table,
    summary_rows,
)
from asrkit.score.seeds import SEEDS_HEAD, seed_rows
from asrkit.score.units import NAMES

BEGIN = "<!-- results: begin (written by asrkit.bin.results; text outside the markers is kept) -->"
END = "<!-- results: end -->"


def _environments(scores: Sequence[Score]) -> str:
    newest = max(scores, key=lambda score: str(score.data.get("date")))
    lines = [f"- date: `{newest.data.get('date')}`"]
    for name, value in newest.data.get("environment", {}).items():
        lines.append(f"- {name.replace('_', ' ')}: `{value}`")
    return "\n".join(lines)


def _weights(score: Score) -> str:
    """The weights of a search, and the file of tune_lm that they come from."""
    decoding = score.data.get("decoding") or {}
    names = [name for name in ("lm_weight", "word_score", "prior_weight") if name in decoding]
    if not names:
        return ""
    tuned = f" of `{decoding['tuned']}`" if decoding.get("tuned") else ""
    return ", " + ", ".join(f"{name} {decoding[name]:g}" for name in names) + tuned


def _commands(scores: Sequence[Score]) -> str:
    lines = []
    for score in scores:
        name = " / ".join(filter(None, (score.experiment, score.mode, score.dataset)))
        config = f", config `{score.data['config']}`" if score.data.get("config") else ""
        commit = score.data.get("environment", {}).get("commit")
        lines.append(
            f"- {name}, {NAMES[score.unit]}: `{score.data['command']}`{config}{_weights(score)}"
            f" ({commit})"
        )
    return "\n".join(lines)


def generated_part(
    scores: Sequence[Score],
    skipped: Sequence[Skipped],
    *,
    langs: Sequence[str] = (),
    baseline: str = "",
    classified: Sequence[Classified] = (),
) -> str:
    """The tables: summary, by language, over seeds, ESPnet's columns by experiment, commands.

    langs: those of the table by language, if not all. baseline: the system that others are
    compared with. classified: what classifiers were right in.
    """
    parts = [
        "Rates are percent, summed over the set (micro). PER leaves the word separator out, CER"
        " counts it, unless the tables below say otherwise.",
        markdown_table(SUMMARY_HEAD, summary_rows(scores, skipped)),
    ]
    several = [*scores, *pool(scores)]
    languages = language_rows(several, langs)
    if languages:
        parts.append(
            "By language, and the average of their rates; `*` is a model of each of them:\n\n"
            + markdown_table(languages[0], languages[1:])
        )
    if baseline:
        gains = gain_rows(several, baseline, langs)
        parts.append(f"Against `{baseline}`, over the languages of both:\n\n")
        parts[-1] += markdown_table(GAINS_HEAD, gains)
    seeds = seed_rows(scores)
    if seeds:
        parts.append(
            "Over seeds (mean, standard deviation of the sample):\n\n"
            + markdown_table(SEEDS_HEAD, seeds)
        )
    if scores:
        parts.append("## Environments\n\n" + _environments(scores))
        parts.append(espnet_tables(scores).rstrip())
        parts.append("## Commands\n\n" + _commands(scores))
    if classified:
        parts.append(sections(classified))
    return "\n\n".join(parts)


def write_results(
    path: Path,
    scores: Sequence[Score],
    skipped: Sequence[Skipped],
    *,
    langs: Sequence[str] = (),
    baseline: str = "",
    classified: Sequence[Classified] = (),
) -> None:
    """Writes or renews the part of ``path`` between the markers; DataError if one is missing.

    langs, baseline, classified: as ``generated_part``.
    """
    tables = generated_part(scores, skipped, langs=langs, baseline=baseline, classified=classified)
    block = f"{BEGIN}\n{tables}\n{END}"
    if path.exists():
        old = path.read_text(encoding="utf-8")
        begins, ends = old.count(BEGIN), old.count(END)
        if (begins, ends) == (0, 0):
            text = f"{old.rstrip()}\n\n{block}\n"
        elif (begins, ends) == (1, 1) and old.index(BEGIN) < old.index(END):
            before, after = old[: old.index(BEGIN)], old[old.index(END) + len(END) :]
            text = before + block + after
        else:
            raise DataError(
                f"{path}: the markers {BEGIN!r} and {END!r} must each appear once, in this order;"
                " repair them, or remove both and run again"
            )
    else:
        text = f"# RESULTS\n\n{block}\n"
    with atomic(path) as out:
        out.write(text)


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns in a terminal; a note in place of numbers runs over the empty cells after it."""
    sizes = [len(name) for name in head]
    for row in rows:
        for place, cell in enumerate(row):
            if not cell.startswith("skipped:"):
                sizes[place] = max(sizes[place], len(cell))
    lines = []
    for row in [list(head), ["-" * size for size in sizes], *rows]:
        cells = []
        for place, (cell, size) in enumerate(zip(row, sizes, strict=True)):
            if cell.startswith("skipped:"):
                cells.append(cell)
                break
            cells.append(cell.ljust(size) if place < 3 else cell.rjust(size))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _spread(keys: Sequence[int], count: int) -> list[int]:
    """``count`` of ``keys``, evenly spaced, the same ones in every run."""
    if count >= len(keys):
        return list(keys)
    return [keys[(2 * number + 1) * len(keys) // (2 * count)] for number in range(count)]


def pairs_of(score: Score, count: int) -> list[tuple[str, str, str, str]]:
    """(id, language, reference, hypothesis) of ``count`` utterances of every language."""
    rows = (score.folder / "utterances.tsv").read_text(encoding="utf-8").split("\n")[1:-1]
    sides = []
    for name in ("ref.trn", "hyp.trn"):
        lines = (score.folder / name).read_text(encoding="utf-8").split("\n")[:-1]
        sides.append([line.rpartition("\t")[0] for line in lines])
    if not len(rows) == len(sides[0]) == len(sides[1]):
        raise DataError(f"{score.folder}: utterances.tsv, ref.trn, hyp.trn differ; score again")
    heads = [row.split("\t")[:2] for row in rows]
    chosen: list[int] = []
    for language in sorted({language for _, language in heads}):
        chosen += _spread([n for n, head in enumerate(heads) if head[1] == language], count)
    return [(heads[n][0], heads[n][1], sides[0][n], sides[1][n]) for n in chosen]


def pairs_text(scores: Sequence[Score], count: int) -> str:
    """Reference and hypothesis under each other; words where they were scored, else phones."""
    best: dict[tuple[str, str, str], Score] = {}
    rank = ["wer", "per", "cer", "ter"]
    for score in scores:
        key = (score.experiment, score.mode, score.dataset)
        if key not in best or rank.index(score.unit) < rank.index(best[key].unit):
            best[key] = score
    lines = []
    for key, score in best.items():
        lines.append("\n" + " / ".join(filter(None, key)) + f" ({NAMES[score.unit]})")
        for name, language, ref, hyp in pairs_of(score, count):
            lines += [f"  {name} [{language}]", f"    REF: {ref}", f"    HYP: {hyp}"]
    return "\n".join(lines)
