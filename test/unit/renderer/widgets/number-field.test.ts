// @vitest-environment jsdom
import { act, createElement, type ComponentProps } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NumberField, NumberListField } from '../../../../src-renderer/widgets/number-field';

let root: Root;
let host: HTMLElement;

beforeEach(() => {
  Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
  host = document.body.appendChild(document.createElement('div'));
  root = createRoot(host);
});
afterEach(async () => {
  await act(async () => root.unmount());
  host.remove();
});

const input = (): HTMLInputElement => {
  const found = host.querySelector('input');
  if (found === null) throw new Error('no input');
  return found;
};

/** As a person types: React listens to the property of the prototype. */
async function type(text: string): Promise<void> {
  const property = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
  await act(async () => {
    property?.set?.call(input(), text);
    input().dispatchEvent(new Event('input', { bubbles: true }));
  });
}

const dispatch = (event: Event): Promise<void> => act(async () => void input().dispatchEvent(event));
const leave = (): Promise<void> => dispatch(new FocusEvent('focusout', { bubbles: true }));
const press = (key: string): Promise<void> => dispatch(new KeyboardEvent('keydown', { key, bubbles: true }));

/** The sentence that the input names as its description. */
const described = (): string =>
  document.getElementById(input().getAttribute('aria-describedby') ?? '')?.textContent ?? '';

describe('NumberField', () => {
  const onCommit = vi.fn();
  const show = (props: Partial<ComponentProps<typeof NumberField>> = {}): Promise<void> =>
    act(async () => root.render(createElement(NumberField, { label: 'Threshold', value: 2.5, onCommit, ...props })));
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
  ] as const)('says beside the field why "%s" is not taken, also after it was left', async (text, props, reason) => {
    await show(props);
    await type(text);
    await leave();
    expect(input().value).toBe(text);
    expect(input().getAttribute('aria-invalid')).toBe('true');
    expect(described()).toBe(reason);
    expect(host.querySelector('[role="alert"]')?.textContent).toBe(reason);
    expect(onCommit).not.toHaveBeenCalled();
  });

  it('takes what is right and says nothing', async () => {
    await show({ above: 0, max: 10 });
    await type('3,5');
    await leave();
    expect(onCommit).toHaveBeenCalledWith(3.5);
    expect(described()).toBe('');
    expect(input().getAttribute('aria-invalid')).toBe('false');
  });

  it('gives the old value back with Escape, and gives way to a value from outside', async () => {
    await show({ min: 1 });
    await type('abc');
    await press('Escape');
    expect(input().value).toBe('2.5');
    await type('abc');
    await show({ min: 1, value: 7 });
    expect(input().value).toBe('7');
    expect(described()).toBe('');
  });

  it('does not leave its limits with the arrow keys', async () => {
    await show({ value: 1, min: 1, max: 256, step: 1 });
    await press('ArrowDown');
    expect(input().value).toBe('1');
  });
});

describe('NumberListField', () => {
  const onChange = vi.fn();
  const show = (values: readonly number[]): Promise<void> =>
    act(async () =>
      root.render(
        createElement(NumberListField, {
          label: 'std',
          values,
          onChange,
          expected: 'Enter one number or 3, all above 0',
          isAllowed: (list) => list.length === 3 && list.every((value) => value > 0),
        }),
      ),
    );

  it('keeps a text that is no list, with the reason, until it is corrected', async () => {
    onChange.mockReset();
    await show([0.5, 0.5, 0.25]);
    await type('abc');
    await leave();
    expect(input().value).toBe('abc');
    expect(described()).toBe('Enter one number or 3, all above 0. 0.5, 0.5, 0.25 stays in use.');
    expect(onChange).not.toHaveBeenCalled();
    await type('1, 1, 2');
    expect(onChange).toHaveBeenCalledWith([1, 1, 2]);
    await show([1, 1, 2]);
    await leave();
    expect(input().value).toBe('1, 1, 2');
    expect(input().hasAttribute('aria-invalid')).toBe(false);
  });
});
