"""Errors that are none to a reader: reference and hypothesis differ in their encoding only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from asrkit.score.rates import Utterance
from asrkit.text.look_alikes import skeleton, with_codes

_SHOWN = 3


def encoding_differences(utterances: Sequence[Utterance], unit: str) -> dict[str, Any] | None:
    """Substitutions of tokens that look alike, and utterances with no other difference; None
    without any. JSON-ready.

    pairs: [reference, hypothesis, how often], by falling count. Characters are compared as whole
    texts too, as one may be several code points on one side (NFD).
    """
    pairs: Counter[tuple[str, str]] = Counter()
    alone = 0
    joint = "" if unit == "cer" else " "
    for utterance in utterances:
        if not utterance.counts.errors:
            continue
        for ref, hyp in utterance.alignment.pairs:
            if (
                ref is not None
                and hyp is not None
                and ref != hyp
                and skeleton(ref) == skeleton(hyp)
            ):
                pairs[ref, hyp] += 1
        sides = zip(*utterance.alignment.pairs, strict=True)
        ref_text, hyp_text = (skeleton(joint.join(filter(None, side))) for side in sides)
        alone += ref_text == hyp_text
    if not pairs and not alone:
        return None
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return {
        "substitutions": pairs.total(),
        "utterances": alone,
        "pairs": [[ref, hyp, count] for (ref, hyp), count in ranked],
    }


def described(found: dict[str, Any], substitutions: int) -> str:
    """One line about encoding_differences for a reader."""
    shown = "; ".join(
        f"{with_codes(ref)} for {with_codes(hyp)}: {count}"
        for ref, hyp, count in found["pairs"][:_SHOWN]
    )
    more = ", ..." if len(found["pairs"]) > _SHOWN else ""
    return (
        f"{found['substitutions']} of {substitutions} substitutions are of tokens that look alike"
        f"{f' ({shown}{more})' if shown else ''}; {found['utterances']} utterances differ in"
        " nothing but the encoding of letters"
    )
