"""Languages: their locales in Common Voice, hours in the paper, those with few-shot lists."""

from __future__ import annotations

import re

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
# Table 1 of the paper: hours of pre-training by language; English fills 793 h up to 1350 h (3.3).
HOURS = {
    "es": 168, "fr": 353, "it": 90, "ky": 17, "nl": 29, "ru": 55,
    "sv": 3, "tr": 11, "tt": 17, "zh": 50, "en": 557,
}  # fmt: skip
FEW_SHOT = ("es", "fr", "it", "ky", "nl", "ru", "sv", "tr", "tt", "zh")
LISTED = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")


def locales_of(lang: str, given: str = "") -> list[str]:
    """Locales of `lang` among those `given` (``zh-CN,zh-TW``), else its usual one."""
    usual = LOCALES.get(lang, lang)
    found = []
    for locale in filter(None, given.split(",")):
        if not LISTED.fullmatch(locale):
            raise ValueError(f"--locales: {locale!r} is no locale such as sv-SE")
        if locale.split("-")[0] == lang or locale == usual:
            found.append(locale)
    return found or [usual]
