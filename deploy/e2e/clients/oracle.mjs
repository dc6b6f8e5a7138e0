// npm oidc-provider, certified by the OpenID Foundation, with one client of client credentials: what Mudeung's token
// endpoint is compared with. Prints a line when it listens.
import Provider from 'oidc-provider';

const [port, clientId, clientSecret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'catalog.read usage.read',
  }],
  scopes: ['catalog.read', 'usage.read'],
  features: { clientCredentials: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true } },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
