import { formatCount } from './units';
import { ownValue } from './records';

/** Values for the placeholders of a message. Numbers are written as counts; the caller formats all other values. */
export type MessageParams = Readonly<Record<string, string | number>>;

const PLACEHOLDER = /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g;

/**
 * Fills a message: `{name}` becomes the value of `name`, `{n|image|images}` the first word when `n` is 1 and else the
 * second. A placeholder without a value stays in the text, so that the mistake is visible.
 */
export function fillMessage(message: string, params: MessageParams): string {
  return message.replace(
    PLACEHOLDER,
    (whole: string, name: string, one: string | undefined, other: string | undefined) => {
      const value = ownValue(params, name);
      if (value === undefined) return whole;
      if (one !== undefined && other !== undefined) return value === 1 ? one : other;
      return typeof value === 'number' ? formatCount(value) : value;
    },
  );
}
