// npm openid-client: discovery, client_secret_basic and client_secret_post.
import * as client from 'openid-client';

const [url, id, secret, method] = process.argv.slice(2);
const methods = { basic: client.ClientSecretBasic, post: client.ClientSecretPost };
const config = await client.discovery(new URL(url), id, undefined, methods[method](secret), {
  algorithm: 'oauth2',
  execute: [client.allowInsecureRequests],
});
const token = await client.clientCredentialsGrant(config, { scope: 'catalog.read' });
const answer = await client.fetchProtectedResource(config, token.access_token, new URL('/v1/datasets', url), 'GET');
console.log(JSON.stringify({ token, status: answer.status }));
