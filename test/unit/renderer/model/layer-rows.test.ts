import { describe, expect, it } from 'vitest';
import { colourOf, colourProperty, isColourKnown, rampLegend } from '../../../../src-renderer/panels/layers/graph-view';
import {
  filterRows,
  formatShape,
  type LayerRow,
  layerRows,
  shortNames,
} from '../../../../src-renderer/panels/layers/layer-rows';
import { generatedModel, generatedThresholds } from '../../../support/generated-model';

const model = generatedModel(40, { layers: { conv_1: 'fp16' } });
const rows = layerRows(model, generatedThresholds(model));

describe('layerRows', () => {
  it('numbers the layers and takes the numbers of their outputs', () => {
    const thresholds = generatedThresholds(model);
    expect(rows.map((row) => row.number)).toEqual(model.layers.map((_, index) => index + 1));
    const conv = rows[0];
    expect(conv?.tensor).toBe('conv_0_out');
    expect(conv?.sqnrDb).toBe(thresholds.tensors.find((row) => row.name === 'conv_0_out')?.sqnrDb);
  });

  it('has no numbers before calibration, nor for a layer whose output has no threshold', () => {
    expect(
      layerRows(model, null).every((row) => row.sqnrDb === null && row.clippedFraction === null && row.tensor === null),
    ).toBe(true);
    const partial = layerRows(model, {
      method: 'entropy',
      tensors: generatedThresholds(model).tensors.filter((row) => row.name !== 'conv_0_out'),
    });
    expect(partial[0]?.sqnrDb).toBeNull();
    expect(partial[1]?.sqnrDb).not.toBeNull();
  });

  it('says which layers do not get what the plan asks for', () => {
    const refused = rows.filter((row) => row.isRefused);
    expect(refused.map((row) => [row.op, row.planned, row.runsIn])).toEqual([['GlobalAveragePool', 'int8', 'fp32']]);
  });

  it('shortens paths to their last two steps, or to as many as tell them apart', () => {
    const short = (...layers: readonly string[]): readonly string[] => [...shortNames(layers).values()].sort();
    expect(short('conv_1', '/conv1/Conv', '/features/block.3/conv/Conv', '/')).toEqual([
      '/',
      'conv/Conv',
      'conv1/Conv',
      'conv_1',
    ]);
    expect(short('/f/f.3/pre/pre.0/Conv', '/f/f.4/pre/pre.0/Conv', '/f/f.5/Conv')).toEqual([
      'f.3/pre/pre.0/Conv',
      'f.4/pre/pre.0/Conv',
      'f.5/Conv',
    ]);
    expect(short('a/Conv', '/b/a/Conv')).toEqual(['a/Conv', 'b/a/Conv']);
  });
});

describe('filterRows', () => {
  const names = (text: string): string[] => filterRows(rows, text).map((row) => row.layer);

  it('finds every word in name, op, reason or precision, in any case', () => {
    expect(names('FP16')).toEqual(['conv_1']);
    expect(names('gemm')).toEqual(['gemm_39']);
    expect(names('conv quantized').length).toBe(rows.filter((row) => row.op === 'Conv').length - 1);
    expect(names('conv gemm')).toEqual([]);
  });

  it('takes a word with * or ? as a pattern of the whole name', () => {
    expect(names('conv_?')).toEqual(rows.filter((row) => /^conv_.$/.test(row.layer)).map((row) => row.layer));
    expect(names('*_39')).toEqual(['gemm_39']);
    expect(names('onv_*')).toEqual([]);
  });

  it('keeps everything for an empty search', () => {
    expect(filterRows(rows, '  ')).toBe(rows);
  });
});

describe('colours', () => {
  const row = (changes: Partial<LayerRow>): LayerRow => ({ ...(rows[0] as LayerRow), ...changes });

  it('follows the precision that the layer runs in, not the one planned', () => {
    expect(colourOf(row({ planned: 'fp16', runsIn: 'fp32' }), 'precision')).toBe('fp32');
  });

  it('goes up the ramp with SQNR and down with the clipped share', () => {
    expect([5, 12, 18, 24, 30, 90].map((sqnrDb) => colourOf(row({ sqnrDb }), 'sqnr'))).toEqual([
      'ramp-0',
      'ramp-1',
      'ramp-2',
      'ramp-3',
      'ramp-4',
      'ramp-4',
    ]);
    expect([0.5, 1e-2, 5e-3, 1e-4, 0].map((clippedFraction) => colourOf(row({ clippedFraction }), 'clipped'))).toEqual([
      'ramp-0',
      'ramp-0',
      'ramp-1',
      'ramp-2',
      'ramp-4',
    ]);
    // Printed as 0.0100 % and 24.0 dB, all of them.
    expect(
      new Set([0.99996e-4, 1e-4, 1.00004e-4].map((clippedFraction) => colourOf(row({ clippedFraction }), 'clipped')))
        .size,
    ).toBe(1);
    expect(new Set([23.96, 24, 24.04].map((sqnrDb) => colourOf(row({ sqnrDb }), 'sqnr'))).size).toBe(1);
  });

  it('is neutral where nothing is known', () => {
    expect(colourOf(row({ sqnrDb: null }), 'sqnr')).toBe('unknown');
    expect(colourOf(row({ sqnrDb: NaN }), 'sqnr')).toBe('unknown');
    expect(colourProperty('unknown')).toBe('--line');
  });

  it('has a legend entry for every colour of the ramp', () => {
    const reachable = new Set(Array.from({ length: 60 }, (_, sqnrDb) => colourOf(row({ sqnrDb }), 'sqnr')));
    expect(new Set(rampLegend('sqnr').map((entry) => entry.colour))).toEqual(reachable);
    expect(rampLegend('clipped')[0]?.label).toBe('≥ 1.00 %');
  });

  it('goes down the ramp with the share of the most sensitive layer', () => {
    expect([1, 0.5, 0.49, 0.1, 0.05, 0.01, 0].map((damage) => colourOf(row({ damage }), 'sensitivity'))).toEqual([
      'ramp-0',
      'ramp-0',
      'ramp-1',
      'ramp-2',
      'ramp-3',
      'ramp-4',
      'ramp-4',
    ]);
    expect(colourOf(row({ damage: null }), 'sensitivity')).toBe('unknown');
    expect(rampLegend('sensitivity').map(({ label }) => label)).toEqual([
      '≥ 50 %',
      '< 50 %',
      '< 25 %',
      '< 10 %',
      '< 2 %',
    ]);
    expect(isColourKnown(rows, 'sensitivity')).toBe(false);
    expect(isColourKnown([row({ damage: 0 })], 'sensitivity')).toBe(true);
  });
});

it('writes shapes with a sign between the sizes', () => {
  expect(formatShape([64, 3, 7, 7]).replaceAll('\u202f', '')).toBe('64×3×7×7');
  expect(formatShape(null)).toBe('');
});
