import type { Problem, Task } from "./types.ts";

/** The server refused the request, or failed, and said so (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name: string = "ApiProblem";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  /** What is wrong with each field of the body, such as `title` or `due`. */
  get fields(): Map<string, string> {
    const messages = new Map<string, string>();
    for (const { loc, msg } of this.problem.errors ?? []) {
      if (loc[0] === "body" && loc.length > 1) messages.set(String(loc[1]), msg);
    }
    return messages;
  }
}

/** The task has changed since it was read: nothing was written. `latest` is how it stands now. */
export class Conflict extends ApiProblem {
  override readonly name = "Conflict";
  readonly latest: Task;

  constructor(problem: Problem, latest: Task) {
    super(problem);
    this.latest = latest;
  }
}

/** No answer came in time, on any attempt. A write may have been done all the same. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** `fetchToken` returned a value that is no use as a token. To ask for it again would not help. */
export class UnusableToken extends Error {
  override readonly name = "UnusableToken";
}

/** What openapi-fetch returns. */
export interface Result<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Return what was answered, or throw the problem. */
export function answered<Data>(result: Result<Data>): Data {
  if (result.response.ok) return result.data as Data;
  throw new ApiProblem(isProblem(result.error) ? result.error : unnamedProblem(result.response));
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "error_code" in error;
}

/** Describe an answer that is not the API's own, such as one of a proxy before it. */
function unnamedProblem({ status, statusText, url }: Response): Problem {
  return {
    type: "about:blank",
    title: statusText,
    status,
    detail: `the answer was ${status} ${statusText}`.trimEnd(),
    instance: url,
    error_code: "UNNAMED",
    timestamp: new Date().toISOString(),
    request_id: "",
  };
}
