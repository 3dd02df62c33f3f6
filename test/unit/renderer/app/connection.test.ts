// @vitest-environment jsdom
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tokenOf } from '../../../../src-renderer/api/token';
import { TokenGate } from '../../../../src-renderer/app/connection';

describe('tokenOf', () => {
  it('finds the token in an address, takes one by itself, and nothing else', () => {
    expect(tokenOf(' http://127.0.0.1:8723/?token=a-b_9&project=/p.calib#/histogram ')).toBe('a-b_9');
    expect(tokenOf('a-b_9')).toBe('a-b_9');
    expect(tokenOf('http://127.0.0.1:8723/#/histogram')).toBe('');
    expect(tokenOf('two words')).toBe('');
  });
});

describe('TokenGate', () => {
  let root: Root;
  let host: HTMLElement;
  const onToken = vi.fn();
  beforeEach(() => {
    Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
    onToken.mockReset();
    host = document.body.appendChild(document.createElement('div'));
    root = createRoot(host);
  });
  afterEach(async () => {
    await act(async () => root.unmount());
    host.remove();
  });

  it('takes a pasted address, and says when the token was wrong', async () => {
    await act(async () => root.render(createElement(TokenGate, { isTokenWrong: false, onToken })));
    const input = host.querySelector('input');
    expect(host.querySelector('[role="alert"]')).toBeNull();
    await act(async () => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(
        input,
        'http://host:1/?token=abc',
      );
      input?.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await act(async () => host.querySelector('form')?.requestSubmit());
    expect(onToken).toHaveBeenCalledWith('abc');
    await act(async () => root.render(createElement(TokenGate, { isTokenWrong: true, onToken })));
    expect(host.querySelector('[role="alert"]')?.textContent).toContain('not the token of the server');
    expect(input?.getAttribute('aria-invalid')).toBe('true');
  });
});
