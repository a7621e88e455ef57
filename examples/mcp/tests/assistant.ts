import {
  type CallToolResult,
  Client,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";

export type Era = "legacy" | "auto";

/** What the user does when the assistant opens this URL in a browser. Returns what the assistant's callback gets. */
export type Grant = (url: URL) => Promise<URLSearchParams>;

/** An assistant on the user's machine: the official client, which keeps its registration and tokens in memory. */
export class Assistant implements OAuthClientProvider {
  readonly redirectUrl = "http://127.0.0.1:7777/callback";
  readonly clientMetadata: OAuthClientMetadata = {
    client_name: "Assistant",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  };
  /** The scopes that the user was asked for, each time. */
  readonly requested: string[][] = [];
  /** The version of the protocol that was agreed on. */
  version: string | undefined;
  #authorization: URL | undefined;
  #client: StoredOAuthClientInformation | undefined;
  #discovered: OAuthDiscoveryState | undefined;
  #tokens: StoredOAuthTokens | undefined;
  #verifier = "";
  readonly #mcpUrl: string;
  readonly #grant: Grant;
  readonly #era: Era;

  constructor(mcpUrl: string, grant: Grant, era: Era = "auto") {
    this.#mcpUrl = mcpUrl;
    this.#grant = grant;
    this.#era = era;
  }

  /** Call a tool. If the server requires it, get a token first, and call again. */
  async call(name: string, args: Record<string, unknown> = {}): Promise<CallToolResult> {
    const transport = new StreamableHTTPClientTransport(new URL(this.#mcpUrl), { authProvider: this });
    const client = new Client({ name: "assistant", version: "1" }, { versionNegotiation: { mode: this.#era } });
    try {
      await client.connect(transport);
      this.version = client.getNegotiatedProtocolVersion();
      return await client.callTool({ name, arguments: args });
    } catch (error) {
      if (!(error instanceof UnauthorizedError && this.#authorization)) throw error;
      await transport.finishAuth(await this.#grant(this.#authorization));
      this.#authorization = undefined;
    } finally {
      await client.close();
    }
    return this.call(name, args);
  }

  clientInformation = () => this.#client;
  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }
  discoveryState = () => this.#discovered;
  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovered = state;
  }
  tokens = () => this.#tokens;
  saveTokens(tokens: StoredOAuthTokens): void {
    this.#tokens = tokens;
  }
  codeVerifier = () => this.#verifier;
  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }
  redirectToAuthorization(url: URL): void {
    this.requested.push(url.searchParams.get("scope")?.split(" ") ?? []);
    this.#authorization = url;
  }
}
