// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';
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
  const onToken = vi.fn();
  afterEach(() => {
    cleanup();
    onToken.mockReset();
  });

  it('takes a pasted address, and says when the token was wrong', () => {
    const { rerender } = render(createElement(TokenGate, { isTokenWrong: false, onToken }));
    const input = screen.getByLabelText('Address or token');
    expect(screen.queryByRole('alert')).toBeNull();
    fireEvent.change(input, { target: { value: 'http://host:1/?token=abc' } });
    fireEvent.submit(input);
    expect(onToken).toHaveBeenCalledWith('abc');
    rerender(createElement(TokenGate, { isTokenWrong: true, onToken }));
    expect(screen.getByRole('alert').textContent).toContain('not the token of the server');
    expect(input.getAttribute('aria-invalid')).toBe('true');
  });
});
