// Against a running demo, whose --json file MUDEUNG_E2E_JSON names.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SandboxError, clientCredentials, connect, pages, rows, synthesize } from "../dist/index.js";

const demo = JSON.parse(readFileSync(process.env.MUDEUNG_E2E_JSON, "utf8"));
const url = demo.base_url;
const { client_id, client_secret } = demo.client;
const counted = [];
const watched = async (request) => {
  counted.push(`${request.method} ${new URL(request.url).pathname}`);
  return fetch(request);
};
const token = clientCredentials(url, client_id, client_secret, { fetch: watched });
const options = { url: `${url}/`, token, language: "ko", fetch: watched };

test("datasets are listed, page by page, in the language that was asked for", async () => {
  const sandbox = connect(options);
  const list = (cursor) =>
    sandbox.GET("/v1/datasets", { params: { query: { limit: 1, ...(cursor ? { cursor } : {}) } } });
  const ids = [];
  for await (const dataset of pages(list)) ids.push(dataset.id);
  assert.ok(ids.length >= 3 && new Set(ids).size === ids.length, ids);
  assert.ok(counted.filter((call) => call === "GET /v1/datasets").length >= ids.length);
});

test("rows stream, and leaving the loop ends the answer", async () => {
  const [first] = (await connect(options).GET("/v1/datasets/{dataset}/{tier}", {
    params: { path: { dataset: "lymph_node", tier: "synthetic" } },
  })).data.tables;
  let seen = 0;
  for await (const row of rows(options, `lymph_node.synthetic.${first.name}`, { limit: 500, columns: first.columns.slice(0, 2) })) {
    assert.deepEqual(Object.keys(row), first.columns.slice(0, 2));
    seen += 1;
  }
  assert.equal(seen, Math.min(500, first.rows));
  for await (const row of rows(options, `lymph_node.synthetic.${first.name}`)) {
    assert.ok(row);
    break;
  }
});

test("SQL is answered, and a mistake says what is wrong", async () => {
  const sandbox = connect(options);
  const { data } = await sandbox.POST("/v1/query", { body: { sql: "select count(*) as n from lymph_node.synthetic.patient" } });
  assert.ok(data[0].n > 0);
  await assert.rejects(
    sandbox.POST("/v1/query", { body: { sql: "select nothing from lymph_node.synthetic.patient" } }),
    (error) => error instanceof SandboxError && error.status === 400 && error.code === "invalid_query",
  );
});

test("calls at the same time share one token, and a refused token is renewed once", async () => {
  let given = 0;
  const source = clientCredentials(url, client_id, client_secret, {
    fetch: (request) => {
      given += 1;
      return fetch(request);
    },
  });
  await Promise.all(Array.from({ length: 8 }, () => source(false)));
  assert.equal(given, 1);
  let stale = true;
  const withStale = async (renew) => {
    if (stale && !renew) return "not-a-token";
    stale = false;
    return source(renew);
  };
  const { data } = await connect({ ...options, token: withStale }).POST("/v1/query", {
    body: { sql: "select 1 as one from lymph_node.synthetic.patient limit 1" },
  });
  assert.deepEqual(data, [{ one: 1 }]);
});

test("a wrong secret is told as the token endpoint tells it", async () => {
  const wrong = clientCredentials(url, client_id, "wrong");
  await assert.rejects(wrong(false), (error) => error instanceof SandboxError && error.code === "invalid_client");
});

test("counts of persons need no grant", async () => {
  const sandbox = connect({ ...options, token: clientCredentials(url, demo.sandbox.client_id, demo.sandbox.client_secret) });
  const body = { table: "lymph_node.patient", epsilon: 0.01, by: [] };
  const first = await sandbox.POST("/v1/statistics", { body });
  const again = await sandbox.POST("/v1/statistics", { body });
  assert.deepEqual(first.data.cells, again.data.cells);
  assert.equal(again.data.charged, false);
});

test("rows are made anew, the same for the same seed", async () => {
  const query = { rows: 30, seed: 3, columns: ["person_id", "age"] };
  const twice = [];
  for (const _ of [1, 2]) {
    const made = [];
    for await (const row of synthesize(options, "hypertension_home_bp", "person", query)) made.push(row);
    twice.push(made);
  }
  assert.equal(twice[0].length, 30);
  assert.deepEqual(Object.keys(twice[0][0]), ["person_id", "age"]);
  assert.deepEqual(twice[0], twice[1]);
});
