"""Makes training data: synthetic speech, or a manifest of one's own recordings.

  npm run model -- speech --out FOLDER --hours 2 [--seed 1] [--text FILE …] [--without REFERENCES.jsonl …] [--synthesizer NAME …]

Several synthesizers (espeak-ng, flite, festival, as far as they are installed) speak public-domain text with many voices, speeds,
pitches, noises and rooms. FOLDER gets 16 kHz WAV files and train.jsonl; broken off and run again, it goes on. The same
seed and synthesizers make the same files. No sentence shares six words in a row with the references that models are
evaluated on: those of test/fixtures, and each that --without names.

  npm run model -- speech --from RECORDINGS --out FOLDER

cuts a folder of recordings, in whatever format, into clips of at most 28 s where the kit's voice detector hears nobody, leaves
out those without speech, and writes train.jsonl without texts: the teacher of finetune and distil writes them.
"""
from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

from clips import REFERENCES, read_clips
from speech.recordings import cut_recordings
from speech.synthesizers import INSTALL
from speech.synthetic import synthesize
from speech.texts import read_texts
from stopping import stopping


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- speech", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the clips and their manifest")
    parser.add_argument("--from", dest="recordings", type=Path, help="take this folder's recordings instead of synthesizers")
    parser.add_argument("--hours", type=float, default=1.0, help="of speech; default: 1")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end after so many with the speech that there is")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text", type=Path, action="append", default=[], help="speak this file instead of the books")
    parser.add_argument("--without", type=Path, action="append", default=[], help="references whose sentences must not be spoken")
    parser.add_argument("--synthesizer", action="append", default=[], help=f"one of {', '.join(INSTALL)}; default: all that are there")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return stopping(parser, make_clips)


def make_clips(options: argparse.Namespace) -> Path:
    if options.recordings:
        return cut_recordings(options.recordings, options.out)
    known = [clip.text for path in [REFERENCES, *options.without] for clip in read_clips(path) if clip.text]
    return synthesize(options.out, options.hours, options.seed, read_texts(options.text), known, options.synthesizer,
                      max(1, options.workers), options.minutes)


if __name__ == "__main__":
    sys.exit(main())
