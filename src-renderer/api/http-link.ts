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
  /** Goes on with another token after a refusal. */
  readonly useToken: (token: string) => void;
  readonly token: () => string;
  /** Ends the event stream and all tries. */
  readonly close: () => void;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/** The server says something every 15 s; silence for longer than two of these means that it is gone. */
const SILENCE_MS = 40_000;

/**
 * Calls by POST, events by one long answer that is read as it comes (fetch rather than EventSource: the token travels
 * in a header, and a refusal can be told from an outage). A lost stream is tried again after 1, 2, 4, ... 10 s. Calls
 * wait until the server has accepted the page: while it is refused there is one question, for the token, and no failed
 * calls.
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
  /** Calls that are sent once the server has accepted the page. */
  const waiting: (() => void)[] = [];

  const deliver = (message: ReplyMessage): void => {
    for (const listener of messageListeners) listener(message);
  };
  const setStatus = (next: ConnectionStatus): void => {
    status = next;
    if (!isUndecided()) for (const send of waiting.splice(0)) send();
    for (const listener of statusListeners) listener(next);
  };
  /** It is not known yet whether the server accepts the page. */
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

  /** Reads events until the stream ends. @returns whether it makes sense to try again */
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
      // An outage, a silence or our own end: what comes next says which.
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
    // This link comes back by itself: it is never closed for good.
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

/** What a server says that did not pass the call on. */
export async function refusalOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    const error: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : null;
    const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : null;
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: a proxy's page, perhaps.
  }
  return `HTTP ${response.status}`;
}
