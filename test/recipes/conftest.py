"""Makes the programs of the recipes importable; their modules must not share names."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for recipe in ("mini_asterisk", "commonvoice", "babel", "mls", "xlsr53", "voxpopuli", "fleurs"):
    sys.path.insert(0, str(ROOT / f"egs/{recipe}/asr1/local"))
