"""A local page to listen to recordings, correct what was recognized, and keep it as data."""
