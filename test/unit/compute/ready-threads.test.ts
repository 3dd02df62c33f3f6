import { describe, expect, it } from 'vitest';
import { makeThreadsReady, takeReadyThread } from '../../../src-main/compute/pool/ready-threads';

describe('threads that wait for a pool', () => {
  it('are started once, and each belongs to one pool', async () => {
    const first = makeThreadsReady('trials', 2);
    await Promise.all([first, makeThreadsReady('trials', 2)]);
    expect(takeReadyThread('collect')).toBeUndefined();
    const threads = [takeReadyThread('trials'), takeReadyThread('trials')];
    expect(new Set(threads).size).toBe(2);
    expect(threads).not.toContain(undefined);
    expect(takeReadyThread('trials')).toBeUndefined();
    await Promise.all(threads.map(async (thread) => thread?.close()));
  });
});
