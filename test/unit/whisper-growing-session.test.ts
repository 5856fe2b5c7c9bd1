import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RunRequest, RunResult, Session } from '@murmuration/whisper/graph-run';
import { growingSession } from '@murmuration/whisper/growing-session';
import { describe, expect, it } from 'vitest';

const requestOf = (row: number) => ({ rows: row }) as RunRequest;
const tick = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Answers with the number that was asked, and keeps a diary of what it was told. */
function sessionOf(name: string, diary: string[]): Session {
  let closed = false;
  return {
    async run({ rows }) {
      if (closed) throw new Error(`${name} ran after it was closed`);
      diary.push(`${name} ${rows}`);
      await tick();
      if (rows < 0) throw new Error('broken');
      if (rows > 1000) throw new MurmurationError('internal', 'dead', { details: { fatal: true } });
      return { steps: rows } as RunResult;
    },
    async close() {
      closed = true;
      diary.push(`${name} closed`);
    },
  };
}

function growing(open?: (diary: string[]) => Promise<Session[]>) {
  const diary: string[] = [];
  let opened = 0;
  const session = growingSession(sessionOf('first', diary), () => {
    opened += 1;
    return open?.(diary) ?? Promise.resolve([sessionOf('left', diary), sessionOf('right', diary)]);
  });
  return { diary, session, opened: () => opened };
}

describe('a session that grows', () => {
  it('stays one as long as at most one run waits', async () => {
    const { session, diary, opened } = growing();
    await Promise.all([session.run(requestOf(1)), session.run(requestOf(2))]);
    await session.run(requestOf(3));
    expect(opened()).toBe(0);
    expect(diary).toEqual(['first 1', 'first 2', 'first 3']);
  });

  it('grows once, then runs side by side, and lets the first one go', async () => {
    const { session, diary, opened } = growing();
    const numbers = Array.from({ length: 9 }, (_, index) => index);
    const results = await Promise.all(numbers.map((number) => session.run(requestOf(number))));
    expect(results.map(({ steps }) => steps)).toEqual(numbers);
    await session.run(requestOf(9));
    await tick();
    expect(opened()).toBe(1);
    expect(diary.filter((line) => line.startsWith('first'))).toEqual(['first 0', 'first closed']);
    for (const side of ['left', 'right']) expect(diary.some((line) => line.startsWith(side))).toBe(true);
    await session.close();
    expect(diary).toEqual(expect.arrayContaining(['left closed', 'right closed']));
  });

  it('goes on as it is where it cannot grow', async () => {
    const { session, diary } = growing(() => Promise.reject(new Error('no memory')));
    const results = await Promise.all([1, 2, 3, 4].map((number) => session.run(requestOf(number))));
    expect(results.map(({ steps }) => steps)).toEqual([1, 2, 3, 4]);
    await session.close();
    expect(diary).toEqual(['first 1', 'first 2', 'first 3', 'first 4', 'first closed']);
  });

  it('fails the run that failed, and no other', async () => {
    const { session } = growing();
    const results = await Promise.allSettled(
      [1, -1, 3, 4, -5].map((number) => session.run(requestOf(number))),
    );
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, false]);
    await session.close();
  });

  it('asks no session again that died, and opens others once all have', async () => {
    const { session, diary, opened } = growing();
    await Promise.all([1, 2, 3, 4].map((number) => session.run(requestOf(number))));
    await Promise.allSettled([1001, 1002].map((number) => session.run(requestOf(number))));
    const before = diary.length;
    const results = await Promise.all([5, 6, 7].map((number) => session.run(requestOf(number))));
    expect(results.map(({ steps }) => steps)).toEqual([5, 6, 7]);
    expect(opened()).toBe(2);
    expect(diary.slice(before).filter((line) => /\d/.test(line))).toHaveLength(3);
    await session.close();
  });

  it('closes after the runs that were asked for', async () => {
    const { session } = growing();
    const runs = [1, 2, 3, 4, 5].map((number) => session.run(requestOf(number)));
    await Promise.all([session.close(), session.close()]);
    expect((await Promise.all(runs)).map(({ steps }) => steps)).toEqual([1, 2, 3, 4, 5]);
  });
});
