"""Factors the encoder's linear layers into two thin ones each, where that is smaller and cheaper.

  npm run model -- low_rank SOURCE --data CLIPS.jsonl --out FOLDER [--share 0.34 | --variance 0.99]

SOURCE as for build. CLIPS is a JSONL of {"file", …}: a few minutes of speech, no text needed, and nothing that models are
evaluated on. FOLDER is written whole or not at all; finetune it, then build it.
"""
from __future__ import annotations

import sys

from compress.door import door, make_weights, note
from compress.factor_weights import factor_weights


def main() -> int:
    parser = door("low_rank", __doc__)
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--share", type=float, help="of the parameters of the encoder's layers that goes, 0 to 1; default: 0.34")
    amount.add_argument("--variance", type=float, help="of its output that each layer keeps at least, 0 to 1")

    def change(weights, passages, options):
        share = 0.34 if options.share is None and options.variance is None else options.share
        return factor_weights(weights, passages, share, options.variance, note)

    return make_weights(parser, "low_rank", change)


if __name__ == "__main__":
    sys.exit(main())
