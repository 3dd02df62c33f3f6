// @vitest-environment jsdom
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NoticeList } from '../../../../src-renderer/app/notice-list';
import { useKeys } from '../../../../src-renderer/app/chords';
import { reportError, tell, useNotices } from '../../../../src-renderer/state/notices';

let root: Root;
let host: HTMLElement;

function Page() {
  useKeys();
  return createElement('div', null, createElement('input', { type: 'text' }), createElement(NoticeList));
}

beforeEach(async () => {
  Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
  vi.useFakeTimers();
  useNotices.setState({ notices: [] });
  host = document.body.appendChild(document.createElement('div'));
  root = createRoot(host);
  await act(async () => root.render(createElement(Page)));
});

afterEach(async () => {
  await act(async () => root.unmount());
  host.remove();
  vi.useRealTimers();
});

const errors = (): string[] =>
  [...host.querySelectorAll('[role=alert] .error-box-body > p')].map((element) => element.textContent).reverse();
const button = (text: string): HTMLButtonElement | undefined =>
  [...host.querySelectorAll('button')].find((element) => element.textContent.includes(text));
const escape = (target: EventTarget = document.body): Promise<void> =>
  act(async () => void target.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })));

describe('NoticeList', () => {
  it('closes the newest error with Escape, from a text field too', async () => {
    await act(async () => ['first', 'second', 'third'].forEach((message) => reportError(new Error(message))));
    await escape();
    expect(errors()).toEqual(['first', 'second']);
    await escape(host.querySelector('input') ?? document.body);
    expect(errors()).toEqual(['first']);
  });

  it('leaves Escape to what used it', async () => {
    await act(async () => reportError(new Error('stays')));
    const field = host.querySelector('input');
    field?.addEventListener('keydown', (event) => event.stopPropagation());
    await escape(field ?? document.body);
    expect(errors()).toEqual(['stays']);
  });

  it('lets a sentence go after some seconds, counted from the last time, and keeps errors', async () => {
    await act(async () => {
      tell('imported');
      reportError(new Error('failed'));
    });
    await act(async () => void vi.advanceTimersByTime(4000));
    await act(async () => tell('imported'));
    expect(host.textContent).toContain('imported ×2');
    await act(async () => void vi.advanceTimersByTime(4000));
    expect(host.textContent).toContain('imported');
    await act(async () => void vi.advanceTimersByTime(2000));
    expect(host.textContent).not.toContain('imported');
    expect(errors()).toEqual(['failed']);
  });

  it('folds errors beyond the fourth into one line, which unfolds', async () => {
    await act(async () => Array.from({ length: 6 }, (_, i) => reportError(new Error(`error ${i}`))));
    expect(errors()).toEqual(['error 2', 'error 3', 'error 4', 'error 5']);
    await act(async () => button('+2 more errors')?.click());
    expect(errors()).toHaveLength(6);
    await act(async () => button('Close all')?.click());
    expect(errors()).toEqual([]);
  });
});
