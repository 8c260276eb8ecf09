"""Languages: their locales in Common Voice, hours in the paper, those with few-shot lists."""

from __future__ import annotations

import re

from asrkit.files import DataError

# Common Voice's locale where it is not the ISO 639-1 code itself; zh-TW, zh-HK and rm-vallader are
# there as well (--locales).
LOCALES = {
    "fy": "fy-NL",
    "ga": "ga-IE",
    "hy": "hy-AM",
    "ne": "ne-NP",
    "nn": "nn-NO",
    "pa": "pa-IN",
    "rm": "rm-sursilv",
    "sv": "sv-SE",
    "zh": "zh-CN",
}
# Locales of a language whose code they do not begin with; yue is a locale as well.
LANGUAGES = {"zh-hk": "yue"}
# Table 1 of the paper: hours of pre-training by language; English fills 793 h up to 1350 h (3.3).
HOURS = {
    "es": 168, "fr": 353, "it": 90, "ky": 17, "nl": 29, "ru": 55,
    "sv": 3, "tr": 11, "tt": 17, "zh": 50, "en": 557,
}  # fmt: skip
FEW_SHOT = ("es", "fr", "it", "ky", "nl", "ru", "sv", "tr", "tt", "zh")
LISTED = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")


def language_of(locale: str) -> str:
    """The language of a locale: ``zh`` of zh-TW, ``yue`` of zh-HK."""
    return LANGUAGES.get(locale.lower(), locale.split("-")[0])


def locales_of(lang: str, given: str = "", *, skip_others: bool = False) -> list[str]:
    """The locales `given` (``zh-CN,zh-TW``), else the usual one of `lang`.

    skip_others: those of other languages are passed over. Raises DataError at them otherwise.
    """
    found = []
    for locale in filter(None, given.split(",")):
        if not LISTED.fullmatch(locale):
            raise DataError(f"--locales: {locale!r} is not a locale such as sv-SE")
        if lang in (locale, language_of(locale)):
            found.append(locale)
        elif not skip_others:
            raise DataError(
                f"--locales: {locale} is of the language {language_of(locale)}, not of {lang}; say"
                f" --lang {language_of(locale)}, or leave the locale out"
            )
    return found or [LOCALES.get(lang, lang)]
