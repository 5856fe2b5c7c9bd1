"""How the commands end: one line of what was made, or one of why it cannot be."""
from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from weights import ModelError


def stopping(parser: argparse.ArgumentParser, work: Callable[[argparse.Namespace], object]) -> int:
    """Prints what `work` returns, if anything, or why it cannot be done; returns the exit code."""
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` runs
    try:
        if (made := work(options)) is not None:
            print(made)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
