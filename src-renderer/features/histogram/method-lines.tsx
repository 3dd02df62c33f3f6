import { useMemo } from 'react';
import { formatReal } from '../../../src-shared/base/units';
import type { Method } from '../../../src-shared/domain/project/methods';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { METHOD_LETTERS, methodColor } from '../../widgets/marks';
import { pixelFromValue, type PlotArea, type ValueRange } from './axis';
import { placeLabels } from './label-layout';
import type { MethodLine } from './methods';

export interface MethodLinesProps {
  readonly lines: readonly MethodLine[];
  readonly range: ValueRange;
  readonly area: PlotArea;
  readonly onChoose: (method: Method) => void;
}

const ROW_PX = 22;
const ROWS = 2;
const LETTER_PX = 24;
const DIGIT_PX = 7;

/** A line for every method's threshold, with a label above the plot that chooses it. */
export function MethodLines({ lines, range, area, onChoose }: MethodLinesProps) {
  const visible = useMemo(
    () => lines.filter((line) => line.thresholdReal >= range.min && line.thresholdReal <= range.max),
    [lines, range],
  );
  const placed = useMemo(() => {
    const boxes = visible.map((line) => ({
      key: line.method,
      linePx: pixelFromValue(line.thresholdReal, range, area),
      widthPx: labelWidth(line),
    }));
    return new Map(
      placeLabels(boxes, { leftPx: area.leftPx, rightPx: area.leftPx + area.widthPx + 16, rows: ROWS, gapPx: 4 }).map(
        (label) => [label.key, label],
      ),
    );
  }, [visible, range, area]);
  return (
    <>
      {visible.map((line) => {
        const label = placed.get(line.method);
        const linePx = pixelFromValue(line.thresholdReal, range, area);
        const color = methodColor(line.method);
        const topPx = (ROWS - 1 - (label?.row ?? 0)) * ROW_PX + 2;
        return (
          <div key={line.method}>
            <div
              className={classNames('histogram-line', line.isInUse && 'histogram-line-used')}
              style={{ left: linePx, borderColor: color, top: topPx + ROW_PX - 4 }}
            />
            <button
              type="button"
              className={classNames('histogram-label', line.isInUse && 'histogram-label-used')}
              style={{ left: label?.leftPx ?? linePx, top: topPx, width: labelWidth(line), borderColor: color }}
              aria-pressed={line.isInUse}
              title={t('histogram.label.hint', {
                method: t(`histogram.method.${line.method}`),
                value: String(line.thresholdReal),
              })}
              onClick={() => onChoose(line.method)}
            >
              <span className="histogram-letter" style={{ color }} aria-hidden="true">
                {METHOD_LETTERS[line.method]}
              </span>
              <span className="visually-hidden">{t(`histogram.method.${line.method}`)} </span>
              {formatReal(line.thresholdReal)}
            </button>
          </div>
        );
      })}
    </>
  );
}

function labelWidth(line: MethodLine): number {
  return LETTER_PX + formatReal(line.thresholdReal).length * DIGIT_PX;
}
