"""asrkit: cross-lingual speech pre-training and low-resource speech recognition."""

__version__ = "0.1.0"
