import { expect, it } from 'vitest';
import { fieldGroups } from '../../../../src-main/app/health/field-images';

const CLASSES = ['0', '7', 'A'];

it('takes folders for groups, and class folders in them for classes', () => {
  const folder = { classNames: CLASSES, isList: false };
  expect(fieldGroups(['a.png', 'b.png'], folder)).toEqual([null, null]);
  expect(fieldGroups(['night/a.png', 'day/b.png', 'c.png'], folder)).toEqual(['night', 'day', null]);
  expect(fieldGroups(['7/a.png', 'A/b.png'], folder)).toEqual([null, null]);
  expect(fieldGroups(['night/7/a.png', 'night/A/b.png', 'rain/b.png'], folder)).toEqual(['night', 'night', 'rain']);
  expect(fieldGroups(['night/a.png'], folder)).toEqual(['night']);
});

it('does not take the way from a list to its files for a group', () => {
  const list = { classNames: CLASSES, isList: true };
  expect(fieldGroups(['../../data/night/a.png', '../../data/night/b.png'], list)).toEqual([null, null]);
  expect(fieldGroups(['../data/night/7/a.png', '../data/day/7/b.png'], list)).toEqual(['night', 'day']);
  expect(fieldGroups(['a.png', 'night/b.png'], list)).toEqual([null, 'night']);
});
