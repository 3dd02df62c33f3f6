import { describe, expect, it } from 'vitest';
import {
  allowedHosts,
  bearerToken,
  checkHost,
  checkOrigin,
  createToken,
  isLoopback,
  isToken,
} from '../../../src-main/transport/http-checks';

describe('HTTP checks', () => {
  it('makes a new token of 32 bytes each time', () => {
    expect(Buffer.from(createToken(), 'base64url')).toHaveLength(32);
    expect(createToken()).not.toBe(createToken());
  });

  it('accepts the token and nothing that resembles it', () => {
    const token = createToken();
    expect(isToken(token, token)).toBe(true);
    for (const wrong of [null, '', token.slice(1), `${token}x`, token.toUpperCase() + 'a'])
      expect(isToken(wrong, token)).toBe(false);
  });

  it('reads the bearer token', () => {
    expect(bearerToken({ authorization: 'Bearer abc-_1' })).toBe('abc-_1');
    expect(bearerToken({ authorization: 'Basic abc' })).toBeNull();
    expect(bearerToken({})).toBeNull();
  });

  it('accepts its own hosts, with its port, in any case', () => {
    const hosts = allowedHosts(['127.0.0.1', 'localhost', '::1'], 8723);
    for (const host of ['127.0.0.1:8723', 'LocalHost:8723', '[::1]:8723'])
      expect(checkHost({ host }, hosts)).toBeNull();
    for (const host of ['127.0.0.1', 'localhost:8724', 'evil.example:8723', 'localhost:8723.evil.example'])
      expect(checkHost({ host }, hosts)).toMatchObject({ status: 403 });
    expect(checkHost({}, hosts)).toMatchObject({ status: 403 });
    expect(checkHost({ host: 'localhost' }, allowedHosts(['localhost'], 80))).toBeNull();
  });

  it('accepts no origin or the same one', () => {
    const host = 'localhost:8723';
    expect(checkOrigin({ host })).toBeNull();
    expect(checkOrigin({ host, origin: 'http://localhost:8723', 'sec-fetch-site': 'same-origin' })).toBeNull();
    for (const origin of ['http://evil.example', 'https://localhost:8723', 'http://localhost:1', 'null'])
      expect(checkOrigin({ host, origin })).toMatchObject({ status: 403 });
    expect(checkOrigin({ host, 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
  });

  it('knows loopback addresses', () => {
    expect(['127.0.0.1', '127.8.0.1', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '192.168.1.2', '127.0.0.1.evil.example'].some(isLoopback)).toBe(false);
  });
});
