#!/usr/bin/env bash
# pympi-ling 1.71: the usual ELAN design, glosses of words that subdivide an utterance, cannot be read.
#
# Guess: a tier of references gives the times of the words that it refers to; words are aligned, be it inside an utterance.
# Seen: get_annotation_data_for_tier of such a tier, and to_textgrid of the file, are KeyError: 'a2'. The parent's parent is
# looked up until a tier without one, as though every tier with a parent held references; a tier of words (Time_Subdivision
# or Included_In) has a parent and holds times. A slot without a time (as ELAN writes for words that are not yet
# placed) comes back as None, and get_annotation_data_at_time of that tier is a TypeError.
# Source: get_parent_aligned_annotation in pympi/Elan.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q pympi-ling==1.71
cd "${dir}"
cat >words.eaf <<'EAF'
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/></TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="utterance" TIER_ID="utterance"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>dogs bark</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="word" PARENT_REF="utterance" TIER_ID="word">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>dogs</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>bark</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="gloss" PARENT_REF="word" TIER_ID="gloss"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a2"><ANNOTATION_VALUE>dog.PL</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="utterance" TIME_ALIGNABLE="true"/>
<LINGUISTIC_TYPE CONSTRAINTS="Time_Subdivision" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="word" TIME_ALIGNABLE="true"/>
<LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="gloss" TIME_ALIGNABLE="false"/>
<CONSTRAINT DESCRIPTION="Time subdivision of parent annotation's time interval, no time gaps allowed within this interval" STEREOTYPE="Time_Subdivision"/>
<CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" STEREOTYPE="Symbolic_Association"/>
</ANNOTATION_DOCUMENT>
EAF
sed 's/"ts2"\/>/"ts2" TIME_VALUE="800"\/>/' words.eaf >placed.eaf
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

from pympi.Elan import Eaf


def raised(kind, call, *given):
    try:
        result = call(*given)
    except kind as error:
        print(f"{call.__name__}{given}: {kind.__name__}: {error}")
        return True
    print(f"{call.__name__}{given}: {result}")
    return False


print("pympi-ling", version("pympi-ling"))
placed, words = Eaf("placed.eaf"), Eaf("words.eaf")
print("words:", placed.get_annotation_data_for_tier("word"))
print("words without a time between them:", words.get_annotation_data_for_tier("word"))
seen = [
    placed.get_annotation_data_for_tier("word") == [(0, 800, "dogs"), (800, 2000, "bark")],
    raised(KeyError, placed.get_annotation_data_for_tier, "gloss"),
    raised(KeyError, placed.to_textgrid),
    words.get_annotation_data_for_tier("word")[0] == (0, None, "dogs"),
    raised(TypeError, words.get_annotation_data_at_time, "word", 500),
]
raise SystemExit(not all(seen))
PY
