import { describe, expect, it } from 'vitest';
import { matchScore, rankByQuery } from '../../../../src-renderer/app/palette-match';

const titles = ['Open Results', 'Run the whole job', 'Redo', 'Open Histograms', 'First layer and head in FP16'];
const rank = (query: string): readonly string[] => rankByQuery(titles, query, (title) => title);

describe('palette', () => {
  it('finds by letters in order, best first', () => {
    expect(rank('re')[0]).toBe('Redo');
    expect(rank('oh')[0]).toBe('Open Histograms');
    expect(rank('head fp16')).toEqual(['First layer and head in FP16']);
  });

  it('shows everything in its order without a query, and nothing that does not fit', () => {
    expect(rank(' ')).toEqual(titles);
    expect(rank('xyz')).toEqual([]);
    expect(matchScore('ba', 'ab')).toBeNull();
  });
});
