import { describe, expect, it } from 'vitest';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Progress } from '../../../src-shared/contract/progress';
import {
  Requester,
  Responder,
  type RequestHandler,
  type RequestMessage,
} from '../../../src-shared/contract/request-channel';

const PROGRESS: Progress = { phase: 'counting', done: 1, total: 2, unit: 'images' };

/** A requester that is connected to a responder in the same process; every message is a structured clone. */
function connected(handle: RequestHandler): Requester {
  const responder = new Responder(handle, (message) => {
    const copy = structuredClone(message);
    queueMicrotask(() => requester.receive(copy));
  });
  const send = (message: RequestMessage): void => {
    const copy = structuredClone(message);
    queueMicrotask(() => responder.receive(copy));
  };
  const requester = new Requester({ send, cancel: (id) => send({ type: 'cancel', id }) });
  return requester;
}

/** A handler that ends only when it is cancelled. */
const waitForCancel: RequestHandler = (_method, _params, { signal }) =>
  new Promise((_resolve, reject) =>
    signal?.addEventListener('abort', () => reject(new WorkbenchError('cancelled', 'Cancelled by the handler'))),
  );

describe('request channel', () => {
  it('gives each request its own answer, whatever the order of the answers', async () => {
    const order: string[] = [];
    let answerFirst = (): void => undefined;
    const isSecondDone = new Promise<void>((resolve) => (answerFirst = resolve));
    const requester = connected(async (method, params) => {
      if (method === 'first') await isSecondDone;
      order.push(method);
      answerFirst();
      return `${method} ${String(params)}`;
    });
    const answers = await Promise.all([requester.request('first', 1), requester.request('second', 2)]);
    expect(answers).toEqual(['first 1', 'second 2']);
    expect(order).toEqual(['second', 'first']);
    expect(requester.openCount).toBe(0);
  });

  it('carries the memory limit', async () => {
    const requester = connected(async (_method, _params, { memoryLimitBytes }) => memoryLimitBytes ?? null);
    expect(await requester.request('any', null, { memoryLimitBytes: 5e9 })).toBe(5e9);
    expect(await requester.request('any', null)).toBeNull();
  });

  it('carries progress and coded errors', async () => {
    const seen: Progress[] = [];
    const requester = connected(async (_method, _params, { onProgress }) => {
      onProgress?.(PROGRESS);
      throw new WorkbenchError('disk-full', 'No space left', { hint: 'Free some space.' });
    });
    await expect(requester.request('a', 1, { onProgress: (item) => seen.push(item) })).rejects.toMatchObject({
      code: 'disk-full',
      hint: 'Free some space.',
    });
    expect(seen).toEqual([PROGRESS]);
  });

  it('cancels the request on the other side', async () => {
    const controller = new AbortController();
    const request = connected(waitForCancel).request('a', 1, { signal: controller.signal });
    controller.abort();
    await expect(request).rejects.toMatchObject({ code: 'cancelled', message: 'Cancelled by the handler' });
  });

  it('rejects a cancelled request at once when the other side cannot cancel', async () => {
    const controller = new AbortController();
    const request = new Requester({ send: () => undefined }).request('a', 1, { signal: controller.signal });
    controller.abort();
    await expect(request).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('fails the request whose progress listener throws, and no other', async () => {
    const requester = connected((method, params, context) => {
      context.onProgress?.(PROGRESS);
      return method === 'long' ? waitForCancel(method, params, context) : Promise.resolve('done');
    });
    const onProgress = (): never => {
      throw new Error('the listener failed');
    };
    const failing = requester.request('long', 1, { onProgress });
    const quick = requester.request('quick', 1, { onProgress });
    const other = requester.request('quick', 1);
    await expect(failing).rejects.toThrow('the listener failed');
    await expect(quick).rejects.toThrow('the listener failed');
    await expect(other).resolves.toBe('done');
  });

  it('rejects everything that is open when the other side is gone', async () => {
    const requester = new Requester({ send: () => undefined });
    const requests = [requester.request('a', 1), requester.request('b', 2)];
    requester.receive({ type: 'progress', id: 2, progress: PROGRESS });
    requester.rejectAll(({ method, phase }) => new Error(`${method} ended while ${phase}`));
    await expect(requests[0]).rejects.toThrow('a ended while a');
    await expect(requests[1]).rejects.toThrow('b ended while counting');
    expect(requester.openCount).toBe(0);
  });

  it('rejects a request that cannot be sent, and an answer that cannot be sent', async () => {
    const requester = connected(async () => () => undefined);
    await expect(requester.request('a', () => undefined)).rejects.toThrow(/could not be cloned/);
    await expect(requester.request('a', 1)).rejects.toThrow(/could not be cloned/);
  });
});
