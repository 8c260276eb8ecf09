"""Makes the token list of one or several tokenized texts (text.phn, text.char, ...).

With --plain, the characters of sentences without audio are in the list, too: the graphemes that a
recognizer of letters shall know, although its few transcripts do not hold them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asrkit.arguments import boolean, refuse_unused, run_main, warn
from asrkit.text.look_alikes import look_alikes, with_codes
from asrkit.text.normalize import HYPHEN_POLICIES, HYPHENS_HELP
from asrkit.text.readers import text_lines
from asrkit.text.token_counts import (
    build_token_list,
    check_tokens,
    count_characters,
    count_tokens,
    write_counts,
)
from asrkit.tokens import TokenList

_SHOWN = 10  # groups of tokens that look alike


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", nargs="+", required=True, help="files of '<id> <tokens>'")
    parser.add_argument("--plain", nargs="+", default=[], help="sentences, one a line; for letters")
    parser.add_argument("--lang", help="of --plain: they are spelled by its rules")
    parser.add_argument("--hyphens", choices=HYPHEN_POLICIES, default="split", help=HYPHENS_HELP)
    parser.add_argument("--out", help="tokens.txt to write; token_counts.txt goes beside it")
    parser.add_argument("--min_count", type=int, default=1, help="leave out rarer tokens")
    parser.add_argument("--allow_empty_text", type=boolean, default=False)
    parser.add_argument(
        "--allow_flags", type=boolean, default=False, help="accept tokens like (en)"
    )
    parser.add_argument("--check", help="write nothing; check the texts against this token list")
    return parser


def run(args: argparse.Namespace) -> None:
    making = "out min_count allow_empty_text allow_flags plain"
    refuse_unused(
        args,
        (bool(args.check), making, "with --check, which writes nothing"),
        (not args.plain, "lang hyphens", "without --plain"),
    )
    if args.check:
        tokens = TokenList.read(args.check)
        for path in args.text:
            print(f"{path}: {check_tokens(path, tokens)} utterances, all tokens known")
        return
    if not args.out:
        raise ValueError("give --out tokens.txt, or --check tokens.txt")
    if args.plain and not args.lang:
        raise ValueError("--plain needs --lang, whose rules of spelling they follow")
    counts = count_tokens(
        args.text, allow_empty=args.allow_empty_text, allow_flags=args.allow_flags
    )
    counts += count_characters(
        text_lines(plain=args.plain, language=args.lang, nlsyms="keep", hyphens=args.hyphens)
    )
    tokens = build_token_list(counts, min_count=args.min_count)
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_counts(out.with_name("token_counts.txt"), counts)
    tokens.write(out)
    if groups := look_alikes(tokens.symbols[2:]):
        shown = "; ".join(
            ", ".join(f"{with_codes(token)} ({counts[token]} times)" for token in group)
            for group in groups[:_SHOWN]
        )
        more = f"; and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
        warn(f"{out}: tokens that look alike, or are one in two encodings: {shown}{more}")
    rare = [token for token in counts if token not in tokens]
    lost = sum(counts[token] for token in rare)
    print(
        f"{out}: {len(tokens)} tokens with <blank> and <unk>, from {counts.total()} labels;"
        f" {len(rare)} rarer than {args.min_count} left out ({lost} labels become <unk>)"
    )


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
