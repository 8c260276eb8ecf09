#!/usr/bin/env python3
"""Makes asrkit/text/data/languages.json of the recipes' lists and of pinned public packages.

    tools/language_data.py

Of CLDR (npm, Unicode-3.0): letters of each language, numbers in words, ordinals as they are
written, months, days and a few phrases of time. Of epitran (PyPI, MIT): which languages it has.
Needs npm and pip.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from spelled_numbers import Speller

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "asrkit/text/data"
EGS = ROOT / "egs"
CLDR, EPITRAN, COMMON_VOICE = "48.2.0", "1.35.3", "25.0"
PACKAGES = ("core", "misc-full", "rbnf", "localenames-full", "dates-full")
# Where the code of a corpus is not CLDR's, or its writers use another variant than the default.
LOCALES = {"tl": ["fil"], "kmr": ["ku"], "no": ["nb"], "zh": ["zh", "zh-Hant"], "nan": []}
NUMBERS = (*range(32), 100)
ORDINALS = (1, 2, 3, 4, 10, 20, 21)
MLS = "de en es fr it nl pl pt"
_ESCAPES = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")


def fetched(folder: Path) -> dict[str, Path]:
    """CLDR's packages by name, and the wheel of epitran."""
    names = [f"cldr-{name}@{CLDR}" for name in PACKAGES]
    subprocess.run(["npm", "pack", *names], cwd=folder, check=True, capture_output=True)
    found = {}
    for name in PACKAGES:
        with tarfile.open(folder / f"cldr-{name}-{CLDR}.tgz") as archive:
            archive.extractall(folder / name, filter="data")
        found[name] = folder / name / "package"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, f"epitran=={EPITRAN}"], check=True)
    (found["epitran"],) = folder.glob("epitran-*.whl")
    return found


def letters_of(written: str) -> list[str]:
    """The members of CLDR's ``[a-c {ch} \\-]`` in their order; several characters in one whole."""
    body = written.strip()[1:-1]
    parts = re.findall(r"\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\.|[^\s]", body)
    out: list[str] = []
    for place, part in enumerate(parts):
        plain = _ESCAPES.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], part)
        if part == "-":
            end = ord(parts[place + 1])
            out.extend(chr(code) for code in range(ord(out[-1]) + 1, end))
        else:
            out.append(plain.strip("{}") if part[0] == "{" else plain)
    return list(dict.fromkeys(out))


def in_ranges(letters: list[str]) -> str:
    """Letters between spaces; runs of four and more code points as ``first..last``."""
    out: list[str] = []
    runs = itertools.groupby(
        enumerate(letters), lambda pair: ord(pair[1]) - pair[0] if len(pair[1]) == 1 else pair[1]
    )
    for _, pairs in runs:
        run = [letter for _, letter in pairs]
        out += [f"{run[0]}..{run[-1]}"] if len(run) > 3 else run
    return " ".join(out)


