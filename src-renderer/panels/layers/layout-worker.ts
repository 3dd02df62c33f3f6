import { layoutGraph, type LayoutReply, type LayoutRequest } from './graph-layout';

const REPORT_EVERY_MS = 100;
const post = (reply: LayoutReply): void => self.postMessage(reply);

self.onmessage = ({ data }: MessageEvent<LayoutRequest>): void => {
  let lastMs = performance.now();
  try {
    const layout = layoutGraph(data, (done, total) => {
      if (performance.now() - lastMs < REPORT_EVERY_MS) return;
      lastMs = performance.now();
      post({ type: 'progress', done, total });
    });
    post({ type: 'done', layout });
  } catch (error) {
    post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
};
