"""Trains an n-gram language model of words, characters or phones with KenLM's lmplz.

Of your own text, cleaned: `asrkit lm train letters.txt --lang it` writes letters.bin, for
`asrkit infer --lm letters.bin`.

Exit code 3: lmplz is not installed (the message says how to enable it), so that recipes can skip.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import UsageError, refuse_unused, run_main, warn
from asrkit.decode.ngram import MissingLmplz, NgramOptions, find_tool, train_ngram
from asrkit.files import temporary_folder
from asrkit.text.lm_text import Rules, clean
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP
from asrkit.text.readers import text_lines


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "inputs",
        nargs="*",
        metavar="TEXT",
        help="texts of any kind, also .gz, .xz and .bz2: cut into sentences in asrkit's spelling, "
        "and what cannot be words is left out and counted (asrkit lm clean has the rules)",
    )
    add("--text", nargs="*", default=[], help="Kaldi texts or token files: '<id> <words>'")
    add("--plain", nargs="*", default=[], help="texts, a sentence a line; .gz, .xz, .bz2 too")
    add("--lang", help="normalize the texts by the rules of this language (words only)")
    add("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    add(
        "--out",
        type=Path,
        help="lm.arpa, or any other name for KenLM's binary; default: of TEXT, ending in .bin",
    )
    add("--order", type=int, default=4)
    add("--prune", type=int, nargs="*", default=[], help="thresholds by order: 0 0 1")
    add("--limit_vocab", type=Path, help="file of words; all others are <unk>")
    add("--structure", choices=("trie", "probing"), default="trie", help="small or fast binary")
    add("--quantize", type=int, help="bits of the binary's probabilities; default: exact")
    add("--memory", default="1G", help="what lmplz may sort in")
    add("--lmplz", type=Path, help="default: tools/bin/lmplz, else the one on PATH")
    add("--build_binary", type=Path)
    add("--check", action="store_true", help="only say whether lmplz is there (exit 0 or 3)")
    return parser


def run(args: argparse.Namespace) -> int:
    training = "text plain lang out order prune limit_vocab structure quantize memory build_binary"
    arpa = args.out is not None and args.out.suffix == ".arpa"
    refuse_unused(
        args,
        (args.check, training, "with --check, which trains nothing"),
        (bool(args.inputs), "text plain", "beside TEXT, which is cleaned"),
        (args.lang is None, "hyphens", "without --lang: texts are read as they are"),
        (arpa, "structure quantize build_binary", "for .arpa, which is not a binary"),
    )
    if args.check and args.inputs:
        raise UsageError("TEXT has no use with --check, which trains nothing; leave it out")
    try:
        program = find_tool("lmplz", args.lmplz)
        if args.check:
            print(program)
            return 0
        if args.inputs and not args.lang:
            raise ValueError("TEXT needs --lang, the language that it is spelled in")
        if args.out is None:
            if not args.inputs:
                raise ValueError("give --out lm.bin")
            args.out = Path(args.inputs[0]).with_suffix(".bin")
        texts = [*args.inputs, *args.text, *args.plain]
        if args.out.resolve() in {Path(text).resolve() for text in texts}:
            raise ValueError(f"{args.out}: is one of the texts, too; choose another --out")
        options = NgramOptions(
            order=args.order,
            prune=tuple(args.prune),
            memory=args.memory,
            limit_vocab=args.limit_vocab,
            structure=args.structure,
            quantize=args.quantize,
        )
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(args.out) as folder:
            plain = args.plain
            if args.inputs:
                plain = [folder / "cleaned.txt"]
                print(clean(args.inputs, plain[0], Rules(language=args.lang, min_words=1)).table())
            lines = text_lines(
                args.text, plain, language=args.lang, nlsyms="keep", hyphens=args.hyphens
            )
            report = train_ngram(
                lines, args.out, options=options, lmplz=program, build_binary=args.build_binary
            )
    except MissingLmplz as error:
        print(f"skipped: {error}", file=sys.stderr)
        return 3
    for said in report.notes:
        warn(said)
    note = ", with assumed discounts (too little text to estimate them)" if report.fallback else ""
    print(f"{args.out}: {args.order}-gram of {report.tokens} tokens in {report.lines} lines{note}")
    return 0


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
