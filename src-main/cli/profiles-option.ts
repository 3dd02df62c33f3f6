import { WorkbenchError } from '../../src-shared/base/errors';
import { PROFILE_POINTS, type InputRange, type ShapeProfile } from '../../src-shared/domain/engines/shape-profiles';

const SHAPE = String.raw`\d+(?:x\d+)*`;
/** A range at the start of a text; names of inputs may contain any character. */
const RANGE = new RegExp(`^(.+?)=(${SHAPE})(?::(${SHAPE}):(${SHAPE}))?(?:,|$)`);

/**
 * Profiles as text: `images=1x3x224x224:8x3x320x320:16x3x640x640,mask=8x77;images=...`, smallest, usual and largest
 * shape of each input, or one shape that is all three. Commas separate inputs, semicolons profiles.
 * @throws WorkbenchError usage
 */
export function parseShapeProfiles(text: string): ShapeProfile[] {
  return text.split(';').map((profile) => {
    const ranges: InputRange[] = [];
    for (let rest = profile.trim(); rest !== '' || ranges.length === 0;) {
      const found = RANGE.exec(rest);
      const [whole = '', input = '', min = '', opt = min, max = min] = found ?? [];
      const range = { input, min: sizesOf(min), opt: sizesOf(opt), max: sizesOf(max) };
      if (found === null || PROFILE_POINTS.some((point) => range[point].some((size) => size < 1)))
        throw new WorkbenchError('usage', `Expected profiles INPUT=MIN:OPT:MAX of sizes above 0, found "${text}"`, {
          hint: 'Example: --profiles "images=1x3x224x224:8x3x320x320:16x3x640x640"; a semicolon starts the next profile.',
        });
      ranges.push(range);
      rest = rest.slice(whole.length);
    }
    return ranges;
  });
}

function sizesOf(text: string): number[] {
  return text.split('x').map(Number);
}
