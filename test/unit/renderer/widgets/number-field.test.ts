// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { createElement, type ComponentProps, type ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NumberField, NumberListField } from '../../../../src-renderer/widgets/number-field';

let rerender: (element: ReactElement) => void;

beforeEach(() => {
  rerender = render(null).rerender;
});
afterEach(cleanup);

const input = (): HTMLInputElement => screen.getByRole('textbox');
const type = (text: string): boolean => fireEvent.change(input(), { target: { value: text } });
const leave = (): boolean => fireEvent.blur(input());
const press = (key: string): boolean => fireEvent.keyDown(input(), { key });

/** The sentence that the input names as its description. */
const described = (): string =>
  document.getElementById(input().getAttribute('aria-describedby') ?? '')?.textContent ?? '';

describe('NumberField', () => {
  const onCommit = vi.fn();
  const show = (props: Partial<ComponentProps<typeof NumberField>> = {}): void =>
    rerender(createElement(NumberField, { label: 'Threshold', value: 2.5, onCommit, ...props }));
  beforeEach(() => onCommit.mockReset());

  it.each([
    ['abc', {}, 'Enter a number. 2.5 stays in use.'],
    ['-1', { above: 0, max: 10 }, 'Enter a number above 0, at most 10. 2.5 stays in use.'],
    ['0', { above: 0, max: 10 }, 'Enter a number above 0, at most 10. 2.5 stays in use.'],
    ['1e9', { above: 0, max: 10 }, 'Enter a number above 0, at most 10. 2.5 stays in use.'],
    [
      '1.5',
      { min: 1, max: 256, isInteger: true, value: null, mayBeEmpty: true },
      'Enter a whole number from 1 to 256. It counts as empty.',
    ],
    ['101', { min: 0, max: 100, unit: 'pp' }, 'Enter a number from 0 to 100. 2.5 pp stays in use.'],
    ['', { min: 1 }, 'Enter a number of at least 1. 2.5 stays in use.'],
  ] as const)('says beside the field why "%s" is not taken, also after it was left', (text, props, reason) => {
    show(props);
    type(text);
    leave();
    expect(input().value).toBe(text);
    expect(input().getAttribute('aria-invalid')).toBe('true');
    expect(described()).toBe(reason);
    expect(screen.getByRole('alert').textContent).toBe(reason);
    expect(onCommit).not.toHaveBeenCalled();
  });

  it('takes what is right and says nothing', () => {
    show({ above: 0, max: 10 });
    type('3,5');
    leave();
    expect(onCommit).toHaveBeenCalledWith(3.5);
    expect(described()).toBe('');
    expect(input().getAttribute('aria-invalid')).toBe('false');
  });

  it('gives the old value back with Escape, and gives way to a value from outside', () => {
    show({ min: 1 });
    type('abc');
    press('Escape');
    expect(input().value).toBe('2.5');
    type('abc');
    show({ min: 1, value: 7 });
    expect(input().value).toBe('7');
    expect(described()).toBe('');
  });

  it('does not leave its limits with the arrow keys', () => {
    show({ value: 1, min: 1, max: 256, step: 1 });
    press('ArrowDown');
    expect(input().value).toBe('1');
  });
});

describe('NumberListField', () => {
  const onChange = vi.fn();
  const show = (values: readonly number[]): void =>
    rerender(
      createElement(NumberListField, {
        label: 'std',
        values,
        onChange,
        expected: 'Enter one number or 3, all above 0',
        isAllowed: (list) => list.length === 3 && list.every((value) => value > 0),
      }),
    );

  it('keeps a text that is no list, with the reason, until it is corrected', () => {
    onChange.mockReset();
    show([0.5, 0.5, 0.25]);
    type('abc');
    leave();
    expect(input().value).toBe('abc');
    expect(described()).toBe('Enter one number or 3, all above 0. 0.5, 0.5, 0.25 stays in use.');
    expect(onChange).not.toHaveBeenCalled();
    type('1, 1, 2');
    expect(onChange).toHaveBeenCalledWith([1, 1, 2]);
    show([1, 1, 2]);
    leave();
    expect(input().value).toBe('1, 1, 2');
    expect(input().hasAttribute('aria-invalid')).toBe(false);
  });
});
