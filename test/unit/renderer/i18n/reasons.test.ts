import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import messages from '../../../../src-renderer/i18n/messages/precision';
import type { FeatureMessages } from '../../../../src-renderer/i18n';

const placement = resolve(import.meta.dirname, '../../../../src-main/quantization');
const { zh }: FeatureMessages = messages;

it('has a Chinese sentence for every reason that a placement gives', () => {
  const codes = new Set(['plan-fp16', 'plan-fp32', 'follows-fp16', 'follows-fp32']);
  for (const file of readdirSync(placement, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    for (const [, code] of readFileSync(join(placement, file), 'utf8').matchAll(/\bcode: '([a-z0-9-]+)'/g))
      codes.add(code ?? '');
  }
  const dla = readFileSync(join(placement, 'rules/dla-rules.ts'), 'utf8');
  for (const [, words = ''] of dla.matchAll(/\b(?:refusal|outside)\('([a-z -]+)'/g))
    codes.add(`dla-${words.replaceAll(' ', '-')}`);
  expect(codes.size).toBeGreaterThan(30);
  expect([...codes].filter((code) => zh[`precision.reason.${code}`] === undefined)).toEqual([]);
});
