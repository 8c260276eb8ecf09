"""asrkit: cross-lingual speech pre-training and low-resource speech recognition."""

__version__ = "0.2.0"
