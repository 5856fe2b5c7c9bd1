"""Removes the heads and feed-forward channels that matter least on calibration audio: smaller matrices, the same graph.

  npm run model -- prune SOURCE --data CLIPS.jsonl --out FOLDER [--share 0.35]

SOURCE as for build; it must not be factored yet. CLIPS is a JSONL of {"file", …}: a few minutes of speech, no text needed, and
nothing that models are evaluated on. FOLDER is written whole or not at all; finetune it, then build it.
"""
from __future__ import annotations

import sys

from compress.door import door, make_weights, note
from compress.prune_weights import prune_weights


def main() -> int:
    parser = door("prune", __doc__)
    parser.add_argument("--share", type=float, default=0.35, help="of the parameters of the transformer layers, 0 to 1; default: 0.35")
    parser.add_argument("--floor", type=float, default=0.25, help="of its heads or channels that each block keeps; default: 0.25")
    parser.add_argument("--no-refit", action="store_true", help="leave the weights that stay as they are")
    return make_weights(parser, "prune", lambda weights, passages, options: prune_weights(
        weights, passages, options.share, options.floor, not options.no_refit, note))


if __name__ == "__main__":
    sys.exit(main())
