import { Unreachable } from "./errors.ts";

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 200;
const TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;
const TEMPORARY = new Set([429, 500, 502, 503, 504]);

export type Send = (request: Request) => Promise<Response>;

/**
 * Send a request up to four times, until the response is not a temporary failure.
 *
 * Every request of this API can be repeated: a POST has an Idempotency-Key. The pause
 * doubles from 200 ms, or is that of `Retry-After` if that is longer; a response that asks
 * for more than a minute is returned. Throws Unreachable when the last attempt got no
 * response within 10 s.
 */
export async function sendWithRetries(send: Send, request: Request): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const last = attempt === ATTEMPTS;
    let pauseMs = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
    try {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await send(new Request(request.clone(), { signal }));
      await response.clone().arrayBuffer(); // an incomplete response counts as none
      if (last || !TEMPORARY.has(response.status)) return response;
      pauseMs = Math.max(pauseMs, Number(response.headers.get("Retry-After") ?? 0) * 1000);
      if (pauseMs > LONGEST_PAUSE_MS) return response;
    } catch (cause) {
      request.signal.throwIfAborted();
      if (last) throw new Unreachable("the server can't be reached", { cause });
    }
    await pause(pauseMs, request.signal);
  }
}

/** Wait, or throw when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", abort, { once: true });
  });
}
