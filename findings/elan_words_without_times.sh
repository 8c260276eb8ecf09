#!/usr/bin/env bash
# pympi-ling 1.71, speach 0.1a15: words of an ELAN file whose borders have no times of their own vanish, or last less than nothing.
#
# Guess: ELAN leaves out the times of borders that nobody has set between the words of an utterance (Time_Subdivision) and spreads such words evenly; a
# reader does the same, or says None, or fails.
# Seen: of "one two three" from 1 to 4 s, with both borders within unset, pympi's to_textgrid writes the tier of words without a single word, silently, and
# the utterance as it is. speach gives the words None for times, but durations: -1.0, 0 and 4.0 seconds. Nothing is raised by either.
# Source: to_textgrid of pympi/Elan.py passes over any exception of a division of None; duration in speach/elan.py takes None for 0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q pympi-ling==1.71 speach==0.1a15.post1
cd "${dir}"
cat >words.eaf <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="utterance" TIER_ID="utterances"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts4"><ANNOTATION_VALUE>one two three</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
</ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="word" PARENT_REF="utterances" TIER_ID="words"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>one</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
</ANNOTATION><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>two</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
</ANNOTATION><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a4" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4"><ANNOTATION_VALUE>three</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
</ANNOTATION></TIER>
<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="utterance" TIME_ALIGNABLE="true"/>
<LINGUISTIC_TYPE CONSTRAINTS="Time_Subdivision" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="word" TIME_ALIGNABLE="true"/>
<CONSTRAINT DESCRIPTION="Time subdivision of parent annotation's time interval" STEREOTYPE="Time_Subdivision"/>
</ANNOTATION_DOCUMENT>
XML
"${dir}/venv/bin/python" - <<'PY'
import pympi
from speach import elan

tiers = {t.name: [tuple(i) for i in t.get_intervals()] for t in pympi.Eaf("words.eaf").to_textgrid().get_tiers()}
print("pympi, to_textgrid:", tiers)
words = [(a.value, a.duration) for a in elan.read_eaf("words.eaf")["words"]]
print("speach, durations:", words)
raise SystemExit(
    tiers != {"utterances": [(1.0, 4.0, "one two three")], "words": []}
    or words != [("one", -1.0), ("two", 0), ("three", 4.0)]
)
PY
