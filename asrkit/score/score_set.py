"""Scores one set: reads references and hypotheses, writes every file of a score folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asrkit.config import ConfigError, read_yaml
from asrkit.files import atomic, write_json
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.score import plots, report
from asrkit.score.encodings import encoding_differences
from asrkit.score.provenance import environment, now
from asrkit.score.rates import ScoreError, Utterance, confusions, of_case, score_utterances, summary
from asrkit.score.units import NAMES, default_separator, policy, split_units
from asrkit.text.non_linguistic import NLSYMS, without_nlsyms
from asrkit.text.normalize import NormalizeError, normalize
from asrkit.text.tokenize import make_tokenizer
from asrkit.tokens import TokenList
from asrkit.vocabulary import strip_languages

WORDS = ("cer", "wer")  # units of text, which normalize and nlsyms are for


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScoreTask:
    """Which files are compared, and how.

    unit: per, cer, wer or ter. separator: drop, keep, or None for the unit's default.
    ref_type, hyp_type: ``text``, or the token type (char, bpe, word) whose words are put together
        first. bpe_model: for token type bpe. langs: file utt2lang. speakers: file utt2spk.
    normalize: bring both sides to asrkit's spelling (needs langs or lang).
    strip_languages: hypotheses of a separate vocabulary: ``(it)a`` counts as ``a`` (per, ter).
    nlsyms: ``drop`` or ``keep`` <hes> and the like (asrkit/text/non_linguistic.py) in cer and wer.
    label: how the texts were made, in a few words; shown beside every number.
    hyphens: ``split`` or ``keep`` words with hyphens, where ``normalize`` is set.
    vocabulary: the words a model can write (wer); the share of reference words not in it is
        beside the rate, to which they count as errors.
    name, command, config, seed: recorded. top: phones in the plot of confusions.
    """

    ref: Path
    hyp: Path
    unit: str
    separator: str | None = None
    ref_type: str = "text"
    hyp_type: str = "text"
    bpe_model: Path | None = None
    langs: Path | None = None
    lang: str | None = None
    speakers: Path | None = None
    normalize: bool = False
    strip_languages: bool = False
    hyphens: str = "split"
    nlsyms: str = "drop"
    label: str | None = None
    vocabulary: Path | None = None
    name: str | None = None
    command: str | None = None
    config: Path | None = None
    seed: int | None = None
    top: int = 40


def _texts(path: Path, kind: str, task: ScoreTask, languages: Mapping[str, str]) -> dict[str, str]:
    """Lines of one side as text, words put together from tokens and spelling made equal."""
    table = read_keyed(path)
    if kind != "text":
        tokenizer = make_tokenizer(kind, task.bpe_model, option="--bpe_model")
        table = {key: " ".join(tokenizer.decode(line.split())) for key, line in table.items()}
    if task.strip_languages:
        table = {key: " ".join(strip_languages(line.split())) for key, line in table.items()}
    if task.normalize:
        for number, (key, line) in enumerate(table.items(), start=1):
            try:
                table[key] = normalize(
                    line, languages.get(key, ""), nlsyms="keep", hyphens=task.hyphens
                )
            except NormalizeError as error:
                raise ScoreError(f"{path}:{number}: {error}") from None
    return table


def _has_nlsyms(task: ScoreTask) -> bool:
    """Whether a mark is in references or hypotheses that words are compared of."""
    if task.unit not in WORDS:
        return False
    lines = (line for path in (task.ref, task.hyp) for line in read_keyed(path).values())
    return any(not set(NLSYMS).isdisjoint(line.split()) for line in lines if "<" in line)


def _decoding(hyp: Path) -> dict[str, Any] | None:
    """What asr_infer says in decoding.json beside the hypotheses, if it wrote them."""
    path = hyp.parent / "decoding.json"
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScoreError(f"{path}: cannot be read ({error}); decode again") from None
    return content if isinstance(content, dict) else None


def _languages(task: ScoreTask) -> dict[str, str] | None:
    keys = read_keyed(task.ref)
    if task.lang is not None:
        return dict.fromkeys(keys, task.lang)
    if task.langs is None:
        return None
    table = read_keyed(task.langs, allow_empty=False)
    missing = [key for key in keys if key not in table]
    if missing:
        raise ScoreError(f"{task.langs}: {len(missing)} references have no language: {missing[:3]}")
    return table


def _seed(task: ScoreTask) -> int | None:
    """The given seed, else the one in the configuration."""
    if task.seed is not None or task.config is None:
        return task.seed
    try:
        config = read_yaml(task.config)
    except (OSError, ConfigError) as error:
        raise ScoreError(f"{task.config}: cannot be read as a configuration ({error})") from None
    seed = config.get("seed") if isinstance(config, dict) else None
    return seed if isinstance(seed, int) else None


def _align(task: ScoreTask, separator: str) -> list[Utterance]:
    languages = _languages(task)
    if task.normalize and task.unit not in WORDS:
        raise ScoreError(f"normalize is for words and characters, not for {task.unit}: phones")
    if task.normalize and languages is None:
        raise ScoreError("normalize needs languages: give --langs utt2lang or --lang")

    def side(path: Path, kind: str) -> dict[str, list[str]]:
        texts = _texts(path, kind, task, languages or {})
        if task.nlsyms == "drop" and task.unit in WORDS:
            texts = {key: " ".join(without_nlsyms(text.split())) for key, text in texts.items()}
        return {key: split_units(text, task.unit, separator) for key, text in texts.items()}

    refs, hyps = side(task.ref, task.ref_type), side(task.hyp, task.hyp_type)
    try:
        return score_utterances(refs, hyps, languages)
    except ScoreError as error:
        raise ScoreError(f"{task.hyp} against {task.ref}: {error}") from None


def _oov_rate(task: ScoreTask, utterances: list[Utterance]) -> float | None:
    """Percent of the reference words that are not in the model's vocabulary."""
    if task.vocabulary is None:
        return None
    if task.unit != "wer":
        raise ScoreError(f"vocabulary is a list of words, and {task.unit} counts none")
    known = TokenList.read(task.vocabulary)
    refs = [ref for u in utterances for ref, _ in u.alignment.pairs if ref is not None]
    return 100 * sum(ref not in known for ref in refs) / len(refs) if refs else None


