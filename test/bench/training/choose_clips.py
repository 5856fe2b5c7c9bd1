"""choose_clips.py MANIFEST OUT COUNT: COUNT clips of the manifest, of 3 to 12 s, spread by their hashes: to calibrate on."""
import json
import sys
from pathlib import Path

manifest, out, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
clips = [json.loads(line) for line in manifest.read_text("utf8").splitlines()]
fit = [clip for clip in clips if 3 <= clip["seconds"] <= 12 and not clip["file"].startswith("noise")]
chosen = sorted(fit, key=lambda clip: clip["sha256"])[:count]
out.write_text("".join(json.dumps(clip) + "\n" for clip in chosen), "utf8")
