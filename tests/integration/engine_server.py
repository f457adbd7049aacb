"""An Engine API that does what a real daemon will not do on demand: it hangs, breaks off, drips, lies.

    with EngineServer(folder) as engine:
        engine.answers["GET /containers/json"] = hang            a function of the connection; or a (status, body) pair
        subprocess.run(…, env={"DOCKER_HOST": engine.address})
        engine.heads                                             their first lines and headers
        engine.requests                                          what was asked: ("GET", "/v1.41/containers/json?all=1", body)
"""
import contextlib
import json
import os
import re
import socket
import ssl
import threading
import time


def respond(connection, status, body=b"", headers=()):
    body = json.dumps(body).encode() if not isinstance(body, bytes) else body
    lines = ["HTTP/1.1 %d Whatever" % status, "Api-Version: 1.41", "Content-Length: %d" % len(body), *headers]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def begin_chunks(connection, status=200):
    connection.sendall(b"HTTP/1.1 %d OK\r\nApi-Version: 1.41\r\nTransfer-Encoding: chunked\r\n\r\n" % status)


def chunk(connection, data):
    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))


def lines(*objects, ends=True, status=200):
    """An answer that comes line by line, as pull, build and events do."""
    def answer(connection):
        begin_chunks(connection, status)
        for item in objects:
            chunk(connection, (item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\r\n")
        if ends:
            chunk(connection, b"")
        else:
            hang(connection)
    return answer


def frame(stream, data):
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def raw_stream(*parts, pause=0.0):
    """What exec and logs send: bytes until the connection ends."""
    def answer(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n")
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
    return answer


def hang(connection):
    connection.settimeout(60)
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def garbage(connection):
    connection.sendall(b"220 mail.example.com ESMTP\r\n")


def close(_connection):
    pass


def cut_in_chunk(connection):
    begin_chunks(connection)
    connection.sendall(b'1000\r\n[{"Id": "ab')


def cut_in_body(connection):
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{"Id": "ab')


def drip(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b" ")
            time.sleep(0.2)


def drip_head(connection):
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.2)


class EngineServer:
    def __init__(self, folder, tls=None, is_tcp=False):
        self.answers = {"GET /_ping": (200, b"OK")}
        self.requests, self.heads, self.connections, self.tls = [], [], [], None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(tls + "/server-cert.pem", tls + "/server-key.pem")
            self.tls.load_verify_locations(tls + "/ca.pem")
            self.tls.verify_mode = ssl.CERT_REQUIRED
        if tls or is_tcp:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.address = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        else:
            self.path = os.path.join(folder, "engine.sock")
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            self.listener.listen(16)
            self.address = "unix://" + self.path

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)  # left in accept(), it would take connections of the next server, which gets this descriptor
        self.listener.close()
        self.drop_connections()
        if self.address.startswith("unix:"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path)

    def drop_connections(self):
        """As a daemon does that is restarted."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(connection,), daemon=True).start()

    def serve_one(self, connection):
        with contextlib.suppress(OSError):
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            with connection:
                self.answer(connection)

    def answer(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                return
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        method, target = head.decode().split(" ")[:2]
        length = re.search(rb"content-length: (\d+)", head.lower())
        while length and len(body) < int(length.group(1)):
            body += connection.recv(65536)
        self.requests.append((method, target, body))
        self.heads.append(head.decode())
        name = "%s %s" % (method, re.sub(r"^/v[\d.]+", "", target.split("?")[0]))
        answer = self.answers.get(name, (404, {"message": "page not found"}))
        if callable(answer):
            answer(connection)
        else:
            respond(connection, *answer)
