import { describe, expect, it } from 'vitest';
import { EventStreamParser } from '../../../../src-renderer/api/event-stream';

describe('EventStreamParser', () => {
  it('puts events together however the stream is cut', () => {
    const text = 'retry: 1000\n: connected\n\ndata: {"a":1}\n\n: alive\n\ndata: x\ndata: y\n\n';
    for (let size = 1; size <= text.length; size += 1) {
      const parser = new EventStreamParser();
      const found: string[] = [];
      for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
      expect(found).toEqual(['{"a":1}', 'x\ny']);
    }
  });

  it('keeps an event that is not complete', () => {
    const parser = new EventStreamParser();
    expect(parser.push('data: half')).toEqual([]);
    expect(parser.push('\n\n')).toEqual(['half']);
  });
});