def score_set(task: ScoreTask, out: Path) -> dict[str, Any]:
    """Writes score.json, result.txt, alignment.txt, ref.trn, hyp.trn, utterances.tsv,
    confusions.json and two plots to ``out``; returns what score.json holds.

    Raises ScoreError and DataError before anything is written.
    """
    separator = task.separator or default_separator(task.unit)
    utterances = _align(task, separator)
    seed = _seed(task)
    speakers = {} if task.speakers is None else read_keyed(task.speakers)
    numbers = summary(utterances)
    marked = _has_nlsyms(task)
    oov = _oov_rate(task, utterances)
    result: dict[str, Any] = {
        "unit": task.unit,
        "policy": "; ".join(
            [_policy(task, separator, marked), *([] if oov is None else [f"OOV {oov:.2f} %"])]
        ),
        "oov_rate": oov,
        "label": task.label,
        "separator": separator,
        "normalized": task.normalize,
        "set": task.name or out.resolve().parent.name,
        **numbers,
        "errors_of_case": None if task.normalize or task.unit not in WORDS else of_case(utterances),
        "other_separator": _other_separator(task, separator, marked),
        "other_marks": _other_policy(task, separator) if marked else None,
        "encoding_differences": encoding_differences(utterances, task.unit),
        "ref": str(task.ref),
        "hyp": str(task.hyp),
        "decoding": _decoding(task.hyp),
        "command": task.command,
        "config": None if task.config is None else str(task.config),
        "seed": seed,
        "date": now(),
        "environment": environment(),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name in ("score.json", "confusions.png", "languages.png"):  # of an earlier call
        (out / name).unlink(missing_ok=True)
    _write(out, utterances, result, speakers, task.top)
    return result


def _policy(task: ScoreTask, separator: str, marked: bool) -> str:
    """Everything that was decided about what counts, in words."""
    parts = [policy(task.unit, separator)]
    if marked:
        parts.append(
            f"symbols such as <hes> {'not counted' if task.nlsyms == 'drop' else 'counted'}"
        )
    return "; ".join([*parts, *([task.label] if task.label else [])])


def _other_separator(task: ScoreTask, separator: str, marked: bool) -> dict[str, Any] | None:
    """The rate under the other separator policy, for units where it makes a difference."""
    if task.unit not in ("per", "cer"):
        return None
    return _rates(task, "keep" if separator == "drop" else "drop", marked)


def _other_policy(task: ScoreTask, separator: str) -> dict[str, Any]:
    """The rate with non-linguistic symbols counted, or without them where they were."""
    other = "keep" if task.nlsyms == "drop" else "drop"
    return _rates(dataclasses.replace(task, nlsyms=other), separator, True)


def _rates(task: ScoreTask, separator: str, marked: bool) -> dict[str, Any]:
    numbers = summary(_align(task, separator))
    names = ("micro", "macro", "average_over_languages", "tokens")
    policies = {"policy": _policy(task, separator, marked)}
    return {**policies, **{name: numbers[name] for name in names}}


def _write(
    out: Path,
    utterances: list[Utterance],
    result: dict[str, Any],
    speakers: Mapping[str, str],
    top: int,
) -> None:
    label = NAMES[result["unit"]]
    heading = {name: str(result[name]) for name in ("set", "unit", "policy", "ref", "hyp", "date")}
    heading["reference tokens"] = str(result["tokens"])
    heading["missing hypotheses"] = str(result["missing_hypotheses"])
    report.write_result(out / "result.txt", utterances, heading)
    report.write_alignments(out / "alignment.txt", utterances)
    report.write_trn(out, utterances, speakers)
    report.write_utterances(out / "utterances.tsv", utterances)
    table = confusions(utterances)
    with atomic(out / "confusions.json") as stream:
        json.dump(table, stream, ensure_ascii=False, indent=1)
    title = f"{label} {result['micro']:.1f} %" if result["micro"] is not None else label
    if result["unit"] != "wer":
        where = f"{result['set']}: confusions, {title}"
        plots.draw_confusions(out / "confusions.png", table, title=where, top=top)
    if result["languages"]:
        plots.draw_languages(
            out / "languages.png", result, title=f"{result['set']}: {label} by language"
        )
    # last: it marks the folder as complete
    write_json(out / "score.json", result, readable=True)
