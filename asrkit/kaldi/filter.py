"""Leaves out utterances that training cannot use, says why, and counts hours by language."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError, atomic
from asrkit.kaldi.datadir import DataDir, refuse_inputs
from asrkit.rate import RATE


class Filtered(NamedTuple):
    """kept and removed: (hours, utterances) by language. reasons: utterance -> why it went."""

    kept: dict[str, tuple[float, int]]
    removed: dict[str, tuple[float, int]]
    reasons: dict[str, str]

    def table(self) -> str:
        """Hours and utterances by language, as aligned columns."""
        langs = sorted(self.kept.keys() | self.removed.keys())
        rows = [("language", "hours", "utterances", "removed hours", "removed")]
        total = [0.0, 0, 0.0, 0]
        for lang in [*langs, "all"]:
            cells = [*self.kept.get(lang, (0.0, 0)), *self.removed.get(lang, (0.0, 0))]
            if lang == "all":
                cells = total
            else:
                total = [a + b for a, b in zip(total, cells, strict=True)]
            rows.append((lang, f"{cells[0]:.2f}", str(cells[1]), f"{cells[2]:.2f}", str(cells[3])))
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        return "\n".join(
            "  ".join([row[0].ljust(widths[0]), *(map(str.rjust, row[1:], widths[1:]))])
            for row in rows
        )


def filter_dir(
    in_dir: str | Path,
    out_dir: str | Path,
    *,
    min_seconds: float = 0,
    max_seconds: float = float("inf"),
    allow_empty_text: bool = False,
    token_file: str | None = None,
    frame_shift: int = 320,
) -> Filtered:
    """Writes what is left of ``in_dir`` to ``out_dir``, and the reasons to ``out_dir/removed``.

    token_file: a tokenized text such as ``text.phn``; CTC needs a frame (``frame_shift`` samples)
    for each token, and one more between equal neighbors. Raises DataError if nothing is left.
    """
    refuse_inputs(out_dir, [in_dir])
    data = DataDir.read(in_dir)
    seconds, langs = data.seconds(in_dir), data.get("utt2lang", in_dir)
    text = data.get("text", in_dir) if "text" in data.tables else {}
    tokens = data.get(token_file, in_dir) if token_file else {}
    reasons: dict[str, str] = {}
    for utterance in data.utterances:
        length = seconds[utterance]
        labels = tokens.get(utterance, "").split()
        needed = len(labels) + sum(a == b for a, b in pairwise(labels))
        frames = int(length * RATE) // frame_shift
        if length < min_seconds:
            reasons[utterance] = f"{length:.2f} s is shorter than {min_seconds:g} s"
        elif length > max_seconds:
            reasons[utterance] = f"{length:.2f} s is longer than {max_seconds:g} s"
        elif text and not text[utterance] and not allow_empty_text:
            reasons[utterance] = "empty text"
        elif needed > frames:
            reasons[utterance] = f"{needed} frames are needed for its tokens, it has {frames}"
    kept = [utterance for utterance in data.utterances if utterance not in reasons]
    result = Filtered(_hours(kept, seconds, langs), _hours(reasons, seconds, langs), reasons)
    if not kept:
        raise DataError(f"{in_dir}: no utterance is left:\n{result.table()}")
    data.keep(kept).write(out_dir, part_of=in_dir)
    with atomic(Path(out_dir) / "removed") as stream:
        stream.writelines(f"{utterance} {why}\n" for utterance, why in reasons.items())
    return result


def _hours(
    utterances: list[str] | dict[str, str], seconds: dict[str, float], langs: dict[str, str]
) -> dict[str, tuple[float, int]]:
    result: dict[str, tuple[float, int]] = {}
    for utterance in utterances:
        hours, count = result.get(langs[utterance], (0.0, 0))
        result[langs[utterance]] = (hours + seconds[utterance] / 3600, count + 1)
    return result
