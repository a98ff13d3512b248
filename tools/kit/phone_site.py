# SPDX-License-Identifier: Apache-2.0
"""The built web phone on an HTTPS port of its own, with the headers that web/phone/headers.json asks of whoever
serves it."""
import functools
import http.server
import json
import pathlib
import ssl
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FILES = ROOT / "build/web/phone"
HEADERS = ROOT / "web/phone/headers.json"


def missing():
    """Why the phone cannot be served here, or None."""
    return None if (FILES / "phone.js").exists() else "the web phone is not built (./dev web)"


class PhoneSite:
    """`config`: what config.json says. `sip`: a wss:// origin elsewhere that the page must be allowed to connect to."""

    def __init__(self, identity, host="localhost"):
        self.config, self.sip = {}, ""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, identity))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.origin = f"https://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def headers(self):
        wanted = json.loads(HEADERS.read_text())
        if self.sip:
            wanted["Content-Security-Policy"] = wanted["Content-Security-Policy"].replace("connect-src 'self'", f"connect-src 'self' {self.sip}")
        return wanted

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
                      ".svg": "image/svg+xml", ".json": "application/json"}

    def __init__(self, site, *arguments):
        self.site = site
        super().__init__(*arguments, directory=str(FILES))

    def do_GET(self):  # noqa: N802, a name of the library
        if self.path.partition("?")[0] != "/config.json":
            return super().do_GET()
        body = json.dumps(self.site.config).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self):
        for name, value in self.site.headers().items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_):
        pass
