import { readFile } from 'node:fs/promises';
import { SECURITY_HEADERS } from '../transport/content-security';
import { staticFile } from '../transport/static-files';
import { APP_HOST, APP_SCHEME } from './page-origin';

/** The scheme must be registered before the application is ready. */
export const APP_SCHEME_PRIVILEGES = {
  scheme: APP_SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true },
} as const;

/**
 * The response to a request for `app://workbench/...`: a file of the built page with its content security policy, or
 * 404.
 */
export async function answerAppRequest(
  rendererDir: string,
  request: { readonly url: string; readonly method: string },
): Promise<Response> {
  const address = new URL(request.url);
  const file = address.host === APP_HOST && request.method === 'GET' ? staticFile(rendererDir, address.pathname) : null;
  const bytes = file === null ? null : await readFile(file.path).catch(() => null);
  if (file === null || bytes === null)
    return new Response('There is no such page', { status: 404, headers: SECURITY_HEADERS });
  return new Response(new Uint8Array(bytes), { headers: { ...SECURITY_HEADERS, 'Content-Type': file.contentType } });
}
