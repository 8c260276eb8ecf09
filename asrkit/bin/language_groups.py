"""Draws error rates of groups of languages over systems, such as transfer against interference.

Systems with more and more languages in pre-training, or more capacity, show whether languages with
much audio lose what those with little gain; groups that were and were not pre-trained on show how
far it transfers. Writes groups.md, groups.json and groups.png.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from asrkit.analysis.groups import Rates, grouped, rates_of
from asrkit.analysis.plots import draw_groups
from asrkit.arguments import run_main, warn
from asrkit.files import atomic, write_json
from asrkit.score.results import collect, markdown_table
from asrkit.score.units import NAMES


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--exp", type=Path, default=Path("exp"), help="folder of scored experiments")
    add("--systems", nargs="+", required=True, metavar="[NAME=]SYSTEM",
        help="in the plot's order, as results names them: asr_*_xlsr_10 or xlsr_10")  # fmt: skip
    add("--groups", nargs="+", required=True, metavar="NAME=LANG,LANG", help="low=sv,tr high=es,fr")
    add("--decoding", default="decode_greedy", help="which of the decodings")
    add("--unit", choices=("per", "cer", "wer"), default="per", help="which error rate")
    add("--out_dir", type=Path, required=True, help="where table and plot go")
    return parser


def _pairs(option: str, values: Sequence[str], *, named: bool) -> dict[str, str]:
    pairs = [
        value.partition("=") if named or "=" in value else (value, "=", value) for value in values
    ]
    for (name, _, content), value in zip(pairs, values, strict=True):
        if not name or not content:
            raise ValueError(f"--{option}: {value!r} is not NAME=VALUE")
    found = {name: content for name, _, content in pairs}
    if len(found) < len(values):
        raise ValueError(f"--{option}: two have one name")
    return found


def _table(systems: Sequence[str], rates: Rates) -> str:
    rows = []
    for group, by_language in rates.items():
        averages = [statistics.mean(values) for values in zip(*by_language.values(), strict=True)]
        rows.append([f"{group}: average", *(f"{average:.1f}" for average in averages)])
        rows += [[name, *(f"{v:.1f}" for v in values)] for name, values in by_language.items()]
    return markdown_table(["", *systems], rows) + "\n"


def run(args: argparse.Namespace) -> None:
    systems = _pairs("systems", args.systems, named=False)
    groups = {
        name: [language for language in languages.split(",") if language]
        for name, languages in _pairs("groups", args.groups, named=True).items()
    }
    scores, _ = collect(args.exp)
    by_system = {
        shown: rates_of(scores, system, mode=args.decoding, unit=args.unit)
        for shown, system in systems.items()
    }
    rates, missing = grouped(by_system, groups)
    if missing:
        warn(f"left out, as not every system has them: {' '.join(missing)}")
    args.out_dir.mkdir(parents=True, exist_ok=True)
    label = f"{NAMES[args.unit]} %, {args.decoding}"
    draw_groups(args.out_dir / "groups.png", list(systems), rates, label=label)
    content = {"systems": systems, "rates": rates, "missing": missing}
    write_json(args.out_dir / "groups.json", content)
    table = _table(list(systems), rates)
    with atomic(args.out_dir / "groups.md") as out:
        out.write(table)
    print(table, end="")


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
