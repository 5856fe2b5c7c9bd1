import { JobOptions } from '@murmuration/pipeline/contract/job';
import type { ApiPorts, JobRequest, JobSource } from './api-ports.ts';
import type { ApiKey } from './contract/api-key.ts';
import type { JobInput } from './contract/job-input.ts';
import { modelNamed } from './model-named.ts';
import { textEditsOf } from './text-edits-of.ts';

/** What a client wrote, as a job. Throws `model-not-found`, `invalid-argument` for rules that are none, and what `Uploads.open` throws. */
export async function jobRequestOf(
  input: JobInput,
  { id, key }: { readonly id: string; readonly key: ApiKey },
  { transcriber, uploads }: Pick<ApiPorts, 'transcriber' | 'uploads'>,
): Promise<JobRequest> {
  const { models } = transcriber;
  const source = sourceOf(input);
  const name = input.name ?? (await nameOf(source, key.owner, uploads));
  const edits = textEditsOf(input);
  const { language, task, prompt, hotwords, temperature, words, channels, preprocess, webhook } = input;
  return {
    id,
    owner: key.owner,
    key,
    name,
    model: modelNamed(input.model ?? models[0] ?? 'whisper-1', models),
    source,
    options: JobOptions.parse({
      decoding: {
        language,
        task,
        prompt,
        hotwords,
        words,
        ...(temperature === 0 ? {} : { temperatures: [temperature] }),
      },
      channels,
      preprocess,
      ...(edits === undefined ? {} : { edits }),
      ...(webhook === undefined ? {} : { webhook }),
    }),
  };
}

function sourceOf({ upload_id: uploadId, file_url: url, s3_key: key }: JobInput): JobSource {
  if (uploadId !== undefined) return { kind: 'upload', uploadId };
  return url !== undefined ? { kind: 'url', url } : { kind: 's3', key: key ?? '' };
}

/** Also finds out whether there is such an upload. */
async function nameOf(source: JobSource, owner: string, uploads: ApiPorts['uploads']): Promise<string> {
  switch (source.kind) {
    case 'upload':
      return (await uploads.open(owner, source.uploadId)).name;
    case 'url': {
      // Without the query: it may be a signature
      const { host, pathname } = new URL(source.url);
      return `${host}${pathname}`.slice(0, 200);
    }
    case 's3':
      return source.key.slice(0, 200);
  }
}
