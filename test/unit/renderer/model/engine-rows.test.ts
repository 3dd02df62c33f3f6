import { describe, expect, it } from 'vitest';
import { colourOf, isColourKnown } from '../../../../src-renderer/panels/layers/graph-view';
import { LAYER_COLUMNS, layerColumns } from '../../../../src-renderer/panels/layers/layer-columns';
import { layerRows } from '../../../../src-renderer/panels/layers/layer-rows';
import { formatMicroseconds, mismatchText } from '../../../../src-renderer/panels/layers/engine-part';
import type { EngineLayer } from '../../../../src-shared/domain/engines/engine-layers';
import { engineByLayer } from '../../../../src-shared/domain/engines/engine-view';
import { generatedModel } from '../../../support/generated-model';

const MODEL = generatedModel(8, { layers: {} });
const [FIRST, SECOND, THIRD] = MODEL.layers.map(({ layer }) => layer);

function kernel(onnxLayers: readonly (string | undefined)[], type: EngineLayer['type'], medianMs: number): EngineLayer {
  return {
    name: onnxLayers.join(' + '),
    kind: 'CaskConvolution',
    onnxLayers: onnxLayers.flatMap((name) => name ?? []),
    type,
    outputType: type,
    isReformat: false,
    tactic: '',
    inputs: [],
    outputs: [],
    medianMs,
  };
}

const ENGINE = engineByLayer(
  [kernel([FIRST, SECOND], 'fp16', 0.012), kernel([THIRD], 'int8', 0.0006), kernel([], 'fp32', 0.0074)],
  MODEL.layers,
  { [FIRST ?? '']: 'int8', [SECOND ?? '']: 'fp16', [THIRD ?? '']: 'int8' },
);
const ROWS = layerRows(MODEL, null, undefined, ENGINE.layers);

describe('rows with an engine', () => {
  it('hold what the engine made of each layer, null where it has none', () => {
    expect(ROWS.slice(0, 4).map(({ inEngine }) => inEngine?.runsIn ?? null)).toEqual(['fp16', 'fp16', 'int8', null]);
  });

  it('are coloured by their share of the time', () => {
    expect(ROWS.slice(0, 4).map((row) => colourOf(row, 'time'))).toEqual(['ramp-0', 'ramp-0', 'ramp-2', 'unknown']);
    expect(isColourKnown(ROWS, 'time')).toBe(true);
    expect(isColourKnown(layerRows(MODEL, null), 'time')).toBe(false);
  });

  it('have the columns of the engine only with one', () => {
    const names = (hasEngine: boolean): readonly string[] => layerColumns(LAYER_COLUMNS, hasEngine).map(({ id }) => id);
    expect(names(true).filter((id) => !names(false).includes(id))).toEqual(['inEngine', 'timeMs']);
  });

  it('say why a layer computes in something else than asked', () => {
    const [first, second, third] = ROWS.map(({ inEngine }) => inEngine);
    expect(first && mismatchText(first)).toBe(
      `INT8 was asked for, but the runtime fused it with ${SECOND}, which runs in FP16: ask the same of both, or accept it.`,
    );
    expect(second && mismatchText(second)).toBeNull();
    expect(
      third && mismatchText({ ...third, runsIn: 'fp32', mismatch: 'wider', kernels: [kernel([THIRD], 'fp32', 1)] }),
    ).toContain('its kernel (CaskConvolution) takes FP32');
  });

  it('shows times of kernels in one unit', () => {
    expect(formatMicroseconds(0.0123)).toBe('12.3 µs');
    expect(formatMicroseconds(0.15)).toBe('150 µs');
  });
});
