import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerAppRequest, APP_SCHEME_PRIVILEGES } from '../../../src-main/desktop/app-protocol';
import { useTempDirs } from '../../support/temp-dir';

describe('app:// protocol', () => {
  const tempDir = useTempDirs();

  const page = (): string => {
    const dir = tempDir();
    mkdirSync(join(dir, 'page'));
    writeFileSync(join(dir, 'page/index.html'), '<!doctype html>');
    writeFileSync(join(dir, 'secret.js'), 'secret');
    return join(dir, 'page');
  };

  it('is a secure standard scheme that bypasses no policy', () => {
    expect(APP_SCHEME_PRIVILEGES).toEqual({
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: true },
    });
  });

  it('answers with the page and its policy', async () => {
    const response = await answerAppRequest(page(), { url: 'app://workbench/?project=%2Fp#/data', method: 'GET' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('<!doctype html>');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  });

  it.each([
    'app://workbench/../secret.js',
    'app://workbench/..%2fsecret.js',
    'app://workbench/none.js',
    'app://other/index.html',
  ])('has nothing at %s', async (url) => {
    expect((await answerAppRequest(page(), { url, method: 'GET' })).status).toBe(404);
  });

  it('answers GET only', async () => {
    expect((await answerAppRequest(page(), { url: 'app://workbench/', method: 'POST' })).status).toBe(404);
  });
});
