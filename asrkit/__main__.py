"""``python -m asrkit``: the same as ``asrkit``."""

import sys

from asrkit.commands import main

if __name__ == "__main__":
    sys.exit(main())
