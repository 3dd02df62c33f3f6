import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isBeside, PathGrants } from '../../../src-main/transport/path-grants';
import { useTempDirs } from '../../support/temp-dir';

describe('PathGrants', () => {
  const tempDir = useTempDirs();

  it('grants a folder with all below it, also what does not exist yet, and nothing beside it', () => {
    const dir = tempDir();
    const grants = new PathGrants([join(dir, 'a')]);
    expect(grants.isGranted(join(dir, 'a'))).toBe(true);
    expect(grants.isGranted(join(dir, 'a/b/c.onnx'))).toBe(true);
    expect(grants.isGranted(join(dir, 'a/../b'))).toBe(false);
    expect(grants.isGranted(join(dir, 'ab'))).toBe(false);
    expect(grants.isGranted(dir)).toBe(false);
    expect(grants.isGranted('/')).toBe(false);
  });

  it('takes a name that begins with two dots for the name it is', () => {
    const dir = tempDir();
    expect(new PathGrants([dir]).isGranted(join(dir, '..hidden/x'))).toBe(true);
  });

  it('follows symbolic links: out of a grant they lead nowhere, into one they lead', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'inside'));
    mkdirSync(join(dir, 'outside'));
    symlinkSync(join(dir, 'outside'), join(dir, 'inside/link'));
    symlinkSync(join(dir, 'inside'), join(dir, 'door'));
    const grants = new PathGrants([join(dir, 'inside')]);
    expect(grants.isGranted(join(dir, 'inside/link'))).toBe(false);
    expect(grants.isGranted(join(dir, 'inside/link/new.calib'))).toBe(false);
    expect(grants.isGranted(join(dir, 'door/x'))).toBe(true);
  });

  it('tells what lies beside a file, by the folders that links lead to', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'sub'));
    writeFileSync(join(dir, 'm.onnx'), '');
    symlinkSync(join(dir, 'sub'), join(dir, 'l.calib'));
    expect(isBeside(join(dir, 'm.calib'), join(dir, 'm.onnx'))).toBe(true);
    expect(isBeside(join(dir, 'sub/m.calib'), join(dir, 'm.onnx'))).toBe(false);
    symlinkSync(join(dir, 'sub/m.calib'), join(dir, 'other.calib'));
    expect(isBeside(join(dir, 'l.calib/m.calib'), join(dir, 'm.onnx'))).toBe(false);
  });
});
