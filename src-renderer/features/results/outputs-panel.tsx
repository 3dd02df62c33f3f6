import { formatDb, formatFixed } from '../../../src-shared/base/units';
import type { OutputQuality, VariantReport } from '../../../src-shared/domain/runs/accuracy';
import { t } from '../../i18n';

/** How near every output comes to FP32's; for models that do not classify this is what there is. */
export function OutputsPanel({ report }: { readonly report: VariantReport }) {
  if (report.outputs.length === 0) return null;
  return (
    <section className="results-panel results-outputs" aria-labelledby="results-outputs">
      <h3 id="results-outputs">{t('results.outputs')}</h3>
      <table className="results-table">
        <thead>
          <tr>
            <th scope="col">{t('results.outputs.name')}</th>
            <th scope="col" className="number">
              {t('results.outputs.sqnr')}
            </th>
            <th scope="col" className="number">
              {t('results.outputs.cosine')}
            </th>
          </tr>
        </thead>
        <tbody>
          {report.outputs.map((output) => (
            <tr key={output.name}>
              <th scope="row">{output.name}</th>
              <td className="number">{sqnrText(output)}</td>
              <td className="number">{output.cosine === null ? '–' : formatFixed(output.cosine, 4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** NaN has no SQNR, and is no output without error either. */
function sqnrText({ sqnrDb, notFinite }: OutputQuality): string {
  if (notFinite) return t('results.outputs.notFinite');
  return sqnrDb === null ? t('results.outputs.exact') : formatDb(sqnrDb);
}
