import { messageOfCause } from '../../base/file-errors';

const TIMEOUT_MS = 10_000;

/** Posts a JSON document. @returns null, or why the server did not take it */
export async function callWebhook(url: string, body: unknown): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok ? null : `status ${response.status}`;
  } catch (error) {
    return messageOfCause(error);
  }
}
