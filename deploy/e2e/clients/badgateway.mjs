// npm @badgateway/oauth2-client: discovery, client credentials, and its own fetch.
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

const [url, clientId, clientSecret] = process.argv.slice(2);
const client = new OAuth2Client({ server: url, clientId, clientSecret, discoveryEndpoint: '/.well-known/oauth-authorization-server' });
const token = await client.clientCredentials({ scope: ['catalog.read'] });
const fetcher = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials({ scope: ['catalog.read'] }) });
const answer = await fetcher.fetch(`${url}/v1/datasets`);
console.log(JSON.stringify({ token: { access_token: token.accessToken }, status: answer.status }));
