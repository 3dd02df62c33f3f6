import { createParser } from 'eventsource-parser';
import { decodeEnvelope } from '../../src-shared/contract/binary';
import {
  eventMessageSchema,
  type CallMessage,
  type ClientLink,
  type ReplyMessage,
} from '../../src-shared/contract/wire';
import { parse } from '../../src-shared/base/schema';
import { ONLINE, type ConnectionStatus } from './connection';

export interface HttpLinkOptions {
  readonly token: string;
  /** Origin of the server; the page's own by default. */
  readonly baseUrl?: string;
  readonly fetch?: typeof fetch;
}

export interface HttpLink extends ClientLink {
  readonly onStatus: (listener: (status: ConnectionStatus) => void) => () => void;
  readonly retry: () => void;
  /** Continues with another token after the server refused one. */
  readonly useToken: (token: string) => void;
  readonly token: () => string;
  /** Closes the event stream and stops all retries. */
  readonly close: () => void;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/**
 * The server sends something every 15 s; if it is silent for longer than two such intervals, the connection is lost.
 */
const SILENCE_MS = 40_000;

/**
 * Sends calls by POST and receives events from one long response that is read as it arrives. It uses fetch instead of
 * EventSource because the token is sent in a header and because a refusal must be distinguished from an outage. A lost
 * stream is retried after 1, 2, 4, ... 10 s. Calls wait until the server has accepted the page, so that a refused page
 * asks once for the token and no calls fail.
 */
export function createHttpLink(options: HttpLinkOptions): HttpLink {
  const { baseUrl = '' } = options;
  let { token } = options;
  const send = options.fetch ?? fetch.bind(globalThis);
  const headers = (): { readonly Authorization: string } => ({ Authorization: `Bearer ${token}` });
  const messageListeners: ((message: ReplyMessage) => void)[] = [];
  const statusListeners = new Set<(status: ConnectionStatus) => void>();
  const closing = new AbortController();
  let status: ConnectionStatus = { state: 'connecting' };
  let retryMs = FIRST_RETRY_MS;
  let wake: (() => void) | null = null;
  /** Calls that wait until the server has accepted the page. */
  const waiting: (() => void)[] = [];

  const deliver = (message: ReplyMessage): void => {
    for (const listener of messageListeners) listener(message);
  };
  const setStatus = (next: ConnectionStatus): void => {
    status = next;
    if (!isUndecided()) for (const send of waiting.splice(0)) send();
    for (const listener of statusListeners) listener(next);
  };
  /** True while it is unknown whether the server accepts the page. */
  const isUndecided = (): boolean => status.state === 'connecting' || status.state === 'refused';

  const call = async ({ id, method, request }: CallMessage): Promise<void> => {
    try {
      const response = await send(`${baseUrl}/api/call`, {
        method: 'POST',
        headers: { ...headers(), 'Content-Type': 'application/json' },
        body: JSON.stringify({ id, method, request }),
      });
      if (!response.ok) throw new Error(await refusalOf(response));
      const reply = decodeEnvelope(new Uint8Array(await response.arrayBuffer()));
      deliver({ ...(reply as Extract<ReplyMessage, { type: 'reply' }>), id });
    } catch (error) {
      deliver({
        type: 'reply',
        id,
        ok: false,
        error: {
          code: 'internal',
          message: `The application did not answer ${method}: ${error instanceof Error ? error.message : String(error)}`,
          hint: 'The page tries to reach it again; running jobs go on.',
        },
      });
    }
  };

  /** Reads events until the stream ends. @returns whether a retry makes sense */
  const readStream = async (): Promise<boolean> => {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await send(`${baseUrl}/api/events`, {
        headers: headers(),
        cache: 'no-store',
        signal: AbortSignal.any([closing.signal, silence.signal]),
      });
      if (response.status === 401 || response.status === 403) return false;
      if (!response.ok || response.body === null) return true;
      retryMs = FIRST_RETRY_MS;
      setStatus(ONLINE);
      const parser = createParser({ onEvent: ({ data }) => deliver(parse(eventMessageSchema, JSON.parse(data))) });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        parser.feed(part.value);
      }
    } catch {
      // An outage, a timeout or an abort by `close` ended the stream.
    } finally {
      clearTimeout(timer);
    }
    return true;
  };

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, retryMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const isWorthTrying = await readStream();
      if (closing.signal.aborted) return;
      if (!isWorthTrying) {
        setStatus({ state: 'refused', isTokenWrong: token !== '' });
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      setStatus({ state: 'lost', retryAtMs: Date.now() + retryMs });
      await pause();
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    }
  };
  void run();

  return {
    send: (message) => {
      if (isUndecided()) waiting.push(() => void call(message));
      else void call(message);
    },
    onMessage: (listener) => void messageListeners.push(listener),
    // This link reconnects automatically, so that it is never closed for good.
    onClose: () => undefined,
    onStatus: (listener) => {
      statusListeners.add(listener);
      listener(status);
      return () => statusListeners.delete(listener);
    },
    retry: () => wake?.(),
    token: () => token,
    useToken: (given) => {
      token = given;
      wake?.();
    },
    close: () => {
      closing.abort();
      wake?.();
    },
  };
}

/** The message of a server that did not pass the call on to the application. */
export async function refusalOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    const error: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : null;
    const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : null;
    if (typeof message === 'string') return message;
  } catch {
    // The response is not JSON, for example the error page of a proxy.
  }
  return `HTTP ${response.status}`;
}
