/** The text of server-sent events, cut into the `data` of each. Comments (heartbeats) and other fields are dropped. */
export class EventStreamParser {
  private rest = '';

  /** @returns the data of the events that `chunk` completes, in order */
  push(chunk: string): string[] {
    const blocks = (this.rest + chunk).replaceAll('\r\n', '\n').split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.map(dataOf).filter((data) => data !== null);
  }
}

function dataOf(block: string): string | null {
  const lines = block.split('\n').filter((line) => line.startsWith('data:'));
  return lines.length === 0 ? null : lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n');
}
