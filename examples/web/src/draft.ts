/** Input that is not saved yet. It is kept for this window, also when the page is reloaded. */
export class Draft<Content> {
  readonly #key: string;

  constructor(userId: string, name: string) {
    this.#key = `draft:${userId}:${name}`;
  }

  get content(): Content | undefined {
    const kept = sessionStorage.getItem(this.#key);
    return kept === null ? undefined : (JSON.parse(kept) as Content);
  }

  keep(content: Content): void {
    sessionStorage.setItem(this.#key, JSON.stringify(content));
  }

  drop(): void {
    sessionStorage.removeItem(this.#key);
  }
}
