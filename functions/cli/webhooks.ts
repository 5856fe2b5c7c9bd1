import { webhookFiles } from '@murmuration/api/adapters/webhook-files';
import { webhookSecretFile } from '@murmuration/api/adapters/webhook-secret-file';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { writeNote } from './report-failure.ts';
import { defaultDataFolder } from './serve/data-folder.ts';
import { table } from './table.ts';
import { writeOut } from './write-out.ts';

interface WebhookOptions {
  /** That of `serve`. */
  readonly data?: string;
}

/** Prints what signs webhooks: receivers need it. */
export async function showWebhookSecret({ data = defaultDataFolder() }: WebhookOptions): Promise<void> {
  await writeOut(`${await webhookSecretFile(data)}\n`);
}

/** Prints webhooks that have not arrived: those that wait for their next try, and those that were given up. */
export async function listWebhooks({ data = defaultDataFolder() }: WebhookOptions): Promise<void> {
  const files = webhookFiles(data);
  const rows = [];
  for (const file of [...(await files.waiting()), ...(await files.dead())]) {
    const kept = await files.read(file);
    if (kept === undefined) continue;
    const { event, url, attempt, reason } = kept;
    const next = file.dueAt === undefined ? 'given up' : new Date(file.dueAt).toISOString().slice(0, 19);
    // An address may hold a password of the receiver's own
    rows.push([file.jobId, event.kind, new URL(url).host, next, `${attempt}`, reason ?? 'not yet tried']);
  }
  if (rows.length === 0) return writeNote(`all webhooks of ${data} have arrived`);
  await writeOut(table([['JOB', 'EVENT', 'RECEIVER', 'NEXT TRY (UTC)', 'TRY', 'WHY'], ...rows]));
}

/** Sends dead letters again, by the server that runs, or that is started next. Throws `file-not-found`, `invalid-argument`. */
export async function replayWebhooks(
  jobIds: readonly string[],
  { data = defaultDataFolder(), all = false }: WebhookOptions & { readonly all?: boolean },
): Promise<void> {
  if (all === jobIds.length > 0) {
    throw new MurmurationError('invalid-argument', 'name the jobs to be told of, or give --all');
  }
  const files = webhookFiles(data);
  const dead = await files.dead();
  const unknown = jobIds.find((id) => !dead.some(({ jobId }) => jobId === id));
  if (unknown !== undefined) {
    throw new MurmurationError(
      'file-not-found',
      `no webhook of "${unknown}" was given up: see "murmuration webhooks list"`,
    );
  }
  const chosen = dead.filter(({ jobId }) => all || jobIds.includes(jobId));
  for (const file of chosen) {
    const kept = await files.read(file);
    if (kept !== undefined) await files.postpone(file, { ...kept, attempt: 1 }, Date.now());
  }
  writeNote(`${chosen.length} sent again under their old ids, by the server that runs or is started next`);
}
