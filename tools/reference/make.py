"""Makes every fixture: python make.py [noise] [samplers] [checkpoints] [pipeline]; all by default."""

import importlib
import sys

KINDS = ["noise", "samplers", "checkpoints"]

if __name__ == "__main__":
    for kind in sys.argv[1:] or KINDS:
        print(kind, flush=True)
        importlib.import_module(kind).main()
