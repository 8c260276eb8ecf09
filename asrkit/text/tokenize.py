"""Texts to tokens and back: characters with ``<space>``, sentencepiece units, words, phones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import sentencepiece

from asrkit.text.non_linguistic import join_characters, split_characters
from asrkit.tokens import BLANK, SPACE, UNK

META = "\u2581"  # how sentencepiece writes a word beginning
_UNKNOWN = "\u2585"  # what its trainer writes in place of characters that it left out
TYPES = ("phn", "char", "bpe", "word")


class TokenizeError(ValueError):
    """A text that cannot be tokenized so that the words can be found again."""


class Tokenizer(ABC):
    """Words separated by white space to tokens, and back."""

    separator: str  # what marks word ends in the tokens; it must not occur in a text

    def encode(self, text: str) -> list[str]:
        """Tokens of one text. Raises TokenizeError if the text holds the word separator."""
        for reserved in (self.separator, BLANK, UNK):
            if reserved and reserved in text:
                raise TokenizeError(
                    f"the text holds {reserved!r}, which this tokenizer needs for itself:"
                    f" {text!r}; remove it from the text or replace it"
                )
        return self._encode(text)

    @abstractmethod
    def _encode(self, text: str) -> list[str]: ...

    @abstractmethod
    def decode(self, tokens: Sequence[str]) -> list[str]:
        """Words of a token sequence, complete or not (as recognizers write them)."""


class CharTokenizer(Tokenizer):
    """Every code point and every mark is a token; ``<space>`` is between words."""

    separator = SPACE

    def _encode(self, text: str) -> list[str]:
        return split_characters(text.split(), SPACE)

    def decode(self, tokens: Sequence[str]) -> list[str]:
        return join_characters(tokens, SPACE)


class WordTokenizer(Tokenizer):
    """Words, or phones: tokens that the text already separates by white space."""

    separator = SPACE

    def _encode(self, text: str) -> list[str]:
        return text.split()

    def decode(self, tokens: Sequence[str]) -> list[str]:
        return [token for token in tokens if token != SPACE]


class BpeTokenizer(Tokenizer):
    """A sentencepiece model (bpe or unigram); raises TokenizeError if the file is none."""

    separator = META

    def __init__(self, model: str | Path) -> None:
        if not Path(model).exists():
            raise TokenizeError(f"{model}: no such file; python -m asrkit.bin.train_bpe makes it")
        try:
            self._model = sentencepiece.SentencePieceProcessor(model_file=str(model))
        except (RuntimeError, OSError) as error:
            raise TokenizeError(f"{model}: not a sentencepiece model ({error})") from None

    def _encode(self, text: str) -> list[str]:
        return list(self._model.encode(" ".join(text.split()), out_type=str))

    def decode(self, tokens: Sequence[str]) -> list[str]:
        return "".join(tokens).replace(META, " ").split()

    def symbols(self) -> list[str]:
        """All units but sentencepiece's own specials, in the model's order."""
        model = self._model
        return [
            model.id_to_piece(n)
            for n in range(model.get_piece_size())
            if not (model.is_control(n) or model.is_unknown(n) or model.is_unused(n))
        ]


def make_tokenizer(
    kind: str, model: str | Path | None = None, *, option: str = "--model"
) -> Tokenizer:
    """``char``, ``word``, ``phn``, or ``bpe`` with its model file, which ``option`` names."""
    if kind == "char":
        return CharTokenizer()
    if kind in ("word", "phn"):
        return WordTokenizer()
    if kind == "bpe":
        if model is None:
            raise TokenizeError(f"bpe needs a model file: {option} data/token_list/.../bpe.model")
        return BpeTokenizer(model)
    raise TokenizeError(f"unknown token type {kind!r}; known: {', '.join(TYPES)}")


def train_sentencepiece(
    lines: Sequence[str], prefix: str | Path, *, vocab_size: int, mode: str = "unigram"
) -> BpeTokenizer:
    """Writes ``<prefix>.model`` and ``.vocab`` learned from normalized lines, however long.

    Every character of the text is a unit. Raises TokenizeError if the text is empty, holds a mark
    of sentencepiece's own, or is too small for vocab_size.
    """
    if mode not in ("bpe", "unigram"):
        raise TokenizeError(f"mode is bpe or unigram, not {mode!r}")
    spoken = [" ".join(line.split()) for line in lines if line.strip()]  # as they are encoded
    if not spoken:
        raise TokenizeError("no text to learn units from")
    for line in spoken:
        for reserved, what in ((META, "word mark"), (_UNKNOWN, "mark of unknown characters")):
            if reserved in line:
                raise TokenizeError(
                    f"the text holds {reserved!r}, sentencepiece's {what}: {line[:200]!r}"
                )
    Path(prefix).parent.mkdir(parents=True, exist_ok=True)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(spoken),
            model_prefix=str(prefix),
            vocab_size=vocab_size,
            model_type=mode,
            character_coverage=1.0,
            normalization_rule_name="identity",
            # Longer lines, in bytes, would be left out; 4192 by default.
            max_sentence_length=max(len(line.encode()) for line in spoken),
            bos_id=-1,
            eos_id=-1,
            unk_id=0,
            minloglevel=2,
            num_threads=1,
        )
    except RuntimeError as error:
        # unigram looks for units where sentences branch: few sentences have few, however often
        other = ", --mode bpe" if mode == "unigram" else ""
        raise TokenizeError(
            f"sentencepiece cannot make {vocab_size} {mode} units of {len(spoken)} lines:"
            f" {str(error).strip()}; choose another --vocab_size{other} or more text"
        ) from None
    units = BpeTokenizer(f"{prefix}.model")
    lost = set("".join(spoken)).difference({" "}, units.symbols())
    if lost:
        raise TokenizeError(f"sentencepiece left out characters of the text: {sorted(lost)}")
    return units
