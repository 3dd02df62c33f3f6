/**
 * A queue in which at most `limit` requests run at a time. It takes a request, and returns a function that withdraws
 * this request if it has not started.
 */
export function requestQueue(limit: number): (request: () => Promise<void>) => () => void {
  let active = 0;
  const waiting: { readonly start: () => void }[] = [];
  return (request) => {
    const item = {
      start: () => {
        active += 1;
        void request().finally(() => {
          active -= 1;
          waiting.shift()?.start();
        });
      },
    };
    if (active < limit) item.start();
    else waiting.push(item);
    return () => {
      const at = waiting.indexOf(item);
      if (at >= 0) waiting.splice(at, 1);
    };
  };
}
