"""Scores hypotheses against references: PER, CER or WER with alignments, tables and plots."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from asrkit.arguments import add_old_name, boolean, refuse_unused, run_main, warn
from asrkit.score.encodings import described
from asrkit.score.score_set import ScoreTask, score_set
from asrkit.score.units import NAMES, UNITS
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP

TELLING = 0.1  # share of the errors that is reported


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--ref", type=Path, required=True, help="references: '<id> <tokens or words>'")
    add("--hyp", type=Path, required=True, help="hypotheses, the same form")
    add("--out", type=Path, required=True, help="folder to write, e.g. exp/x/decode_y/z/score_per")
    add("--unit", choices=UNITS, required=True, help="phones, characters, words, plain tokens")
    add("--separator", choices=("drop", "keep"), help="<space>: default drop for per, else keep")
    kinds = ("text", "char", "bpe", "word")
    add("--ref_type", choices=kinds, default="text", help="put words together from such tokens")
    add("--hyp_type", choices=kinds, default="text")
    add("--bpe_model", type=Path)
    add("--strip_languages", type=boolean, default=False, help="(it)a counts as a (per, ter)")
    add("--langs", type=Path, help="utt2lang: rates by language and their average")
    add("--lang", help="one language for all, instead of --langs")
    add("--speakers", type=Path, help="utt2spk for the trn files")
    add("--normalize", type=boolean, default=False, help="one spelling for both sides (cer, wer)")
    add("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    policies = ("drop", "keep")
    add("--nlsyms", choices=policies, default="drop", help="<hes> and the like (cer, wer)")
    add_old_name(parser, "--marks", "--nlsyms", choices=policies)
    add("--label", help="how the texts were made, e.g. 'tags: xlsr'; shown beside the numbers")
    add("--vocabulary", type=Path, help="words.txt of a Transcoder: its OOV rate (wer)")
    add("--name", help="name of the set; default: the folder above --out")
    add("--command", help="the command to record; default: this one")
    add("--config", type=Path, help="the experiment's config.yaml, recorded, and read for the seed")
    add("--seed", type=int)
    add("--top", type=int, default=40, help="tokens in the plot of confusions")
    return parser


def run(args: argparse.Namespace) -> None:
    refuse_unused(
        args,
        (args.unit not in ("cer", "wer"), "nlsyms", "but in cer and wer"),
        (not args.normalize, "hyphens", "without --normalize true"),
        (args.unit == "wer", "separator", "in wer, which counts words"),
        ("bpe" not in (args.ref_type, args.hyp_type), "bpe_model", "without a --hyp_type bpe"),
        (args.lang is not None, "langs", "beside --lang, one language for all"),
    )
    options = {name: value for name, value in vars(args).items() if name != "given"}
    out = options.pop("out")
    result = score_set(ScoreTask(**options), out)
    if result["missing_hypotheses"]:
        warn(
            f"{args.hyp}: {result['missing_hypotheses']} of {result['sentences']}"
            " references have no hypothesis; they count as deletions"
        )
    errors = sum(result[kind] for kind in ("substitutions", "deletions", "insertions"))
    if (of_case := result["errors_of_case"] or 0) > TELLING * errors:
        warn(
            f"{of_case} of {errors} errors are capitals against small letters; "
            "--normalize true brings both sides to one spelling"
        )
    if (found := result["encoding_differences"]) is not None:
        spelled = args.normalize or args.unit not in ("cer", "wer")
        hint = "" if spelled else "; --normalize true may help"
        warn(f"{args.hyp}: {described(found, result['substitutions'])}{hint}")
    name = NAMES[result["unit"]]
    micro = "-" if result["micro"] is None else f"{result['micro']:.2f} %"
    average = result["average_over_languages"]
    extra = f", average over languages {average:.2f} %" if average is not None else ""
    print(
        f"{out}: {name} {micro} ({result['policy']}){extra};"
        f" {result['sentences']} utterances, {result['tokens']} reference tokens"
    )
    other = result["other_marks"]
    if other is not None and other["micro"] is not None:
        print(f"{out}: {name} {other['micro']:.2f} % ({other['policy']})")


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    recorded = shlex.join(["python", "-m", "asrkit.bin.score", *words])
    parser = get_parser()
    parser.set_defaults(command=recorded)
    return run_main(parser, run, argv)


if __name__ == "__main__":
    sys.exit(main())
