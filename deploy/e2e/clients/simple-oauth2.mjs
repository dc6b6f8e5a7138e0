// npm simple-oauth2: client credentials as its documentation shows them.
import { ClientCredentials } from 'simple-oauth2';

const [url, id, secret] = process.argv.slice(2);
const client = new ClientCredentials({ client: { id, secret }, auth: { tokenHost: url, tokenPath: '/oauth2/token' } });
const { token } = await client.getToken({ scope: 'catalog.read' });
const answer = await fetch(`${url}/v1/datasets`, { headers: { authorization: `Bearer ${token.access_token}` } });
console.log(JSON.stringify({ token, status: answer.status }));
