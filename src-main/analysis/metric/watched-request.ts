import { cancelledError, type WorkbenchError } from '../../../src-shared/base/errors';

/** How often the time limit and a cancellation are looked at. */
const POLL_MS = 100;

/** A request to a user's metric that has no answer yet. */
export interface WaitingRequest<Answer> {
  readonly id: number;
  /** What the request is for, as errors say it: `for a.png` */
  readonly what: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: WorkbenchError) => void;
}

interface RequestWatch<Answer> {
  readonly id: number;
  readonly what: string;
  readonly timeoutSeconds: number;
  readonly isStopped: () => boolean;
  /** Called with the request, and with null when it has its answer or has failed. */
  readonly setWaiting: (waiting: WaitingRequest<Answer> | null) => void;
  /** Ends the metric, and rejects the request with the error. */
  readonly end: (error: WorkbenchError) => void;
  readonly lateError: () => WorkbenchError;
}

/** Waits for the answer to a request. The metric is ended if it answers too late or the job is cancelled meanwhile. */
export function watchedRequest<Answer>(watch: RequestWatch<Answer>): Promise<Answer> {
  const { id, what, timeoutSeconds, isStopped, setWaiting, end, lateError } = watch;
  const deadline = performance.now() + 1000 * timeoutSeconds;
  return new Promise<Answer>((resolve, reject) => {
    const timer = setInterval(() => {
      if (isStopped()) end(cancelledError());
      else if (performance.now() > deadline) end(lateError());
    }, POLL_MS);
    const settle = (): void => {
      clearInterval(timer);
      setWaiting(null);
    };
    setWaiting({
      id,
      what,
      resolve: (answer) => {
        settle();
        resolve(answer);
      },
      reject: (error) => {
        settle();
        reject(error);
      },
    });
  });
}
