"""espeak-ng through phonemizer's wrapper: one voice object per language and process."""

from __future__ import annotations

import fcntl
import functools
import importlib.metadata
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import espeakng_loader
from phonemizer.backend.espeak.wrapper import EspeakWrapper

from asrkit.files import writing
from asrkit.text.g2p import epitran_name
from asrkit.text.languages import find_language

# ISO 639-1 codes (and Common Voice locales) whose espeak voice has another name. All other codes
# stand for themselves.
VOICES = {
    "en": "en-us",
    "fr": "fr-fr",
    "zh": "cmn",
    "zh-cn": "cmn",
    "zh-tw": "cmn",
    "zh-hk": "yue",
    "no": "nb",
    "nn": "nb",
    "iw": "he",
    "kmr": "ku",
    "pt-pt": "pt",
    "vi-vn": "vi",
}


class EspeakError(ValueError):
    """espeak-ng is missing or too old, or has no voice for a language."""


def _prepare() -> None:
    """Points phonemizer to espeakng-loader's library and data, unless the user chose others."""
    if "PHONEMIZER_ESPEAK_LIBRARY" not in os.environ:
        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        if "PHONEMIZER_ESPEAK_DATA_PATH" not in os.environ:
            EspeakWrapper.set_data_path(espeakng_loader.get_data_path())


def _open() -> EspeakWrapper:
    _prepare()
    try:
        wrapper = EspeakWrapper()
    except (RuntimeError, OSError) as error:
        raise EspeakError(
            f"espeak-ng cannot be loaded ({error}); pip install espeakng-loader, or set"
            f" PHONEMIZER_ESPEAK_LIBRARY; it also needs a writable {tempfile.gettempdir()}"
        ) from None
    if wrapper.version < (1, 49):
        raise EspeakError(f"espeak {wrapper.version} is too old: espeak-ng 1.49 or newer is needed")
    return wrapper


@functools.cache
def _probe() -> EspeakWrapper:
    """Answers questions about the library; each wrapper costs a copy of it in the temp folder."""
    return _open()


@functools.cache
def known_voices() -> tuple[str, ...]:
    """Language codes that this espeak-ng speaks, sorted."""
    voices = _probe().available_voices()
    return tuple(sorted({v.language for v in voices if not v.identifier.startswith("mb")}))


@functools.cache
def versions() -> dict[str, str]:
    """Versions that decide what the phones are; they are stored beside every phone text."""
    return {
        "espeak": ".".join(map(str, _probe().version)),
        "phonemizer": importlib.metadata.version("phonemizer"),
    }


def voice_of(language: str) -> str:
    """ISO 639-1 code or locale to espeak voice.

    Raises EspeakError that lists the known codes, or if the voice has no dictionary (Faroese of
    espeak-ng 1.52): it would say nothing to any text.
    """
    code = language.strip().lower().replace("_", "-")
    known = known_voices()
    for candidate in (VOICES.get(code), code, VOICES.get(code.split("-")[0]), code.split("-")[0]):
        if candidate in known:
            if not _has_dictionary(candidate):
                raise EspeakError(
                    f"espeak-ng has no dictionary for its voice {candidate!r}, so that it says"
                    f" nothing in language {language!r}: name a related language, or bring phones"
                    " along with the text (docs/text.md, Labels of the corpus)"
                )
            return candidate
    there = find_language(language)
    other = "" if there is None or epitran_name(there) is None else ", on phones by --g2p epitran"
    raise EspeakError(
        f"espeak-ng has no voice for language {language!r}; train on characters"
        f" (--token_type char){other}, or name one that it has: {' '.join(known)}"
    )


@functools.cache
def _has_dictionary(voice: str) -> bool:
    """Every voice that has one reads *a*, be it as a foreign letter."""
    return bool(_speaker(voice).text_to_phonemes("a").strip())


@functools.cache
def _speaker(voice: str) -> EspeakWrapper:
    wrapper = _open()
    wrapper.set_voice(voice)
    return wrapper


def raw_phonemes(texts: list[str], voice: str) -> list[str]:
    """espeak's IPA of normalized texts: phones joined by ``_``, words by spaces, with flags."""
    speaker = _speaker(voice)
    return [" ".join(speaker.text_to_phonemes(text).split()) if text else "" for text in texts]


class Cache:
    """Raw answers on disk, espeak's or ``ask``'s: one append-only file for a voice and a version.

    maker: what answers, with its version, as the file's name has it; espeak by default. Several
    processes may append; a line cut short by a kill is ignored and asked for again.
    """

    def __init__(
        self,
        folder: str | Path | None,
        voice: str,
        *,
        maker: str = "",
        ask: Callable[[list[str]], list[str]] | None = None,
    ) -> None:
        name = f"{voice}-{maker or 'espeak' + versions()['espeak']}.tsv"
        self.path = None if folder is None else Path(folder) / name
        self._ask = ask
        self.hits = Counter[str]()
        self._known: dict[str, str] = {}
        if self.path is not None and self.path.exists():
            for line in self.path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:
                parts = line.split("\t")
                if len(parts) == 3 and parts[2] == "." and "\ufffd" not in line:
                    self._known[parts[0]] = parts[1]

    def phonemes(self, texts: list[str], voice: str) -> list[str]:
        """raw_phonemes of ``texts``, asking only for those never seen."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self.hits.update(hit=len(texts) - len(new), miss=len(new))
        said = raw_phonemes(new, voice) if self._ask is None else self._ask(new)
        fresh = dict(zip(new, said, strict=True))
        self._known.update(fresh)
        if self.path is not None and fresh:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            block = "".join(f"{text}\t{raw}\t.\n" for text, raw in fresh.items())
            with writing(self.path), open(self.path, "ab") as out:
                fcntl.flock(out, fcntl.LOCK_EX)
                # A leading newline ends a line that a killed process left unfinished.
                out.write(b"\n" + block.encode("utf-8"))
        return [self._known[text] for text in texts]
