#!/usr/bin/env bash
# Praat (parselmouth 0.4.7) against praat-textgrids 1.4.0 and tgt 1.5: tiers of one name, quotation marks, line breaks.
#
# Guess: a TextGrid that Praat has saved is read as it is, by any package for TextGrids.
# Seen: of two tiers named *words*, which Praat allows, praat-textgrids has the last one alone, without a word. A label *say "hi"*, doubled
# in the file as Praat's format has it, comes as *say ""hi*, and a label that is one quotation mark is empty. Of a label of two lines
# praat-textgrids has the first one, without a word where it is the last of the file; tgt stops with an IndexError that names no
# line. textgrid 1.6.1 and pympi-ling 1.71 read all of it, in the long and in the short form.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q praat-parselmouth==0.4.7 praat-textgrids==1.4.0 tgt==1.5 textgrid==1.6.1 pympi-ling==1.71 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import parselmouth
import pympi
import textgrid
import textgrids
import tgt
from parselmouth.praat import call


def saved(name, labels, form="text"):
    grid = call("Create TextGrid", 0, 3, " ".join("words" for _ in labels), "")
    for tier, label in enumerate(labels, 1):
        call(grid, "Set interval text", tier, 1, label)
    call(grid, f"Save as {form} file", name)


saved("names.TextGrid", ["first", "second"])
saved("quotes.TextGrid", ['say "hi"'])
saved("quote.TextGrid", ['"'])
saved("lines.TextGrid", ["two\nlines"])
saved("short.TextGrid", ["two\nlines"], "short text")


def by_textgrids(name):
    return [(tier, [label.text for label in labels]) for tier, labels in textgrids.TextGrid(name).items()]


def by_tgt(name):
    return [(tier.name, [label.text for label in tier]) for tier in tgt.io.read_textgrid(name).tiers]


def by_textgrid(name):
    return [(tier.name, [label.mark for label in tier]) for tier in textgrid.TextGrid.fromFile(name).tiers]


def by_pympi(name):
    return [(tier.name, [text for *_, text in tier.get_all_intervals()]) for tier in pympi.TextGrid(name).tiers]


def tried(read, name):
    try:
        return read(name)
    except (IndexError, ValueError) as error:
        return type(error).__name__


print("Praat", parselmouth.PRAAT_VERSION, *(f"{name} {version(name)}" for name in ("praat-textgrids", "tgt")))
found = {}
for name in ("names", "quotes", "quote", "lines", "short"):
    for read in (by_textgrids, by_tgt, by_textgrid, by_pympi):
        found[read.__name__[3:], name] = tried(read, f"{name}.TextGrid")
        print(f"{name}, {read.__name__[3:]}: {found[read.__name__[3:], name]}")
seen = {
    ("textgrids", "names"): [("words", ["second"])],
    ("textgrids", "quotes"): [("words", ['say ""hi'])],
    ("textgrids", "quote"): [("words", [""])],
    ("textgrids", "lines"): [("words", ["two"])],
    ("textgrids", "short"): [("words", ["two"])],
    ("tgt", "lines"): "IndexError",
    ("tgt", "short"): "IndexError",
    ("pympi", "names"): [("words", ["first"]), ("words", ["second"])],
    ("textgrid", "quotes"): [("words", ['say "hi"'])],
    ("textgrid", "short"): [("words", ["two\nlines"])],
    ("pympi", "lines"): [("words", ["two\nlines"])],
}
wrong = [case for case, result in seen.items() if found[case] != result]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
