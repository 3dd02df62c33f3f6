import { describe, expect, it } from 'vitest';
import { ThumbnailCache } from '../../../../src-renderer/features/data/thumbnails';
import type { Picture } from '../../../../src-shared/contract/views';

const PICTURE: Picture = { width: 1, height: 1, bytes: new Uint8Array() };

/** A cache whose pictures arrive when the test says so. */
function harness() {
  const asked: string[] = [];
  const revoked: string[] = [];
  const answers = new Map<
    string,
    { readonly resolve: (picture: Picture) => void; readonly reject: (error: Error) => void }
  >();
  let urls = 0;
  const cache = new ThumbnailCache({
    load: (key) => {
      asked.push(key);
      return new Promise((resolve, reject) => answers.set(key, { resolve, reject }));
    },
    createUrl: () => `url${++urls}`,
    revokeUrl: (url) => revoked.push(url),
  });
  const settle = async (action: () => void): Promise<void> => {
    action();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    cache,
    asked,
    revoked,
    arrive: (key: string) => settle(() => answers.get(key)?.resolve(PICTURE)),
    fail: (key: string) => settle(() => answers.get(key)?.reject(new Error('broken JPEG'))),
  };
}

const ignore = (): void => undefined;

describe('ThumbnailCache', () => {
  it('asks once for a picture that several look at, and tells each', async () => {
    const { cache, asked, arrive } = harness();
    let heard = 0;
    cache.use('a', () => heard++);
    cache.use('a', () => heard++);
    expect(cache.get('a')).toEqual({ state: 'loading' });
    await arrive('a');
    expect(asked).toEqual(['a']);
    expect(heard).toBe(2);
    expect(cache.get('a')).toEqual({ state: 'ready', url: 'url1' });
  });

  it('asks for four at a time and never for what has gone out of sight before its turn', async () => {
    const { cache, asked, arrive } = harness();
    const stops = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => cache.use(key, ignore));
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    stops[4]?.();
    await arrive('a');
    expect(asked).toEqual(['a', 'b', 'c', 'd', 'f']);
  });

  it('keeps a picture for the way back without asking again', async () => {
    const { cache, asked, revoked, arrive } = harness();
    const stop = cache.use('a', ignore);
    await arrive('a');
    stop();
    cache.use('a', ignore);
    expect(cache.get('a')).toMatchObject({ state: 'ready' });
    expect(asked).toEqual(['a']);
    expect(revoked).toEqual([]);
  });

  it('revokes the oldest pictures that nobody looks at', async () => {
    const { cache, revoked, arrive } = harness();
    for (let i = 0; i < 403; i++) {
      const stop = cache.use(`k${i}`, ignore);
      await arrive(`k${i}`);
      stop();
    }
    expect(revoked).toEqual(['url1', 'url2', 'url3']);
    expect(cache.get('k0')).toEqual({ state: 'loading' });
  });

  it('remembers why a picture failed', async () => {
    const { cache, fail } = harness();
    cache.use('a', ignore);
    await fail('a');
    expect(cache.get('a')).toEqual({ state: 'failed', message: 'broken JPEG' });
  });

  it('revokes everything when it is closed, also what arrives later, and can be used again', async () => {
    const { cache, asked, revoked, arrive } = harness();
    cache.use('a', ignore);
    cache.use('b', ignore);
    await arrive('a');
    cache.close();
    expect(revoked).toEqual(['url1']);
    await arrive('b');
    expect(revoked).toEqual(['url1', 'url2']);
    cache.use('a', ignore);
    expect(asked).toEqual(['a', 'b', 'a']);
    await arrive('a');
    expect(cache.get('a')).toEqual({ state: 'ready', url: 'url3' });
  });
});
