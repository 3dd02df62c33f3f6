import { afterEach, expect, it } from 'vitest';
import { convergenceFigure } from '../../../../src-renderer/features/data/health/set-side';
import { findingText } from '../../../../src-renderer/features/data/health/finding-list';
import { setLanguage } from '../../../../src-renderer/i18n';
import type { HealthFinding } from '../../../../src-shared/domain/health/health';
import { corruptFindings } from '../../../../src-shared/domain/health/health-findings';
import { finding } from '../../../../src-shared/domain/health/health-sentences';

afterEach(() => setLanguage('en'));

const [corrupt] = corruptFindings([{ set: 'calibration', file: 'x.jpg', reason: 'Cannot read x.jpg: truncated' }]);
const clipped = finding({
  code: 'field-clipped-by-method',
  severity: 'error',
  facts: {
    group: 'night',
    clipped: '11.0 %',
    beyond: '0 %',
    tensor: 'f.2/Relu',
    tensors: 1,
    limit: '5.00 %',
    method: 'entropy',
  },
});

it('says a finding as the command line does, and in Chinese with its own words for sets and methods', () => {
  expect(findingText(clipped)).toBe(clipped.message);
  setLanguage('zh');
  expect(findingText(clipped)).toBe(
    '熵 截断了 night 在 f.2/Relu 中 11.0 % 的值；minmax 只截断 0 %。问题在方法，不在校准集。超过 5.00 % 的张量有 1 个。',
  );
  expect(corrupt && findingText(corrupt)).toBe('校准集中有 1 张图像无法解码；第一张：Cannot read x.jpg: truncated');
});

it('shows the message of a finding that it does not know', () => {
  const unknown = {
    ...clipped,
    code: 'from-the-future',
    message: 'Said by a newer version',
  } as unknown as HealthFinding;
  expect(findingText(unknown)).toBe('Said by a newer version');
});

it('draws the limit, the mean and the worst tensor with room above the highest', () => {
  const points = [
    { images: 50, meanLossDb: 0.5, worstLossDb: 4, worstTensor: 'a' },
    { images: 100, meanLossDb: 0, worstLossDb: 0, worstTensor: null },
  ];
  const figure = convergenceFigure(points, 1, { images: 'images', loss: 'dB' });
  expect(figure.series.map(({ y }) => [...y])).toEqual([
    [1, 1],
    [0.5, 0],
    [4, 0],
    [4, 0],
  ]);
  expect(figure.panels[0]?.range[1]).toBeGreaterThan(4);
  expect(convergenceFigure([], 1, { images: '', loss: '' }).xRange[1]).toBeGreaterThan(0);
});
