"""The model card of a pack: README.md with the front matter that model hubs read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from asrkit.config import dump_yaml
from asrkit.decode.lexicon import lexicon_name
from asrkit.score.results import Score, markdown_table, summary_rows

PIPELINES = {
    "recognizer": "automatic-speech-recognition",
    "classifier": "audio-classification",
}
WHAT = {
    "recognizer": "A speech recognizer made with asrkit.",
    "classifier": "A classifier of speech made with asrkit.",
    "pre-trained": "A pre-trained speech encoder, not a recognizer.",
}
NO_LICENSE = "not stated: ask the people who made the model before you use it"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card says. name, license, data: in the maker's words; None where they said nothing.

    kind: recognizer, classifier or pre-trained. config: the resolved configuration. tokens: how
    many. langs: of the n-gram models and scores. converted, phones: the records of conversion and
    phonemization, if any. files: names in the pack.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    step: int
    parameters: int
    tokens: int
    langs: Sequence[str]
    license: str | None
    data: str | None
    converted: Mapping[str, Any] | None
    phones: Mapping[str, Any] | None
    files: Sequence[str]


def _front(facts: Facts) -> str:
    """YAML between ``---`` lines."""
    head: dict[str, Any] = {"library_name": "asrkit"}
    if facts.license:
        head["license"] = facts.license
    if facts.langs:
        head["language"] = list(facts.langs)
    if facts.kind in PIPELINES:
        head["pipeline_tag"] = PIPELINES[facts.kind]
    head["tags"] = ["speech", "asrkit", facts.config["objective"]]
    return f"---\n{dump_yaml(head)}---\n"


def _what(facts: Facts) -> list[str]:
    config, encoder = facts.config, facts.config["encoder_conf"]
    size = f"{encoder.get('layers')} layers of width {encoder.get('width')}"
    lines = [
        f"- network: {config['encoder']}, {size}, {encoder.get('heads')} heads,"
        f" {facts.parameters:,} parameters",
        f"- trained: {facts.step} updates of `{config['objective']}`",
    ]
    if facts.kind == "recognizer":
        kind = str(config["token_file"] or "text").removeprefix("text.")
        lines.append(f"- writes: {facts.tokens} tokens ({kind}); input is speech at 16 kHz")
    if facts.kind == "classifier":
        lines.append(f"- tells {facts.tokens - 2} classes apart; input is speech at 16 kHz")
    if facts.converted is not None:
        source = facts.converted
        lines.append(f"- converted from {source['source']} ({source['kind']})")
    if facts.phones is not None:
        made = ", ".join(f"{k}: {v}" for k, v in facts.phones.items() if isinstance(v, str))
        lines.append(f"- phones: {made}")
    return lines


def _use(facts: Facts, file: str) -> str:
    if facts.kind == "classifier":
        return f"```\nasrkit identify --model {file} some.wav\n```\n"
    if facts.kind == "pre-trained":
        return (
            "This model was pre-trained only. It cannot recognize speech: fine-tune it first on "
            "labeled speech of your language.\n\n"
            "```\n"
            f"python -m asrkit.bin.unpack --pack {file} --out exp/{facts.name}\n"
            "python -m asrkit.bin.asr_train --config conf/finetune.yaml --output_dir exp/mine \\\n"
            f"    --init exp/{facts.name}/model/{model_file(facts.files)} --init_take encoder ...\n"
            "```\n"
        )
    lexicon = lexicon_name(str(facts.config["token_file"] or ""))
    words = [n for n in facts.langs if f"ngram/{n}/{lexicon}" in facts.files]
    lang = f"asr_infer.py --model {file} --lang {words[0]} some.wav   # words\n" if words else ""
    return f"```\nasr_infer.py --model {file} some.wav\n{lang}```\n"


def model_file(files: Sequence[str]) -> str:
    """Name of the checkpoint in ``model/``."""
    return next(n for n in files if n.startswith("model/") and n.endswith(".pt"))[len("model/") :]


def _scores(scores: Sequence[Score]) -> str:
    head = ["decoding", "set", "PER", "CER", "WER"]
    rows = [row[1:6] for row in summary_rows(scores, [])]
    rules = dict.fromkeys(f"{s.unit.upper()}: {s.data['policy']}" for s in scores)
    return (
        f"{markdown_table(head, rows)}\n\nCounted in percent. {'; '.join(rules)}. The command, the "
        "counts and the date of each number are in `scores/<decoding>/<set>/<unit>.json`.\n"
    )


def card(facts: Facts, scores: Sequence[Score], file: str) -> str:
    """Markdown; the same facts give the same text."""
    config = facts.config
    trained = ", ".join(map(str, config["train_data"])) or "not recorded"
    parts = [
        _front(facts),
        f"# {facts.name}\n",
        f"{WHAT[facts.kind]}\n",
        "\n".join(_what(facts)) + "\n",
        "## Use\n",
        _use(facts, file),
        "## Data and training\n",
        f"{facts.data or 'The maker of this pack has not described the data.'}\n",
        f"Training folders: {trained}. The configuration with every value is `model/config.yaml`; "
        "`python -m asrkit.bin.asr_train --config model/config.yaml` is the command that trains "
        "it again, given those folders.\n",
        "## Scores\n",
        _scores(scores) if scores else "None were packed.\n",
        "## License\n",
        f"{facts.license or NO_LICENSE}\n",
    ]
    return "\n".join(parts)
