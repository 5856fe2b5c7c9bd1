/** Takes samples from the microphone, at the hardware's rate, and posts them as 16 kHz s16le in blocks of 0.1 s. */
class PcmWorklet extends AudioWorkletProcessor {
  block = new Int16Array(1600);
  filled = 0;
  /** Of the mean over the samples that one sample of 16 kHz stands for. */
  sum = 0;
  count = 0;
  clock = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.sum += sample;
      this.count += 1;
      this.clock += 16_000 / sampleRate;
      if (this.clock >= 1) this.put(this.sum / this.count);
    }
    return true;
  }

  put(mean) {
    this.clock -= 1;
    this.sum = 0;
    this.count = 0;
    this.block[this.filled] = Math.max(-1, Math.min(1, mean)) * 32_767;
    this.filled += 1;
    if (this.filled < this.block.length) return;
    this.port.postMessage(this.block.buffer, [this.block.buffer]);
    this.block = new Int16Array(1600);
    this.filled = 0;
  }
}

registerProcessor('pcm-worklet', PcmWorklet);
