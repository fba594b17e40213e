// A real OpenID provider on loopback, for the tests of single sign-on.
//
//   node provider.mjs SETTINGS.json
//
// Settings: port (0: any), accounts (a JSON file that is read for each sign-in:
// {"LOGIN": {"email", "email_verified", "groups"}}), kid, secret (of the
// client; none: a public one), claimsInToken, audience (put into ID tokens
// instead of the client's id). Prints {"ready": true, "url": …}.

import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { SignJWT, decodeJwt, importJWK } from "jose";
import Provider from "oidc-provider";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const key = {
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
    format: "jwk",
  }),
  kid: settings.kid,
  alg: "ES256",
  use: "sig",
};

const server = createServer();
server.listen(settings.port, "127.0.0.1", async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const client = {
    client_id: "cofferdam",
    application_type: "native",
    grant_types: [
      "authorization_code",
      "urn:ietf:params:oauth:grant-type:device_code",
    ],
    redirect_uris: ["http://127.0.0.1/callback"],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
    token_endpoint_auth_method: settings.secret ? "client_secret_basic" : "none",
    client_secret: settings.secret,
  };
  const provider = new Provider(url, {
    clients: [client],
    clientAuthMethods: ["none", "client_secret_basic"],
    jwks: { keys: [key] },
    cookies: { keys: ["only-for-a-test"] },
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      groups: ["groups"],
    },
    scopes: ["openid", "email", "groups"],
    conformIdTokenClaims: !settings.claimsInToken,
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    features: { deviceFlow: { enabled: true } },
    async findAccount(context, login) {
      const accounts = JSON.parse(readFileSync(settings.accounts, "utf8"));
      return {
        accountId: login,
        claims: async () => ({ sub: login, ...accounts[login] }),
      };
    },
  });
  if (settings.audience) {
    const signer = await importJWK(key, "ES256");
    provider.use(async (context, next) => {
      await next();
      if (context.path !== "/token" || !context.body?.id_token) return;
      const claims = decodeJwt(context.body.id_token);
      context.body.id_token = await new SignJWT({
        ...claims,
        aud: settings.audience,
      })
        .setProtectedHeader({ alg: "ES256", kid: key.kid })
        .sign(signer);
    });
  }
  server.on("request", provider.callback());
  console.log(JSON.stringify({ ready: true, url }));
});
