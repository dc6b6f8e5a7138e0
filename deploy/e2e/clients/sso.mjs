// npm oidc-provider as a hospital's identity provider: whoever signs in with an e-mail address and any password is the one of
// that address. Its key is made anew at each start. Prints a line when it listens.
import { generateKeyPair, exportJWK } from 'jose';
import Provider from 'oidc-provider';

const [port, clientId, clientSecret, redirect] = process.argv.slice(2);
const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const key = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: crypto.randomUUID() };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['authorization_code'],
    redirect_uris: [redirect],
    response_types: ['code'],
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: true }) }),
  jwks: { keys: [key] },
  cookies: { keys: [crypto.randomUUID()] },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
