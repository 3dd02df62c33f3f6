import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** The reason why a request was refused. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares digests, which have equal lengths, in constant time. */
export function isToken(given: string | null, token: string): boolean {
  if (given === null) return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** `Authorization: Bearer TOKEN`. */
export function bearerToken(headers: Pick<IncomingHttpHeaders, 'authorization'>): string | null {
  return /^Bearer ([\w-]+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A host in the form used in addresses: IPv6 in brackets. */
export function hostInUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/**
 * The accepted values of the Host header. If another site maps its own host name to this machine, browsers send that
 * name, and the request is refused.
 */
export function allowedHosts(names: readonly string[], port: number): ReadonlySet<string> {
  return new Set(
    names.flatMap((name) => [
      `${hostInUrl(name)}:${port}`.toLowerCase(),
      ...(port === 80 ? [hostInUrl(name).toLowerCase()] : []),
    ]),
  );
}

/** Checks the Host header of any request. */
export function checkHost(headers: Pick<IncomingHttpHeaders, 'host'>, hosts: ReadonlySet<string>): Refusal | null {
  const host = headers.host?.toLowerCase();
  return host !== undefined && hosts.has(host)
    ? null
    : { status: 403, message: `The host ${headers.host ?? '(none)'} is not this server` };
}

/** Checks requests to the application: if the browser sends an Origin, it must be equal to the Host. */
export function checkOrigin(headers: Pick<IncomingHttpHeaders, 'host' | 'origin' | 'sec-fetch-site'>): Refusal | null {
  const { host, origin } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host?.toLowerCase() ?? ''}`)
    return { status: 403, message: `A page of ${origin} may not use this server` };
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site')
    return { status: 403, message: 'A page of another site may not use this server' };
  return null;
}