def read(path: Path, *keys: str) -> Any:
    """What lies at some keys of a JSON file; empty if the file is not there."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text("utf-8"))
    for key in keys:
        found = found.get(key, {})
    return found


def numbers(folders: dict[str, Path], locale: str) -> dict[str, list[list[str]]]:
    """``[written, in words]`` of cardinals and, where CLDR has both forms, of ordinals."""
    rbnf = folders["rbnf"] / "rbnf"
    rules = read(rbnf / f"{locale}.json", "rbnf", "rbnf")
    words = rules.get("SpelloutRules", {})
    if "%spellout-numbering" not in words:
        return {}
    kinds = {
        kind: read(
            folders["core"] / f"supplemental/{file}.json", "supplemental", f"plurals-type-{kind}"
        ).get(locale, {"pluralRule-count-other": ""})
        for kind, file in (("cardinal", "plurals"), ("ordinal", "ordinals"))
    }
    digits = rules.get("OrdinalRules") or read(rbnf / "und.json", "rbnf", "rbnf", "OrdinalRules")
    speller = Speller({**digits, **words}, kinds)
    out = {"cardinals": [[str(n), speller(n, "%spellout-numbering")] for n in NUMBERS]}
    spelled = [name for name in words if name.startswith("%spellout-ordinal")]
    pairs = [(f"%digits{name.removeprefix('%spellout')}", name) for name in spelled]
    pair = next((pair for pair in pairs if pair[0] in digits), None)
    if pair is None and spelled:
        pair = "%digits-ordinal", spelled[0]
    if pair is not None:
        out["ordinals"] = [[speller(n, name) for name in pair] for n in ORDINALS]
    return {
        name: [[part.replace("\u00ad", "") for part in row] for row in rows]
        for name, rows in out.items()
    }


def phrases(folders: dict[str, Path], locale: str) -> list[str]:
    """Months, days of the week, and what is said for the last, this and the next of them."""
    dates = folders["dates-full"] / "main" / locale
    gregorian = read(dates / "ca-gregorian.json", "main", locale, "dates", "calendars", "gregorian")
    fields = read(dates / "dateFields.json", "main", locale, "dates", "fields")
    found: list[str] = []
    for kind in ("months", "days"):
        wide = gregorian.get(kind, {}).get("format", {}).get("wide", {})
        found.extend(wide.values())
    for name, field in fields.items():
        if "-" not in name:
            found.extend(text for key, text in field.items() if key.startswith("relative-type"))
            found.extend([field["displayName"]] if "displayName" in field else [])
    return [text for text in dict.fromkeys(found) if any(map(str.isalpha, text))]


def week(folders: dict[str, Path], locale: str) -> str:
    """The word for a week, which any language puts ordinals before."""
    path = folders["dates-full"] / "main" / locale / "dateFields.json"
    return str(read(path, "main", locale, "dates", "fields", "week", "displayName") or "")


def corpora() -> dict[str, dict[str, Any]]:
    """Language code -> the corpora that have it, and its locales in Common Voice."""
    sys.path.insert(0, str(EGS / "commonvoice/asr1/local"))
    from cv_languages import language_of

    found: dict[str, dict[str, Any]] = {}

    def add(code: str, corpus: str, **more: str) -> dict[str, Any]:
        row = found.setdefault(code, {"name": "", "corpora": [], "locales": []})
        row["corpora"] += [] if corpus in row["corpora"] else [corpus]
        row["name"] = row["name"] or more.get("name", "")
        return row

    for row in table(EGS / "commonvoice/asr1/local/locales.tsv"):
        code = language_of(row["locale"])
        add(code, "Common Voice", name=row["name"])["locales"].append(row["locale"])
    for row in table(EGS / "fleurs/asr1/local/configs.tsv"):
        add(row["lang"], "FLEURS")
    for code in MLS.split():
        add(code, "MLS")
    for row in table(EGS / "babel/asr1/local/packs.tsv"):
        # Its Kurdish is Kurmanji, its Chinese Cantonese.
        add({"ku": "kmr", "zh": "yue"}.get(row["lang"], row["lang"]), "BABEL")
    return found


def table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def languages(folders: dict[str, Path]) -> list[dict[str, Any]]:
    core = folders["core"] / "supplemental/aliases.json"
    aliases = read(core, "supplemental", "metadata", "alias", "languageAlias")
    english = folders["localenames-full"] / "main/en/languages.json"
    names = read(english, "main", "en", "localeDisplayNames", "languages")
    # What CLDR has not translated is the English of its root.
    root = {*phrases(folders, "und"), week(folders, "und")} - {""}
    maps: dict[str, list[str]] = {}
    for entry in zipfile.ZipFile(folders["epitran"]).namelist():
        if found := re.fullmatch(r"epitran/data/map/((\w{3})-[A-Z]\w{3})\.csv", entry):
            code = aliases.get(found[2], {}).get("_replacement", found[2])
            maps.setdefault(code, []).append(found[1])
    out = []
    for code, row in sorted(corpora().items()):
        locales = LOCALES.get(code, [code])
        sets = [
            read(folders["misc-full"] / f"main/{locale}/characters.json", "main", locale)
            for locale in locales
        ]
        written = [s["characters"].get("exemplarCharacters", "[]") for s in sets if s]
        letters = list(dict.fromkeys(itertools.chain.from_iterable(map(letters_of, written))))
        first = locales[0] if locales else code
        own = set() if code == "en" else root
        entry = {
            "code": code,
            "name": row["name"] or names.get(code) or names[first],
            "corpora": row["corpora"],
            "locales": row["locales"],
            "letters": in_ranges(letters),
            **numbers(folders, first),
            "phrases": [text for text in phrases(folders, first) if text not in own],
            "week": "" if week(folders, first) in own else week(folders, first),
            "epitran": sorted(maps.get(aliases.get(code, {}).get("_replacement", code), [])),
        }
        out.append({key: value for key, value in entry.items() if value})
    return out


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        folders = fetched(Path(folder))
        rows = languages(folders)
        license_text = (folders["misc-full"] / "LICENSE").read_text("utf-8")
    head = {"cldr": CLDR, "license": "Unicode-3.0"}
    head |= {"epitran": EPITRAN, "common_voice": COMMON_VOICE}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    OUT.mkdir(exist_ok=True)
    text = f'{{"sources": {json.dumps(head)},\n"languages": [\n{lines}\n]}}\n'
    (OUT / "languages.json").write_text(text, encoding="utf-8")
    (OUT / "LICENSE-CLDR").write_text(license_text, encoding="utf-8")
    print(f"{OUT / 'languages.json'}: {len(rows)} languages")


if __name__ == "__main__":
    main()
