"""Makes every fixture, or those named: python make.py [noise] [samplers] [pndm] [checkpoints] [token_ids] [pipeline] [published] [starter]."""

import importlib
import sys

KINDS = ["noise", "samplers", "pndm", "checkpoints", "token_ids", "pipeline", "published", "starter"]

if __name__ == "__main__":
    for kind in sys.argv[1:] or KINDS:
        print(kind, flush=True)
        importlib.import_module(kind).main()
