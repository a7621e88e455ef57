import type { Problem, Task } from "./types.ts";

/** The response is an error, described by problem details (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name: string = "ApiProblem";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  /** The message for each field of the body, such as `title` or `due`. */
  get fields(): Map<string, string> {
    const messages = new Map<string, string>();
    for (const { loc, msg } of this.problem.errors ?? []) {
      if (loc[0] === "body" && loc.length > 1) messages.set(String(loc[1]), msg);
    }
    return messages;
  }
}

/** The task has changed since it was read, and nothing was written. `latest` is its present state. */
export class Conflict extends ApiProblem {
  override readonly name = "Conflict";
  readonly latest: Task;

  constructor(problem: Problem, latest: Task) {
    super(problem);
    this.latest = latest;
  }
}

/** No attempt got a response in time. A write may have been done nevertheless. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** `fetchToken` returned a value that can't be used as a token. Calling it again would not help. */
export class UnusableToken extends Error {
  override readonly name = "UnusableToken";
}

/** What openapi-fetch returns. */
export interface Result<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Return the data of a response, or throw its problem. */
export function dataOf<Data>(result: Result<Data>): Data {
  if (result.response.ok) return result.data as Data;
  throw new ApiProblem(isProblem(result.error) ? result.error : unnamedProblem(result.response));
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "error_code" in error;
}

/** Describe a response that is not the API's own, such as that of a proxy. */
function unnamedProblem({ status, statusText, url }: Response): Problem {
  return {
    type: "about:blank",
    title: statusText,
    status,
    detail: `the response was ${status} ${statusText}`.trimEnd(),
    instance: url,
    error_code: "UNNAMED",
    timestamp: new Date().toISOString(),
    request_id: "",
  };
}
