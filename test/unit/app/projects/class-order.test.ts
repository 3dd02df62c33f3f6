import { expect, it } from 'vitest';
import { namesInMetadata } from '../../../../src-main/app/projects/class-order';

it.each<[string, string, readonly string[]]>([
  ['names in single quotes', "{0: 'person', 1: 'traffic light'}", ['person', 'traffic light']],
  ['a name with an apostrophe', `{0: "driver's door", 1: 'wheel'}`, ["driver's door", 'wheel']],
  ['a missing index', "{0: 'person', 2: 'car'}", []],
  ['no dictionary', 'person, car', []],
])('class names in the metadata of a model: %s', (_, value, expected) => {
  expect(namesInMetadata({ metadataProps: [{ key: 'names', value }] })).toEqual(expected);
});

it('a model without names has none', () => {
  expect(namesInMetadata({ metadataProps: [{ key: 'author', value: '{0: 1}' }] })).toEqual([]);
});
