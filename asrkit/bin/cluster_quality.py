"""Measures how well a pre-trained model's frames tell phones apart: k-means, purity, information.

Writes quality.md, quality.json, quality_<clusters>.png (TranUSR's figure 3) and, for a model with
a quantizer, codebook_<model>.png: which language uses which code.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from asrkit.analysis.layers import Viewer
from asrkit.analysis.measure import (
    Frames,
    aligned,
    code_quality,
    layer_qualities,
    look,
    quantized_quality,
)
from asrkit.analysis.plots import draw_codebook, draw_quality, usage
from asrkit.analysis.quality import Quality, markdown
from asrkit.arguments import boolean, run_main
from asrkit.data.index import DataIndex
from asrkit.files import atomic, temporary_folder
from asrkit.infer import Speech2Text
from asrkit.model_io import TrainedModel
from asrkit.objectives.contrastive import ContrastiveObjective

Rows = list[tuple[str, str, int, Quality]]


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", nargs="+", required=True, metavar="[NAME=]DIR", help="pre-trained models")
    add("--aligner", required=True, help="CTC recognizer whose phones label the frames")
    add("--data_dir", nargs="+", type=Path, required=True, help="dump folders")
    add("--token_file", default="text.phn", help="phones of each utterance, in every folder")
    add("--out_dir", type=Path, required=True, help="where table and plots go")
    add("--clusters", nargs="+", type=int, default=[100, 500], help="of k-means")
    add("--source", default="teacher", choices=("teacher", "student"),
        help="whose layers; models without a teacher show their student")  # fmt: skip
    add("--output", default="ffn", choices=("ffn", "block"), help="what of a layer")
    add("--normalized", type=boolean, default=True, help="over time, as data2vec's targets are")
    add("--minutes", type=float, default=60.0, help="of speech at most")
    add("--fit_share", type=float, default=0.1, help="utterances that k-means learns from")
    add("--tries", type=int, default=20, help="beginnings of k-means")
    add("--reach", type=int, default=5, help="frames around a CTC label that belong to its phone")
    add("--seed", type=int, default=0, help="of the choice of utterances, and of k-means")
    return parser


def _named(model: str) -> tuple[str, Path]:
    """A path that holds ``=`` is a path, not a name with one."""
    name, equals, path = model.partition("=")
    named = equals and "/" not in name and not Path(model).exists()
    return (name, Path(path)) if named else (Path(model).name, Path(model))


def _check(args: argparse.Namespace) -> None:
    if min(args.clusters) < 2 or not 0 < args.fit_share <= 1:
        raise ValueError("--clusters is 2 or more, --fit_share in (0, 1]")
    if args.minutes <= 0 or args.tries < 1 or args.reach < 0:
        raise ValueError("--minutes is above 0, --tries at least 1, --reach at least 0")
    names = [_named(model)[0] for model in args.model]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"--model: two are called {twice[0]!r}; give NAME=DIR")


def _viewer(path: Path, args: argparse.Namespace) -> Viewer:
    objective = TrainedModel.open(path).objective()
    has_teacher = any(name.endswith("teacher") for name, _ in objective.named_modules())
    source = args.source if has_teacher else "student"
    return Viewer(objective, source=source, output=args.output, normalized=args.normalized)


def _codebook(name: str, viewer: Viewer, frames: Frames, out_dir: Path) -> None:
    objective = viewer.objective
    if frames.codes is None or not isinstance(objective, ContrastiveObjective):
        return
    shares = {
        str(lang): usage(frames.codes[frames.langs == lang], objective.quantizer.entries)
        for lang in sorted(set(frames.langs.tolist()))
    }
    path = out_dir / f"codebook_{name}.png"
    draw_codebook(path, shares, title=f"{name}: codes by language")


def run(args: argparse.Namespace) -> None:
    _check(args)
    viewers = {name: _viewer(path, args) for name, path in map(_named, args.model)}
    index = DataIndex.open(args.data_dir, args.token_file)
    spoken = aligned(
        index, Speech2Text(args.aligner), minutes=args.minutes, seed=args.seed, reach=args.reach
    )
    args.out_dir.mkdir(parents=True, exist_ok=True)
    options = {"seed": args.seed, "tries": args.tries}
    rows: Rows = []
    lines: dict[int, dict[str, dict[int, Quality]]] = {k: {} for k in args.clusters}
    levels: dict[int, dict[str, Quality]] = {k: {} for k in args.clusters}
    for name, viewer in viewers.items():
        with temporary_folder(args.out_dir / "layers") as store:
            frames = look(viewer, spoken, store, fit_share=args.fit_share, seed=args.seed)
            if (codes := code_quality(frames)) is not None:
                rows.append((name, "codes", codes.clusters, codes))
            for count in args.clusters:
                lines[count][name] = layer_qualities(frames, count, **options)
                rows += [
                    (name, f"{viewer.source} {args.output} {layer}", count, found)
                    for layer, found in lines[count][name].items()
                ]
                if (quantized := quantized_quality(frames, count, **options)) is not None:
                    rows.append((name, "quantized vectors", count, quantized))
                    levels[count][f"{name}, quantized"] = quantized
            _codebook(name, viewer, frames, args.out_dir)
    for count in args.clusters:
        title = f"{count} clusters, {len(spoken)} utterances"
        path = args.out_dir / f"quality_{count}.png"
        draw_quality(path, lines[count], levels[count], title=title)
    text = markdown(rows)
    with atomic(args.out_dir / "quality.md") as out:
        out.write(text)
    with atomic(args.out_dir / "quality.json") as out:
        keys = ("model", "frames_of", "asked")
        found = [dict(zip(keys, row[:3], strict=True)) | row[3]._asdict() for row in rows]
        json.dump(found, out, indent=1)
    print(text, end="")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
