"""The sampling rate of all audio that stage 3 has brought into one form."""

RATE = 16_000  # Hz
