"""A provider of OpenID Connect on this machine, which a test makes lie as it likes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "order hub", "se:cret/+ ü"
#: Made once: an RSA key takes its time.
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}, auto_kid=False)
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}, auto_kid=False)


class Provider:
    """The provider.

    Attributes:
        change: changes the claims of the next tokens.
        sign: makes a token of the claims.
        keys: the keys that the provider shows.
        status: the status of its answers.
        discovery: further members of the discovery document.
        asked: the paths that were asked for.
    """

    def __init__(self) -> None:
        self.url = ""
        self.now = 0.0
        self.status = 200
        self.change: Callable[[dict[str, Any]], Any] = lambda claims: None
        self.sign: Callable[[dict[str, Any]], str] = sign_with(RSA)
        self.keys = [RSA]
        self.discovery: dict[str, Any] = {}
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def log_in(self, url: str, subject: str) -> tuple[str, str]:
        """Play the browser and the person at the provider: return the state and the code that come back."""
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query, strict_parsing=True))
        assert (parts.path, query["client_id"], query["response_type"]) == ("/authorize", CLIENT, "code")
        assert (query["scope"], query["code_challenge_method"]) == ("openid", "S256")
        code = f"code-{len(self._codes)}"
        self._codes[code] = {**query, "sub": subject}
        return query["state"], code

    def answer(self, path: str, body: bytes, authorization: str) -> tuple[int, Any]:
        """Answer a request."""
        self.asked.append(path)
        if self.status != 200:
            return self.status, {}
        if path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return 200, {"issuer": self.url, **{k: self.url + v for k, v in places.items()}, **self.discovery}
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.keys]}
        fields = dict(urllib.parse.parse_qsl(body.decode()))
        named = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if [urllib.parse.unquote(part) for part in named.split(":")] != [CLIENT, SECRET]:
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(fields["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(fields["code_verifier"].encode()).digest()).decode()
        if asked is None or challenge.rstrip("=") != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if fields["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": asked["sub"],
            "nonce": asked["nonce"],
            "iat": int(self.now),
            "exp": int(self.now) + 300,
        }
        self.change(claims)
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)}


def sign_with(key: RSAKey | ECKey, algorithm: str = "RS256", kid: str = "rsa") -> Callable[[dict[str, Any]], str]:
    """Return the function that signs claims with a key."""
    return lambda claims: jwt.encode({"alg": algorithm, "kid": kid}, claims, key, algorithms=[algorithm])


@contextlib.contextmanager
def open_id_provider() -> Iterator[Provider]:
    """A provider on a free port of this machine."""
    provider = Provider()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, document = provider.answer(self.path, body, self.headers.get("Authorization", ""))
            written = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_POST = do_GET  # noqa: N815  # the server's own name

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
