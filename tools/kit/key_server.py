# SPDX-License-Identifier: Apache-2.0
"""A token issuer's web server: its keys over HTTPS, as a test wants them."""
import http.server
import json
import ssl
import threading


class KeyServer:
    """Serves what `answer` says, (status, body), or with None keeps everybody waiting; counts who asks."""

    def __init__(self, cert, key, answer):
        self.answer, self.asked, self.over = answer, 0, threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                if outer.answer is None:
                    outer.over.wait(60)
                    return
                status, body = outer.answer
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # clients that do not believe us leave in the handshake
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}/keys.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
