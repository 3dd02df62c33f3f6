import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { uploadPath } from '../../../src-main/serve/upload-path';

describe('uploadPath', () => {
  it('keeps the structure of a dropped folder inside its batch', () => {
    expect(uploadPath('/up', 'b-1', 'night/6/0001.jpg')).toBe(join('/up', 'b-1', 'night/6/0001.jpg'));
    expect(uploadPath('/up', 'b', '夜间/图 1.png')).toBe(join('/up', 'b', '夜间/图 1.png'));
  });

  it.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a//b',
    'a/./b',
    'a\\..\\b',
    'C:x',
    'a\0b',
    'a\nb',
    'a/',
    'x.',
    'a /b',
    'a?b',
    'x'.repeat(256),
    '图'.repeat(86),
    'd/'.repeat(40) + 'x',
  ])('refuses the path %j', (path) => {
    expect(uploadPath('/up', 'b', path)).toBeNull();
  });

  it.each(['', '..', 'a/b', '.', 'x'.repeat(65), 'a b'])('refuses the batch %j', (batch) => {
    expect(uploadPath('/up', batch, 'x.jpg')).toBeNull();
  });
});
