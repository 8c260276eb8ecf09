"""One small quantizer for every test that needs some."""

from __future__ import annotations

from typing import Any

from asrkit.quantizers.gumbel import GumbelQuantizer


def small_quantizer(features: int, **options: Any) -> GumbelQuantizer:
    """Reads [*, features]; two codebooks of 8 entries, codes of 8 numbers, or ``options``."""
    return GumbelQuantizer(features, **{"entries": 8, "vector_size": 8, **options})
