#!/usr/bin/env bash
# tgt 1.5: a label with & or < becomes an ELAN file that no XML parser reads.
#
# Guess: write_to_file(format="eaf") escapes labels, as every writer of XML does; points stay points in time.
# Seen: `a & b` is written as it is. pympi and Python's own parser refuse the file, all of its tiers, and pympi asks "can you open it in
# ELAN?". A point becomes an annotation of 40 ms, and time slots are in the order of tiers, not of time, where ELAN's format wants
# them sorted. Quotation marks in a tier's name end the attribute that it is written in.
# Source: export_to_elan in tgt/io3.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q tgt==1.5 pympi-ling==1.71 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import xml.etree.ElementTree
from importlib.metadata import version

import pympi
import tgt

print("tgt", version("tgt"))


def written(label):
    grid = tgt.TextGrid()
    words, points = tgt.IntervalTier(0, 3, "words"), tgt.PointTier(0, 3, "points")
    words.add_interval(tgt.Interval(1, 2, label))
    points.add_point(tgt.Point(0.5, "click"))
    grid.add_tiers([words, points])
    tgt.io.write_to_file(grid, "a.eaf", format="eaf")


written("a and b")
tiers = {name: pympi.Eaf("a.eaf").get_annotation_data_for_tier(name) for name in ("words", "points")}
print("a and b:", tiers)
slots = [int(slot.get("TIME_VALUE")) for slot in xml.etree.ElementTree.parse("a.eaf").iter("TIME_SLOT")]
print("time slots:", slots)
written("a & b")
failures = []
for read in (xml.etree.ElementTree.parse, pympi.Eaf):
    try:
        read("a.eaf")
    except Exception as error:
        failures.append(str(error))
        print("a & b:", error)
raise SystemExit(not (len(failures) == 2 and tiers["points"] == [(500, 540, "click")] and slots != sorted(slots)))
PY
