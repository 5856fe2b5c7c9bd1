import type { Batch, Segment } from '@murmuration/pipeline/contract/plan';
import { MurmurationError, throwIfAborted } from '@murmuration/pipeline/errors';
import type { Hearable } from '@murmuration/pipeline/hearing/second-look';
import type { LetGo, SoundPool } from './sound-pool.ts';
import type { SoundThread } from './sound-thread.ts';

export interface ReadSound {
  readonly segments: readonly (Hearable & Pick<Segment, 'sha256'>)[];
  /** They may be overwritten now. */
  readonly letGo: LetGo;
}

/** The sound of a batch's segments. Throws as `readSegments`, and `aborted`. */
export type SoundSource = (batch: SoundOfBatch, signal?: AbortSignal) => Promise<ReadSound>;

type SoundOfBatch = Pick<Batch, 'jobId' | 'segments'>;

/** Has each segment read by the thread that has least to do, into memory of `pool`; what fails holds none of it. */
export function createSoundSource(threads: readonly SoundThread[], pool: SoundPool): SoundSource {
  async function readOne(jobId: string, segment: Segment) {
    const { pcm: into, letGo } = pool.take();
    try {
      const thread = threads.reduce((least, next) => (next.busy() < least.busy() ? next : least));
      const pcm = await thread.read(jobId, segment, into);
      return { segment: { pcm, sha256: segment.sha256, speech: segment.speech }, letGo };
    } catch (error) {
      letGo();
      throw error;
    }
  }

  async function readAll({ jobId, segments }: SoundOfBatch): Promise<ReadSound> {
    const readings = await Promise.allSettled(segments.map((segment) => readOne(jobId, segment)));
    const read = readings.flatMap((reading) => (reading.status === 'fulfilled' ? [reading.value] : []));
    const letGo = () => {
      for (const each of read) each.letGo();
    };
    const failed = readings.find((reading) => reading.status === 'rejected');
    if (failed === undefined) return { segments: read.map(({ segment }) => segment), letGo };
    letGo();
    throw failed.reason;
  }

  return async (batch, signal) => {
    throwIfAborted(signal, ABORTED);
    const reading = readAll(batch);
    return signal === undefined ? reading : orAborted(reading, signal);
  };
}

const ABORTED = 'reading the sound was aborted';

/** Whoever gave up does not wait; what is still being written is let go afterwards. */
function orAborted(reading: Promise<ReadSound>, signal: AbortSignal): Promise<ReadSound> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(new MurmurationError('aborted', ABORTED, { cause: signal.reason }));
      reading.then(
        ({ letGo }) => letGo(),
        () => undefined,
      );
    };
    signal.addEventListener('abort', abort, { once: true });
    // At once: what is handed over here is for its new holder to let go, and for nobody else
    const end = () => signal.removeEventListener('abort', abort);
    reading.then(
      (read) => {
        end();
        resolve(read);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}
