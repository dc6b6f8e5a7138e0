// What one puts behind nginx's `auth_request` in an afternoon: the token is looked up, and a row says who asked for what
// before the answer. `node server.js PORT SOCKET_FOLDER DATABASE`.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import pg from "pg";

const [port, host, database] = process.argv.slice(2);
// As many commits at a time as the largest measurement has connections: PostgreSQL flushes them together.
const pool = new pg.Pool({ host, database, user: "tester", max: 64 });
await pool.query(
  "CREATE TABLE audit (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), token bytea, path text, range text)",
);

const insert = {
  name: "insert",
  text: "INSERT INTO audit (token, path, range) VALUES ($1, $2, $3)",
};

createServer(async (request, response) => {
  const bearer = request.headers.authorization;
  if (bearer === undefined) {
    response.writeHead(401).end();
    return;
  }
  const token = createHash("sha256").update(bearer).digest();
  const values = [token, request.headers["x-original-uri"], request.headers.range];
  try {
    await pool.query({ ...insert, values });
    response.writeHead(204).end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}).listen(Number(port), "127.0.0.1");
