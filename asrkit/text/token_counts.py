"""Counts of the tokens in tokenized texts, and the token list made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from asrkit.files import DataError, atomic
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.text.non_linguistic import split_characters
from asrkit.tokens import BLANK, SPACE, UNK, TokenError, TokenList


def count_tokens(
    paths: Iterable[str | Path], *, allow_empty: bool = False, allow_flags: bool = False
) -> Counter[str]:
    """How often each token occurs in files of ``<id> <tokens>``.

    Raises DataError (file, line) on an empty text unless ``allow_empty``, on the reserved symbols
    ``<blank>`` and ``<unk>``, and on espeak's language flags ``(en)`` unless ``allow_flags``.
    """
    counts: Counter[str] = Counter()
    for path in paths:
        for number, (key, text) in enumerate(read_keyed(path).items(), start=1):
            tokens = text.split()
            if not tokens and not allow_empty:
                raise DataError(
                    f"{path}:{number}: utterance {key!r} has no tokens; remove it, or say"
                    " --allow_empty_text true if it is unlabeled on purpose"
                )
            for token in tokens:
                if token in (BLANK, UNK):
                    raise DataError(f"{path}:{number}: {token!r} is reserved; it cannot be a label")
                if not allow_flags and len(token) > 2 and token[0] == "(" and token[-1] == ")":
                    raise DataError(
                        f"{path}:{number}: {token!r} looks like espeak's flag on foreign words;"
                        " phonemize with --language_switch remove-flags, or --allow_flags true"
                    )
            counts.update(tokens)
    return counts


def count_characters(sentences: Iterable[str]) -> Counter[str]:
    """How often each character occurs in sentences, as ``tokenize --type char`` cuts them."""
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(split_characters(sentence.split(), SPACE))
    return counts


def build_token_list(counts: Counter[str], *, min_count: int = 1) -> TokenList:
    """Specials, then tokens by falling count (equal counts by code point); rare ones left out."""
    kept = [token for token, count in counts.items() if count >= min_count]
    if not kept:
        raise TokenError(
            f"no token occurs {min_count} times or more ({len(counts)} rarer ones do);"
            " lower --min_count, or check that the texts are not empty"
        )
    return TokenList.build(sorted(kept, key=lambda token: (-counts[token], token)))


def write_counts(path: str | Path, counts: Counter[str]) -> None:
    """``token<TAB>count`` lines by falling count."""
    with atomic(path) as out:
        for token in sorted(counts, key=lambda token: (-counts[token], token)):
            out.write(f"{token}\t{counts[token]}\n")


def check_tokens(path: str | Path, tokens: TokenList) -> int:
    """Number of utterances of a tokenized text. Raises DataError at the first unknown symbol."""
    table = read_keyed(path)
    for number, (key, text) in enumerate(table.items(), start=1):
        for token in text.split():
            if token == BLANK:
                raise DataError(f"{path}:{number}: {token!r} is reserved; it cannot be a label")
            if token not in tokens:
                raise DataError(
                    f"{path}:{number}: utterance {key!r} holds {token!r}, which the token list"
                    " does not have; make the list from this text too, or correct the text"
                )
    return len(table)
