"""Languages: their locales in Common Voice, hours in the paper, those with few-shot lists."""

from __future__ import annotations

import re

# Common Voice's locale where it is not the ISO 639-1 code itself.
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
# Languages that Common Voice splits, and what else may stand for them (--locales).
OTHER_LOCALES = {"zh": ("zh-TW", "zh-HK"), "rm": ("rm-vallader",), "ne": ("ne",), "hy": ("hyw",)}
# Table 1 of the paper: hours of pre-training by language; English fills 793 h up to 1350 h (3.3).
HOURS = {
    "es": 168, "fr": 353, "it": 90, "ky": 17, "nl": 29, "ru": 55,
    "sv": 3, "tr": 11, "tt": 17, "zh": 50, "en": 557,
}  # fmt: skip
FEW_SHOT = ("es", "fr", "it", "ky", "nl", "ru", "sv", "tr", "tt", "zh")
LISTED = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")


def locales_of(lang: str, given: str = "") -> list[str]:
    """Locales that hold `lang`: those `given` (separated by spaces), else its usual one."""
    locales = given.split() or [LOCALES.get(lang, lang)]
    for locale in locales:
        if not LISTED.fullmatch(locale):
            raise ValueError(f"{locale!r} is no locale of Common Voice such as sv-SE")
        known = (lang, LOCALES.get(lang), *OTHER_LOCALES.get(lang, ()))
        if locale not in known and locale.split("-")[0] != lang:
            raise ValueError(f"locale {locale} is not of language {lang}; say --lang and --locales")
    return locales
