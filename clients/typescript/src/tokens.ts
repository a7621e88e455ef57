import { UnusableToken } from "./errors.ts";

const RENEW_BEFORE_MS = 60_000;

/** The user's token. It is renewed a minute before it expires, or in the last fifth of a life below five minutes. */
export class TokenSource {
  readonly #fetchToken: () => Promise<string>;
  #token: string | undefined;
  #endsAt = 0;
  #renewAt = 0;
  #renewal: Promise<string> | undefined;

  /** `fetchToken` returns a new JWT, or throws; its error is passed on. */
  constructor(fetchToken: () => Promise<string>) {
    this.#fetchToken = fetchToken;
  }

  /** Return the current token. A renewal before its end delays no caller, and may fail. */
  async get(): Promise<string> {
    const now = Date.now();
    if (this.#token === undefined || now >= this.#endsAt) return this.#renew();
    if (now >= this.#renewAt) this.#renew().catch(() => undefined);
    return this.#token;
  }

  /** Return the token that `fetchToken` has returned since, or returns now, after the server refused this one. */
  async replace(refused: string): Promise<string> {
    return this.#token === refused || this.#token === undefined ? this.#renew() : this.#token;
  }

  #renew(): Promise<string> {
    this.#renewal ??= this.#fetch().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #fetch(): Promise<string> {
    const requestedAt = Date.now();
    const token = await this.#fetchToken();
    const lifeMs = lifeSeconds(token, requestedAt) * 1000;
    this.#token = token;
    this.#endsAt = requestedAt + lifeMs;
    this.#renewAt = this.#endsAt - Math.min(RENEW_BEFORE_MS, lifeMs / 5);
    return token;
  }
}

/**
 * Return how long a token is valid, or throw UnusableToken.
 *
 * This machine's clock may be wrong, so the issuer's counts: `exp` minus `iat`. Without `iat`, a
 * token that has expired by this machine's clock lives for 0 seconds, and the server decides.
 */
function lifeSeconds(token: unknown, nowMs: number): number {
  const { iat, exp } = claimsOf(token);
  if (typeof exp !== "number") throw new UnusableToken("fetchToken returned a JWT without a numeric exp");
  if (typeof iat !== "number") return Math.max(0, exp - nowMs / 1000);
  if (exp <= iat) throw new UnusableToken("fetchToken returned a JWT that expires before it is issued");
  return exp - iat;
}

function claimsOf(token: unknown): { iat?: unknown; exp?: unknown } {
  if (typeof token !== "string")
    throw new UnusableToken(`fetchToken returned a value of type ${typeof token}, not a JWT`);
  const [, payload, ...rest] = token.split(".");
  try {
    const claims: unknown = JSON.parse(atob(payload?.replaceAll("-", "+").replaceAll("_", "/") ?? ""));
    if (rest.length === 1 && typeof claims === "object" && claims !== null) return claims;
  } catch {
    // The same as other text that is not a JWT.
  }
  throw new UnusableToken("fetchToken returned a string that is not a JWT");
}
