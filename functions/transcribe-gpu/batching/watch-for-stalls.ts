import { MurmurationError } from '@murmuration/pipeline/errors';
import type { BatchedDevice } from './batched-device.ts';

/**
 * The device, with an eye on whether it ends what it begins: a driver that hangs reports no error, and its batches would hold the
 * device for good. Where none has ended for so long while some were under way, `stalled` is called with a fatal error.
 */
export function watchForStalls(
  device: BatchedDevice,
  milliseconds: number,
  stalled: (error: MurmurationError) => void,
): BatchedDevice {
  let underWay = 0;
  let timer: NodeJS.Timeout | undefined;
  // Begins anew with every batch that ends: the one behind it was waiting, not hanging
  const wind = () => {
    clearTimeout(timer);
    if (underWay === 0) return;
    timer = setTimeout(() => {
      const message = `${device.name} ended no batch in ${milliseconds / 1000} s: look for its driver's messages, or raise STALL_SECONDS where batches take so long`;
      stalled(new MurmurationError('internal', message, { details: { fatal: true } }));
    }, milliseconds).unref();
  };
  const { engine } = device;
  return {
    ...device,
    engine: {
      ...engine,
      async transcribe(...given) {
        if (++underWay === 1) wind();
        try {
          return await engine.transcribe(...given);
        } finally {
          underWay--;
          wind();
        }
      },
    },
  };
}
