/**
 * A thin client of a Mudeung sandbox. Paths, parameters and answers are typed from the server's own OpenAPI document; what is
 * written by hand here is what a document cannot say: where tokens come from, how lists go on, how rows stream, and how an
 * error reads.
 */
import createFetchClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
export type Problem = components["schemas"]["Problem"];

export interface Options {
  /** The sandbox, for instance `https://sandbox.example`. */
  url: string;
  /** Where access tokens come from. In a browser it is your own server that asks for them: a secret never belongs there. */
  token: TokenSource;
  /** The language of titles and errors. */
  language?: "ko" | "en";
  /** Another `fetch`, for tests and proxies. */
  fetch?: (request: Request) => Promise<Response>;
}

/** Gives a token with some life left; asked again with `renew` after one was refused. */
export type TokenSource = (renew: boolean) => Promise<string>;

/** An error of the server: `code` is from its closed table and has a page at `/docs/problems/{code}`. */
export class SandboxError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Partial<Problem>;
  /** Seconds to wait before trying again, where the server says so. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: Partial<Problem>, retryAfter?: number) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`);
    this.name = "SandboxError";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** Tokens by client credentials, for programs that can keep a secret. Calls at the same time share one token. */
export function clientCredentials(
  url: string,
  clientId: string,
  clientSecret: string,
  options: { scope?: string; fetch?: (request: Request) => Promise<Response> } = {},
): TokenSource {
  const send = options.fetch ?? ((request: Request) => fetch(request));
  let held: { token: string; renewAt: number } | undefined;
  let asking: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    if (options.scope !== undefined) form.set("scope", options.scope);
    const basic = btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
    const asked = Date.now();
    const answer = await send(
      new Request(`${trimmed(url)}/oauth2/token`, {
        method: "POST",
        headers: { authorization: `Basic ${basic}`, accept: "application/json" },
        body: form,
        // A redirect must not carry the secret to another place.
        redirect: "error",
      }),
    );
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    if (!answer.ok || typeof body["access_token"] !== "string") {
      const detail = String(body["error_description"] ?? "the token endpoint refused");
      throw new SandboxError(answer.status, { code: String(body["error"] ?? "unknown"), detail }, retryAfter(answer));
    }
    const lifetime = Number(body["expires_in"] ?? 300) * 1000;
    held = { token: body["access_token"], renewAt: asked + lifetime - Math.min(60_000, lifetime / 4) };
    return held.token;
  };
  return (renew) => {
    if (!renew && held !== undefined && Date.now() < held.renewAt) return Promise.resolve(held.token);
    asking ??= ask().finally(() => (asking = undefined));
    return asking;
  };
}

/** A client whose calls are typed by the server's document: `sandbox.GET("/v1/datasets", {})`. */
export function connect(options: Options): Client<paths> {
  const send = options.fetch ?? ((request: Request) => fetch(request));
  const authorized = async (request: Request): Promise<Response> => {
    // A body can be sent once; the second try has its own copy.
    const again = request.clone();
    const answer = await send(signed(request, await options.token(false), options.language));
    if (answer.status !== 401) return answer;
    await answer.body?.cancel();
    return send(signed(again, await options.token(true), options.language));
  };
  const client = createFetchClient<paths>({ baseUrl: trimmed(options.url), fetch: authorized });
  const errors: Middleware = {
    async onResponse({ response }) {
      if (response.ok || response.status === 304) return undefined;
      const problem = (await response.clone().json().catch(() => ({}))) as Partial<Problem>;
      throw new SandboxError(response.status, problem, retryAfter(response));
    },
  };
  client.use(errors);
  return client;
}

/** All items of a list that comes in pages: `for await (const item of pages((cursor) => …))`. */
export async function* pages<Item>(
  page: (cursor: string | undefined) => Promise<{ data?: { items: readonly Item[]; next_cursor?: string | null } }>,
): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const { data } = await page(cursor);
    if (data === undefined) return;
    yield* data.items;
    const next = data.next_cursor ?? undefined;
    if (next !== undefined && next === cursor) throw new Error("the list does not end: its cursor repeats");
    cursor = next;
  } while (cursor !== undefined);
}

/** Rows of a table as they arrive, one object each; leaving the loop ends the answer. */
export async function* rows(
  options: Options,
  table: string,
  query: { columns?: readonly string[]; filter?: string; limit?: number; version?: number } = {},
): AsyncGenerator<Record<string, unknown>> {
  const [dataset, tier, name, ...rest] = table.split(".");
  if (!dataset || !tier || !name || rest.length > 0) throw new Error(`name the table dataset.tier.table, not ${table}`);
  const { data } = await connect(options).GET("/v1/datasets/{dataset}/{tier}/tables/{table}/rows", {
    params: {
      path: { dataset, tier, table: name },
      query: {
        format: "jsonl",
        ...(query.columns === undefined ? {} : { columns: query.columns.join(",") }),
        ...(query.filter === undefined ? {} : { filter: query.filter }),
        ...(query.limit === undefined ? {} : { limit: query.limit }),
        ...(query.version === undefined ? {} : { version: String(query.version) }),
      },
    },
    parseAs: "stream",
  });
  if (data !== null && data !== undefined) yield* lines(data as ReadableStream<Uint8Array>);
}

/** Rows of a synthetic table, made anew: simulated, of nobody. The same seed makes the same rows. */
export async function* synthesize(
  options: Options,
  dataset: string,
  table: string,
  query: { rows?: number; seed?: number; columns?: readonly string[]; version?: number } = {},
): AsyncGenerator<Record<string, unknown>> {
  const { data } = await connect(options).POST("/v1/synthetic/{dataset}/{table}", {
    params: {
      path: { dataset, table },
      query: {
        format: "jsonl",
        ...(query.rows === undefined ? {} : { rows: query.rows }),
        ...(query.seed === undefined ? {} : { seed: query.seed }),
        ...(query.columns === undefined ? {} : { columns: query.columns.join(",") }),
        ...(query.version === undefined ? {} : { version: String(query.version) }),
      },
    },
    parseAs: "stream",
  });
  if (data !== null && data !== undefined) yield* lines(data as ReadableStream<Uint8Array>);
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let left = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      left += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const whole = left.split("\n");
      left = whole.pop() ?? "";
      for (const line of whole) if (line !== "") yield JSON.parse(line) as Record<string, unknown>;
      if (done) break;
    }
    if (left !== "") throw new Error("the answer was cut in the middle of a row");
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function signed(request: Request, token: string, language: "ko" | "en" | undefined): Request {
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${token}`);
  if (language !== undefined) headers.set("accept-language", language);
  return new Request(request, { headers });
}

function retryAfter(response: Response): number | undefined {
  const text = response.headers.get("retry-after");
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, "");
}
