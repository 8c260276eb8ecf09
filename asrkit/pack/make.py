"""Collects what a model needs to be used elsewhere, and writes it as one file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asrkit
from asrkit import config
from asrkit.choices import OBJECTIVES
from asrkit.convert.experiment import RECORD
from asrkit.decode.confidence import FILE
from asrkit.decode.lexicon import lexicon_name
from asrkit.decode.prior import FILE as PRIOR
from asrkit.decode.search import MODES, TUNED
from asrkit.files import DataError, temporary_folder
from asrkit.model_io import CLASSIFIER, MODEL_NAMES, TrainedModel
from asrkit.objectives.base import Recognizer, Scorer
from asrkit.objectives.classify import ClassifyObjective
from asrkit.options import Options
from asrkit.pack.archive import Content, PackError, write_archive
from asrkit.pack.card import Facts, card
from asrkit.score.results import Score, collect
from asrkit.tokens import TokenList
from asrkit.train import checkpoint

PHONES = "phonemizer.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """What to pack.

    model: exp/<name> or one checkpoint in it. ngram: folder of <lang>/, each with a lexicon and
    *.bin; langs: those of it to take, all if empty. bpe_model: sentencepiece file; phones:
    phonemizer.json. classifier: exp/language, of a recognizer: what --lang auto asks. name,
    license, data: for the card. allow_pretrained: pack a model that recognizes nothing.
    """

    model: Path
    out: Path
    ngram: Path | None = None
    langs: tuple[str, ...] = ()
    bpe_model: Path | None = None
    phones: Path | None = None
    classifier: Path | None = None
    name: str | None = None
    license: str | None = None
    data: str | None = None
    allow_pretrained: bool = False


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PackError(f"{path}: not readable JSON ({error})") from None
    if not isinstance(content, dict):
        raise PackError(f"{path}: holds no JSON object")
    return content


def _weights(content: dict[str, Any], path: Path) -> Path:
    """The checkpoint without what only training needs; the same weights give the same bytes."""
    model = dict(sorted(content["model"].items()))
    checkpoint.save(path, {"config": content["config"], "step": content["step"], "model": model})
    return path


def _kind(order: Order, options: Options, folder: Path) -> str:
    """recognizer, classifier or pre-trained; PackError for the last if that was not asked for."""
    if options.objective not in OBJECTIVES:
        raise PackError(
            f"{order.model}: a {options.objective} does not take speech; pack the model whose "
            "phones it reads"
        )
    made = OBJECTIVES[options.objective]
    able = issubclass(made, Scorer) and bool(options.token_list)
    if not able and not order.allow_pretrained:
        raise PackError(
            f"{order.model}: this model was pre-trained only and cannot recognize speech; "
            "fine-tune it first (stage 8 of the recipes), or give --allow_pretrained true to pass "
            "on the encoder for others to fine-tune"
        )
    if able and not (folder / "tokens.txt").exists():
        raise PackError(f"{folder}/tokens.txt: no such file; without it the outputs mean nothing")
    if not able:
        return "pre-trained"
    return "recognizer" if issubclass(made, Recognizer) else "classifier"


def _ngrams(order: Order, options: Options) -> Iterator[tuple[str, Path]]:
    """(name in the pack, file) of lexicons and n-gram models."""
    if order.ngram is None:
        return
    if not order.ngram.is_dir():
        raise PackError(f"{order.ngram}: no such folder; stage 9 makes it")
    folders = sorted(p.name for p in order.ngram.iterdir() if p.is_dir())
    # those of training sets, such as it_train_5min, are for labels by the model itself
    langs = order.langs or [name for name in folders if "_train" not in name]
    for lang in langs:
        files = sorted((order.ngram / lang).glob("*.bin"))
        files.append(order.ngram / lang / lexicon_name(str(options.token_file or "")))
        files = [file for file in files if file.is_file()]
        if not files:
            raise PackError(f"{order.ngram}/{lang}: holds no lexicon and no n-gram; run stage 9")
        yield from ((f"ngram/{lang}/{file.name}", file) for file in files)


def _decoding(folder: Path, langs: set[str]) -> Iterator[tuple[str, Path]]:
    """What was fitted to the model: how sure its words are, label priors, weights of searches."""
    tuned = [folder / TUNED / lang / f"{mode}.json" for lang in sorted(langs) for mode in MODES]
    for file in [folder / FILE, folder / PRIOR, *tuned]:
        if file.is_file():
            yield f"model/{file.relative_to(folder).as_posix()}", file


def _beside(options: Options, order: Order) -> Iterator[tuple[str, Path]]:
    """Files that explain the tokens: the sentencepiece model, the record of the phonemizer."""
    model = order.bpe_model
    kind = str(options.token_file or "")
    if model is None and kind.startswith("text.bpe") and options.token_list:
        model = Path(options.token_list).parent / "bpe.model"
        if not model.is_file():
            raise PackError(f"{model}: no such file; give --bpe_model, as the tokens are its units")
    if model is not None:
        if not model.is_file():
            raise PackError(f"{model}: no such file")
        yield "model/bpe.model", model
    found = [Path(folder) / PHONES for folder in options.train_data]
    candidates = [order.phones] if order.phones else found if kind.startswith("text.phn") else []
    for record in candidates:
        if record.is_file():
            yield f"model/{PHONES}", record
            return
    if order.phones:
        raise PackError(f"{order.phones}: no such file")


def _scores(folder: Path) -> list[Score]:
    """The scores of one experiment; below its folder are <decoding>/<set> only."""
    try:
        found = collect(folder)[0]
    except DataError as error:
        raise PackError(str(error)) from None
    return [dataclasses.replace(s, experiment="", mode=s.mode or s.experiment) for s in found]


def make_pack(order: Order) -> dict[str, Any]:
    """Writes ``order.out``; returns the facts of its manifest. Raises PackError before writing."""
    model = TrainedModel.open(order.model)
    folder, options = model.folder, model.options
    kind = _kind(order, options, folder)
    if kind != "recognizer" and order.classifier is not None:
        raise PackError(f"{order.classifier}: goes with a recognizer, and {order.model} is none")
    contents: dict[str, Content] = {
        "model/config.yaml": config.dump_yaml(config.to_mapping(options)).encode(),
        **dict(_ngrams(order, options)),
        **dict(_beside(options, order)),
    }
    if kind != "pre-trained":
        contents["model/tokens.txt"] = folder / "tokens.txt"
        langs = {name.split("/")[1] for name in contents if name.startswith("ngram/")}
        contents |= dict(_decoding(folder, langs))
    if (folder / RECORD).exists():
        contents[f"model/{RECORD}"] = folder / RECORD
    scores = _scores(folder)
    for score in scores:
        place = "/".join(part for part in (score.mode, score.dataset, score.unit) if part)
        contents[f"scores/{place}.json"] = score.folder / "score.json"
    order.out.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(order.out) as temporary:
        name = model.file.name if model.file.name in MODEL_NAMES else MODEL_NAMES[-1]
        contents[f"model/{name}"] = _weights(model.content, temporary / name)
        if order.classifier is not None:
            contents |= _classifier(order.classifier, temporary / "language.pt")
        facts = _facts(order, model, contents, scores, kind)
        contents["README.md"] = card(facts, scores, order.out.name).encode()
        manifest = {"asrkit": asrkit.__version__, "name": facts.name, "kind": facts.kind}
        write_archive(order.out, contents, manifest)
    return {**manifest, "files": len(contents), "bytes": order.out.stat().st_size}


def _classifier(path: Path, temporary: Path) -> dict[str, Content]:
    """Files of a model of languages, beside the recognizer's: whole, whatever it leaves to its
    base."""
    model = TrainedModel.open(path)
    if OBJECTIVES.get(model.options.objective) is not ClassifyObjective:
        raise PackError(f"{path}: objective {model.options.objective!r} makes no classifier")
    return {
        f"{CLASSIFIER}/config.yaml": config.dump_yaml(config.to_mapping(model.options)).encode(),
        f"{CLASSIFIER}/tokens.txt": model.folder / "tokens.txt",
        f"{CLASSIFIER}/{MODEL_NAMES[0]}": _weights(model.content, temporary),
    }


def _facts(
    order: Order,
    model: TrainedModel,
    contents: dict[str, Content],
    scores: list[Score],
    kind: str,
) -> Facts:
    def record(name: str) -> dict[str, Any] | None:
        found = contents.get(f"model/{name}")
        return _read_json(found) if isinstance(found, Path) else None

    tokens = contents.get("model/tokens.txt")
    langs = {name.split("/")[1] for name in contents if name.startswith("ngram/")}
    langs |= {lang for score in scores for lang in score.data["languages"]} | {*order.langs}
    return Facts(
        name=order.name or (order.model if order.model.is_dir() else model.folder).name,
        kind=kind,
        config=vars(model.options),
        step=model.step,
        parameters=sum(tensor.numel() for tensor in model.content["model"].values()),
        tokens=len(TokenList.read(tokens)) if isinstance(tokens, Path) else 0,
        langs=sorted(langs),
        license=order.license,
        data=order.data,
        converted=record(RECORD),
        phones=record(PHONES),
        files=sorted(contents),
    )
