"""Shows how alike languages are to a pre-trained model: which codes of its quantizer they use.

Reads audio alone, of XLSR's and UniSpeech's models. Writes languages.md, languages.json,
languages.png (principal components of the usage vectors, colored by their k-means clusters) and
codes.png (the share of each code in each language, and how much two languages differ in it).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.analysis.languages import Similarity, Usage, code_usage, similarity
from asrkit.analysis.plots import draw_codebook, draw_languages
from asrkit.arguments import run_main
from asrkit.data.index import DataIndex
from asrkit.files import atomic, write_json
from asrkit.model_io import ModelError, TrainedModel
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.phonetic import PhoneticObjective
from asrkit.score.results import markdown_table


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--model", type=Path, required=True, help="pre-trained model with a quantizer")
    add("--data_dir", nargs="+", type=Path, required=True, help="dump folders; no labels needed")
    add("--out_dir", type=Path, required=True, help="where table and plots go")
    add("--clusters", type=int, default=4, help="of languages, by k-means")
    add("--minutes", type=float, default=15.0, help="of speech at most of each language")
    add("--seed", type=int, default=0, help="of the choice of utterances, and of k-means")
    return parser


def _objective(path: Path) -> ContrastiveObjective:
    objective = TrainedModel.open(path).objective()
    if isinstance(objective, PhoneticObjective):
        objective = objective.base
    if not isinstance(objective, ContrastiveObjective):
        raise ModelError(f"{path}: a model without a quantizer has no codes to compare by")
    return objective


def _table(found: Similarity, usages: dict[str, Usage]) -> str:
    rows = []
    for place, name in enumerate(found.names):
        near = found.nearest(place)
        spoken = usages[name]
        used = f"{(spoken.shares > 0).sum()} of {len(spoken.shares)}"
        bits = f"{found.names[near]} ({found.apart[place, near]:.3f} bits)"
        group = str(found.clusters[place] + 1)
        rows.append([name, group, bits, used, str(spoken.frames), str(spoken.utterances)])
    head = ["language", "cluster", "closest", "codes used", "frames", "utterances"]
    return markdown_table(head, rows) + "\n"


def run(args: argparse.Namespace) -> None:
    if args.minutes <= 0:
        raise ValueError("--minutes is above 0")
    usages = code_usage(
        _objective(args.model), DataIndex.open(args.data_dir), minutes=args.minutes, seed=args.seed
    )
    found = similarity(usages, clusters=args.clusters, seed=args.seed)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    title = f"{args.model.name}: languages by the codes they use"
    draw_languages(
        args.out_dir / "languages.png",
        found.names,
        found.points,
        found.clusters,
        explained=found.explained,
        title=title,
    )
    shares = {name: usages[name].shares for name in found.names}
    draw_codebook(args.out_dir / "codes.png", shares, title=title)
    write_json(
        args.out_dir / "languages.json",
        {
            "languages": {
                name: {
                    "cluster": int(found.clusters[place]) + 1,
                    "point": found.points[place].tolist(),
                    "divergence_bits": dict(
                        zip(found.names, found.apart[place].tolist(), strict=True)
                    ),
                    "frames": usages[name].frames,
                    "utterances": usages[name].utterances,
                }
                for place, name in enumerate(found.names)
            },
            "explained": found.explained.tolist(),
        },
    )
    table = _table(found, usages)
    with atomic(args.out_dir / "languages.md") as out:
        out.write(table)
    print(table, end="")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
