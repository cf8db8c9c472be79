"""An origin's HTTP API as SRS serves it, with as many streams and clients as a test wants.

No real origin has 10,000 streams, answers garbage or stays silent on demand, so this one is a fake.
"""

import http.server
import json
import threading
import urllib.parse

from support.ports import free_port

_NOT_FOUND = {"vhosts": 2014, "streams": 2048, "clients": 2049}


class SrsApiOrigin:
    """`instead(handler)`, when set, answers in place of it: what it returns is the body; None: it
    has answered itself."""

    def __init__(self, server="srs", streams=0, clients=0):
        self.server = server
        self.rtmp_port = free_port()  # Registrations need one; nobody listens there.
        self.lists = {
            "vhosts": [{"id": f"vid-{server}", "name": "__defaultVhost__", "streams": streams}],
            "streams": [{"id": f"vid-{server}-{number:05}", "name": f"{server}-{number}",
                         "vhost": f"vid-{server}", "live_ms": 1763840000000 + number,
                         "kbps": {"recv_30s": number}} for number in range(streams)],
            "clients": [{"id": f"{server}-{number:05}", "vhost": f"vid-{server}", "alive": 0.57}
                        for number in range(clients)],
        }
        self.instead = None
        self.requests = []  # (method, target, fields)
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self):
                origin.requests.append((self.command, self.path, dict(self.headers)))
                body = origin.instead(self) if origin.instead else origin.answer(self)
                if body is None:
                    return
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_DELETE = do_GET

            def log_message(self, format_, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                """Proxies that close in the middle are part of the tests."""

        self._http = Server(("127.0.0.1", 0), Handler)
        self.api_port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def registration(self, **changes):
        return {"ip": "127.0.0.1", "server": self.server, "service": "s", "pid": "1",
                "rtmp": [str(self.rtmp_port)], "api": [str(self.api_port)]} | changes

    def answer(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        _, _, _, name, *rest = url.path.split("/")
        body = {"code": 0, "server": self.server, "service": "s", "pid": "1"}
        if name == "versions":
            return body | {"data": {"major": 7, "minor": 0, "revision": 18, "version": "7.0.18"}}
        if name == "summaries":
            return body | {"data": {"ok": True, "now_ms": 1,
                                    "self": {"version": "7.0.18", "mem_kbyte": 100},
                                    "system": {"cpu_percent": 0.25, "conn_srs": 3}}}
        items = self.lists[name]
        if rest in ([], [""]):
            start = max(0, int(query.get("start", 0)))
            count = max(10, int(query.get("count", 0)))
            paged = items if name == "vhosts" else items[start:start + count]
            return body | {name: paged}
        found = next((item for item in items if item["id"] == rest[0]), None)
        if found is None:
            return {"code": _NOT_FOUND[name]}
        if handler.command == "DELETE":
            items.remove(found)
            return body
        return body | {name[:-1]: found}

    def asked(self, prefix=""):
        return [target for _, target, _ in self.requests if target.startswith(prefix)]

    def stop(self):
        """May be called again."""
        self._http.shutdown()
        self._http.server_close()
