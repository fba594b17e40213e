"""A forward proxy that opens tunnels (CONNECT) and keeps what it was asked."""

import base64
import socket
import threading
from typing import List, Optional

from plain_http import Broken, Reader


class ForwardProxy:
    """Listens on 127.0.0.1; with `login` ("user:password") it asks for it."""

    def __init__(self, login: str = ""):
        self._wanted: Optional[str] = None
        if login:
            self._wanted = "Basic " + base64.b64encode(
                login.encode()).decode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: List[socket.socket] = []
        self.asked: List[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return "127.0.0.1:%d" % self._listener.getsockname()[1]

    def __enter__(self) -> "ForwardProxy":
        return self

    def __exit__(self, *_) -> None:
        for one in [self._listener, *self._open]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,),
                             daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            first, headers = Reader(client.recv).head()
        except Broken:
            return
        self.asked.append(first)
        method, target, _ = first.split(" ")
        given = {name.lower(): value for name, value in headers}
        if self._wanted and given.get("proxy-authorization") != self._wanted:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                           b"Content-Length: 0\r\n\r\n")
            return
        if method != "CONNECT":
            client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\n"
                           b"Content-Length: 0\r\n\r\n")
            return
        host, _, port = target.rpartition(":")
        server = socket.create_connection((host, int(port)))
        self._open.append(server)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_copy, args=(server, client),
                         daemon=True).start()
        _copy(client, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while True:
            data = source.recv(1 << 16)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
