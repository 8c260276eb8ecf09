"""Makes the programs of egs/mini_asterisk importable."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "egs/mini_asterisk/asr1/local"))
