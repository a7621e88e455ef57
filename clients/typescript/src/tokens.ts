const RENEW_BEFORE_MS = 60_000;

/** The caller's token, renewed a minute before it ends, and in the last fifth of a life shorter than five. */
export class TokenSource {
  readonly #fetchToken: () => Promise<string>;
  #token: string | undefined;
  #endsAt = 0;
  #renewAt = 0;
  #renewal: Promise<string> | undefined;

  /** `fetchToken` returns a new JWT, or throws, which is passed on to who needs one. */
  constructor(fetchToken: () => Promise<string>) {
    this.#fetchToken = fetchToken;
  }

  /** Return a token that counts now. While it does, nobody waits for the next, nor fails for want of it. */
  async get(): Promise<string> {
    const now = Date.now();
    if (this.#token === undefined || now >= this.#endsAt) return this.#renew();
    if (now >= this.#renewAt) this.#renew().catch(() => undefined);
    return this.#token;
  }

  /** Return another token than the one that the server refused. */
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
    const askedAt = Date.now();
    const token = await this.#fetchToken();
    const lifeMs = lifeSeconds(token) * 1000;
    this.#token = token;
    this.#endsAt = askedAt + lifeMs;
    this.#renewAt = this.#endsAt - Math.min(RENEW_BEFORE_MS, lifeMs / 5);
    return token;
  }
}

/** Read how long a token lives, by the clock of its issuer, since this machine's may be wrong. */
function lifeSeconds(token: string): number {
  const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
  const { iat, exp } = JSON.parse(atob(payload)) as { iat: number; exp: number };
  return exp - iat;
}
