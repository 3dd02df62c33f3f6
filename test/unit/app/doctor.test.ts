import { describe, expect, it } from 'vitest';
import { tensorrtFacts } from '../../../src-main/app/doctor';

const GPU = {
  index: 0,
  name: 'GPU',
  uuid: '',
  computeCapability: '9.0',
  memoryBytes: 1e9,
  driverVersion: '13.0',
};

describe('the check of TensorRT', () => {
  it('says how far the code for the version was tested', () => {
    const facts = (version: string) => tensorrtFacts({ version, libraryPath: '/lib/libnvinfer.so', devices: [GPU] });
    expect(facts('10.6.0')).toMatchObject({ state: 'ok', exercised: 'gpu' });
    expect(facts('10.6.0').hint).toBeUndefined();
    expect(facts('11.0.0')).toMatchObject({ state: 'warning', exercised: 'headers' });
    expect(facts('11.0.0').hint).toContain('TensorRT 11.0.0');
  });
});
