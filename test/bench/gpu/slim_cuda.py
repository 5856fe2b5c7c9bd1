"""slim_cuda.py LIBRARY OUT: onnxruntime's CUDA provider with the kernels of one architecture (sm_90), 272 MB of which 22 MB
remain when compressed. For carrying to a machine, not for shipping: the other kernels are overwritten with zeros, and so are
those that Whisper never starts; CUDA loads a module when its first kernel starts. Needs readelf and the package zstandard."""
import re
import struct
import subprocess
import sys

import zstandard

ARCHITECTURE, MAGIC = 90, 0xBA55ED50
UNUSED = re.compile(
    r"MoeFCGemm|fused_moe|MixedInput|fpA_intB|GroupProblemShape|4arch4Sm(50|70|75)|AttentionKernelIN7cutlass10bfloat16|moe|"
    r"linear_attention|TmaWarpSpecialized|llm7kernels|DequantizeBlockwise|Dropout|flash.*bfloat16|"
    r"fwd_(splitkv_)?kernel(_combine)?INS0_23Flash_fwd_kernel_traitsILi(32|96|128|192|256)E", re.IGNORECASE)

library, out = sys.argv[1:]
with open(library, "rb") as file:
    data = bytearray(file.read())
sections = subprocess.run(["readelf", "-SW", library], capture_output=True, text=True, check=True).stdout
place, size = (int(part, 16) for part in re.search(r"\.nv_fatbin\s+\S+\s+\S+\s+(\w+)\s+(\w+)", sections).groups())
end = place + size
while place < end:
    magic, _, header, length = struct.unpack_from("<IHHQ", data, place)
    if magic != MAGIC:
        place += 8
        continue
    entry, stop = place + header, place + header + length
    while entry < stop:
        _, _, entry_header, entry_length = struct.unpack_from("<HHIQ", data, entry)
        compressed, = struct.unpack_from("<I", data, entry + 16)
        architecture, = struct.unpack_from("<I", data, entry + 28)
        body = entry + entry_header
        wanted = architecture == ARCHITECTURE
        if wanted:
            module = zstandard.ZstdDecompressor().decompress(bytes(data[body : body + compressed]), max_output_size=1 << 30)
            kernels = set(re.findall(rb"\.text\.([A-Za-z0-9_$]+)", module))
            wanted = not kernels or not all(UNUSED.search(kernel.decode()) for kernel in kernels)
        if not wanted:
            data[body : body + entry_length] = bytes(entry_length)
        entry = body + entry_length
    place = (stop + 7) // 8 * 8
with open(out, "wb") as file:
    file.write(data)
