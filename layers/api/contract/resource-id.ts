import { z } from 'zod';

/** `job_…` and `upload_…`: hex digits that sort by the time they were given out, and cannot be guessed. */
export const JobId = z.string().regex(/^job_[0-9a-f]{44}$/, 'it is no id of a job');
export const UploadId = z.string().regex(/^upload_[0-9a-f]{44}$/, 'it is no id of an upload');

/** @param uuid any UUID */
export function resourceId(kind: 'job' | 'upload', milliseconds: number, uuid: string): string {
  return `${kind}_${milliseconds.toString(16).padStart(12, '0')}${uuid.replaceAll('-', '')}`;
}
