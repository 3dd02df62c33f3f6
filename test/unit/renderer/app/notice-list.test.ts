// @vitest-environment jsdom
import { act, cleanup, configure, fireEvent, render, screen } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NoticeList } from '../../../../src-renderer/app/notice-list';
import { useKeys } from '../../../../src-renderer/app/chords';
import { reportError, tell, useNotices } from '../../../../src-renderer/state/notices';

function Page() {
  useKeys();
  return createElement('div', null, createElement('input', { type: 'text' }), createElement(NoticeList));
}

// jsdom applies no style sheet: to ask it for the visibility of each element only takes time.
configure({ defaultHidden: true });

beforeEach(() => {
  vi.useFakeTimers();
  useNotices.setState({ notices: [] });
  render(createElement(Page));
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** The messages of the errors in sight, oldest first. */
const errors = (): string[] =>
  screen
    .queryAllByTestId('error-message')
    .map((message) => message.textContent)
    .reverse();
const click = (name: string | RegExp): boolean => fireEvent.click(screen.getByRole('button', { name }));
const escape = (target: HTMLElement = document.body): boolean => fireEvent.keyDown(target, { key: 'Escape' });

describe('NoticeList', () => {
  it('closes the newest error with Escape, from a text field too', () => {
    act(() => ['first', 'second', 'third'].forEach((message) => reportError(new Error(message))));
    escape();
    expect(errors()).toEqual(['first', 'second']);
    escape(screen.getByRole('textbox'));
    expect(errors()).toEqual(['first']);
  });

  it('leaves Escape to what used it', () => {
    act(() => reportError(new Error('stays')));
    const field = screen.getByRole('textbox');
    field.addEventListener('keydown', (event) => event.stopPropagation());
    escape(field);
    expect(errors()).toEqual(['stays']);
  });

  it('lets a sentence go after some seconds, counted from the last time, and keeps errors', () => {
    act(() => {
      tell('imported');
      reportError(new Error('failed'));
    });
    act(() => void vi.advanceTimersByTime(4000));
    act(() => tell('imported'));
    expect(document.body.textContent).toContain('imported ×2');
    act(() => void vi.advanceTimersByTime(4000));
    expect(document.body.textContent).toContain('imported');
    act(() => void vi.advanceTimersByTime(2000));
    expect(document.body.textContent).not.toContain('imported');
    expect(errors()).toEqual(['failed']);
  });

  it('folds errors beyond the fourth into one line, which unfolds', () => {
    act(() => {
      for (let i = 0; i < 6; i++) reportError(new Error(`error ${i}`));
    });
    expect(errors()).toEqual(['error 2', 'error 3', 'error 4', 'error 5']);
    click(/more errors/);
    expect(errors()).toHaveLength(6);
    click('Close all');
    expect(errors()).toEqual([]);
  });
});
