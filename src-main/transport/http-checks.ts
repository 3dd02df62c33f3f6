import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** What a request was refused for. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares digests, which have one length, in constant time. */
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

/** A host as it stands in an address: IPv6 in brackets. */
export function hostInUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/**
 * The values of the Host header that are ours. A page of another site that points its own name at this machine sends
 * its name, and is refused.
 */
export function allowedHosts(names: readonly string[], port: number): ReadonlySet<string> {
  return new Set(
    names.flatMap((name) => [
      `${hostInUrl(name)}:${port}`.toLowerCase(),
      ...(port === 80 ? [hostInUrl(name).toLowerCase()] : []),
    ]),
  );
}

/** Every request: its Host must be ours. */
export function checkHost(headers: Pick<IncomingHttpHeaders, 'host'>, hosts: ReadonlySet<string>): Refusal | null {
  const host = headers.host?.toLowerCase();
  return host !== undefined && hosts.has(host)
    ? null
    : { status: 403, message: `The host ${headers.host ?? '(none)'} is not this server` };
}

/** Requests to the application: an Origin, where the browser sends one, must be the same as the Host. */
export function checkOrigin(headers: Pick<IncomingHttpHeaders, 'host' | 'origin' | 'sec-fetch-site'>): Refusal | null {
  const { host, origin } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host?.toLowerCase() ?? ''}`)
    return { status: 403, message: `A page of ${origin} may not use this server` };
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site')
    return { status: 403, message: 'A page of another site may not use this server' };
  return null;
}
