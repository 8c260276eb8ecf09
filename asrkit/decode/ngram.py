"""Trains n-gram language models with KenLM's lmplz, and packs them with build_binary."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import asrkit
from asrkit.decode.overlap import losses, some
from asrkit.files import DISK_FULL, read_lines, temporary_folder
from asrkit.processes import run_program

INSTALL = "make -C tools lmplz"


class NgramError(ValueError):
    """lmplz failed, or its text is unusable."""


class MissingLmplz(NgramError):
    """lmplz is not installed; recipes skip the language-model rows then."""


def find_tool(name: str, given: str | Path | None = None) -> Path:
    """``given``, or ``tools/bin/<name>`` of this checkout, or the first on PATH."""
    if given is not None:
        if not (Path(given).is_file() and os.access(given, os.X_OK)):
            raise MissingLmplz(f"{given}: no such program; build it with: {INSTALL}")
        return Path(given)
    local = Path(asrkit.__file__).parent.parent / "tools" / "bin" / name
    if local.is_file() and os.access(local, os.X_OK):
        return local
    found = shutil.which(name)
    if found is None:
        raise MissingLmplz(
            f"{name} is neither in {local.parent} nor on PATH; how to enable language models:"
            f" {INSTALL} (one or two minutes, no root needed)"
        )
    return Path(found)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NgramOptions:
    """order: length of the n-grams (2-6). prune: KenLM's thresholds by order, e.g. (0, 0, 1).

    structure: trie (small) or probing (fast), of a binary. quantize: bits of its probabilities and
    back-offs (1 to 25, trie only); None keeps them exact.
    memory: what lmplz may sort in (1G, 20%). limit_vocab: file of words; all others are <unk>.
    discount_fallback: discounts where the counts of counts are too poor to estimate them.
    """

    order: int = 4
    prune: tuple[int, ...] = ()
    memory: str = "1G"
    limit_vocab: Path | None = None
    discount_fallback: tuple[float, ...] = (0.5, 1.0, 1.5)
    structure: str = "trie"
    quantize: int | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.order <= 6:
            raise NgramError(f"order is 2 to 6 (KenLM's limits), not {self.order}")
        if self.structure not in ("trie", "probing"):
            raise NgramError(f"structure is trie or probing, not {self.structure!r}")
        if self.quantize is not None and (self.structure != "trie" or not 1 <= self.quantize <= 25):
            raise NgramError("quantize is 1 to 25 bits, of a trie")

    def packing(self) -> list[str]:
        """Options of build_binary; sentence marks may be missing in texts of phones."""
        bits = [] if self.quantize is None else ["-q", str(self.quantize), "-b", str(self.quantize)]
        return ["-s", *bits, self.structure]


@dataclasses.dataclass(frozen=True)
class NgramReport:
    """Sentences and tokens of the text; whether the discounts had to be assumed; what to tell."""

    lines: int
    tokens: int
    fallback: bool
    notes: list[str]


def _write_corpus(
    lines: Iterable[str], path: Path, wanted: frozenset[str]
) -> tuple[int, int, set[str]]:
    """Sentences and tokens written, and which of the ``wanted`` were among them."""
    count = tokens = 0
    seen: set[str] = set()
    with open(path, "w", encoding="utf-8") as out:
        for line in lines:
            words = line.split()
            if not words:
                continue
            for reserved in ("<s>", "</s>", "<unk>"):
                if reserved in words:
                    raise NgramError(f"the text holds {reserved}, a word of KenLM's own: {line!r}")
            out.write(" ".join(words) + "\n")
            count, tokens = count + 1, tokens + len(words)
            seen |= wanted.intersection(words)
    if not count:
        raise NgramError("no text to learn a language model from")
    return count, tokens, seen


def _wanted(limit_vocab: Path | None) -> frozenset[str]:
    if limit_vocab is None:
        return frozenset()
    words = frozenset(word for line in read_lines(limit_vocab) for word in line.split())
    if not words:
        raise NgramError(
            f"{limit_vocab}: holds no word; make_lexicon --words_out writes such files"
        )
    return words


def train_ngram(
    lines: Iterable[str],
    out: Path,
    *,
    options: NgramOptions,
    lmplz: str | Path | None = None,
    build_binary: str | Path | None = None,
) -> NgramReport:
    """Lines of words (or tokens) to a language model at ``out``: ``.arpa``, anything else binary.

    If lmplz cannot estimate discounts (small texts, phones), it runs again with fixed ones.
    Raises MissingLmplz without the program, NgramError with its last words if it fails, and
    DataError where the disk of ``out``, on which it sorts, is full.
    """
    program = find_tool("lmplz", lmplz)
    binary = out.suffix != ".arpa"
    packer = find_tool("build_binary", build_binary) if binary else None
    out.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(out) as folder:
        wanted = _wanted(options.limit_vocab)
        count, tokens, seen = _write_corpus(lines, folder / "text", wanted)
        notes = losses(
            len(wanted - seen),
            len(wanted),
            f"words of {options.limit_vocab} are not in the text",
            some(sorted(wanted - seen)),
            "are they of one spelling (case, encoding, language)?",
        )
        command = [
            str(program),
            "--order",
            str(options.order),
            "-S",
            options.memory,
            "-T",
            f"{folder}/",
            "--text",
            str(folder / "text"),
            "--arpa",
            str(folder / "lm.arpa"),
            "--skip_symbols",
        ]
        if options.prune:
            command += ["--prune", *map(str, options.prune)]
        if options.limit_vocab is not None:
            command += ["--limit_vocab_file", str(options.limit_vocab)]
        failure = _run(command)
        fallback = failure is not None and "discount" in failure.lower()
        if fallback:
            values = map(str, options.discount_fallback)
            failure = _run([*command, "--discount_fallback", *values])
        if failure is None and packer is not None:
            arpa, packed = str(folder / "lm.arpa"), str(folder / "lm.bin")
            failure = _run([str(packer), *options.packing(), arpa, packed])
        if failure is not None:
            for number in DISK_FULL:
                if os.strerror(number) in failure:  # in a file of its own, whose name helps nobody
                    raise OSError(number, os.strerror(number))
            raise NgramError(f"KenLM failed: {failure}")
        os.replace(folder / ("lm.bin" if binary else "lm.arpa"), out)
    return NgramReport(count, tokens, fallback, notes)


def _run(command: list[str]) -> str | None:
    """Runs a program; None, or the last lines it wrote to stderr if it failed."""
    done = run_program(command)
    if done.returncode == 0:
        return None
    told = done.stderr.decode(errors="replace").split("\n")
    said = [line for line in told if line.strip() and not set(line) <= set("-*")]
    return " ".join(said[-3:]) or f"exit code {done.returncode}"
