import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress } from '../../../../src-renderer/app/address';
import { SCREEN_TABLE } from '../../../../src-renderer/app/screens';
import { SCREENS } from '../../../../src-renderer/state/view';

const NOWHERE = {
  screen: 'start',
  project: null,
  tensor: null,
  layer: null,
  tab: null,
  run: null,
  engine: null,
  compare: null,
} as const;

describe('address', () => {
  it.each([
    {
      screen: 'histogram',
      project: '/data/a b.calib',
      tensor: '/f.4/Relu&out=#1',
      layer: 'conv 1',
      tab: 'auto',
      run: null,
      engine: null,
      compare: null,
    },
    { ...NOWHERE, engine: '20261202T100000000Z-abcdef:int8', screen: 'model', compare: 'ort-cpu:fp32' },
    NOWHERE,
    {
      screen: 'results',
      project: 'C:\\models\\é.calib',
      tensor: null,
      layer: '层 1%2F+',
      tab: null,
      run: '20261130-ab',
      engine: null,
      compare: '20261129-cd',
    },
  ] as const)('comes back as it was: $screen', (address) => {
    expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  it('is legible', () => {
    expect(
      formatAddress({
        screen: 'histogram',
        project: '/data/a.calib',
        tensor: '/f.4/Relu',
        layer: null,
        tab: null,
        run: null,
        engine: null,
        compare: null,
      }),
    ).toBe('#/histogram?project=/data/a.calib&tensor=/f.4/Relu');
  });

  it('takes anything unknown for the start screen', () => {
    for (const hash of ['', '#', '#/', '#/nowhere', '#%%%', '#/start?tensor='])
      expect(parseAddress(hash)).toEqual(NOWHERE);
    expect(parseAddress('#/histograms?tensor=a').screen).toBe('histogram');
  });
});

describe('screens', () => {
  it('has every screen once', () => {
    expect(SCREEN_TABLE.map((screen) => screen.id).sort()).toEqual([...SCREENS].sort());
  });
});
