import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONTENT_SECURITY_POLICY } from '../../../src-main/transport/content-security';
import { staticFile } from '../../../src-main/transport/static-files';

describe('staticFile', () => {
  it('names files of the page with type and caching', () => {
    expect(staticFile('/page', '/')).toEqual({
      path: join('/page', 'index.html'),
      contentType: 'text/html; charset=utf-8',
      cacheControl: 'no-store',
    });
    expect(staticFile('/page', '/assets/index-Ab_3.js')).toMatchObject({
      path: join('/page', 'assets/index-Ab_3.js'),
      contentType: 'text/javascript; charset=utf-8',
      cacheControl: expect.stringContaining('immutable') as string,
    });
  });

  it.each([
    '/../package.json',
    '/%2e%2e/package.json',
    '/assets/..%2f..%2fpackage.json',
    '/..%5cpackage.json',
    '/.env.json',
    '/assets/.hidden.js',
    '/%00.js',
    '/%zz',
    '/a b.js',
    '/secret.pem',
    '/assets',
  ])('names nothing for %s', (path) => {
    expect(staticFile('/page', path)).toBeNull();
  });
});

describe('content security policy', () => {
  const directives = new Map(
    CONTENT_SECURITY_POLICY.split('; ').map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1)]),
  );

  it('denies by default and lets scripts and connections come from the page alone', () => {
    expect(directives.get('default-src')).toEqual(["'none'"]);
    for (const name of ['script-src', 'connect-src', 'worker-src']) expect(directives.get(name)).toEqual(["'self'"]);
    for (const name of ['base-uri', 'form-action', 'frame-ancestors']) expect(directives.get(name)).toEqual(["'none'"]);
  });

  it('evaluates no strings and runs no inline script', () => {
    expect(CONTENT_SECURITY_POLICY).not.toContain('unsafe-eval');
    expect([...directives].filter(([, sources]) => sources.includes("'unsafe-inline'")).map(([name]) => name)).toEqual([
      'style-src',
    ]);
  });
});
