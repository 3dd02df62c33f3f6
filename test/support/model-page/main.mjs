// `?screen=model|precision&layers=1000&theme=dark&language=zh`: one screen alone over a generated model, for benchmarks
// and pictures. Plain JavaScript: the tests' TypeScript project has no JSX.
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { applyPalette } from '../../../src-renderer/app/bind-application';
import { WidgetData } from '../../../src-renderer/app/widget-data';
import { useKeys } from '../../../src-renderer/app/chords';
import { ModelScreen } from '../../../src-renderer/features/model/model-screen';
import { PrecisionScreen } from '../../../src-renderer/features/precision/precision-screen';
import { useLanguage } from '../../../src-renderer/i18n';
import { useSession } from '../../../src-renderer/state/session';
import { useView } from '../../../src-renderer/state/view';
import { fakeModelApi } from '../fake-model-api';
import { panGraph, scrollTable, waitFrames } from './frames';

const { document, location } = globalThis;
const query = new globalThis.URLSearchParams(location.search);
const theme = query.get('theme') === 'dark' ? 'dark' : 'light';
document.documentElement.dataset['theme'] = theme;
applyPalette();
useView.getState().chooseTheme(theme);
useView.getState().chooseLanguage(query.get('language') === 'zh' ? 'zh' : 'en');
globalThis.bench = { waitFrames, scrollTable, panGraph };

function Page({ screen }) {
  useLanguage();
  useKeys();
  return createElement(WidgetData, null, createElement('main', { style: { height: '100%' } }, createElement(screen)));
}

useSession.getState().connect(fakeModelApi(Number(query.get('layers') ?? '1000')));
createRoot(document.getElementById('root')).render(
  createElement(Page, { screen: query.get('screen') === 'precision' ? PrecisionScreen : ModelScreen }),
);
void useSession.getState().openProject('/projects/generated.calib');
