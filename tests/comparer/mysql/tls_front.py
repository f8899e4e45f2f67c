"""Speaks TLS in front of a MySQL server that doesn't, so that the engine's own TLS can be tried."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SSL = 0x0800
"""The capability in the first two bytes of either side's."""


def certificate(folder: Path, name: str) -> Path:
    """A certificate that signs itself, with its key, for 127.0.0.1 or for another name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    is_address = name[0].isdigit()
    names = [x509.IPAddress(ipaddress.ip_address(name)) if is_address else x509.DNSName(name)]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def tls_front(host: str, port: int, pem: Path) -> Iterator[int]:
    """A port of this machine at which that server speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def serve() -> None:
        while True:
            try:
                client, _ = front.accept()
            except OSError:
                return
            threading.Thread(target=_relay, args=(client, host, port, context), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as front:
        serving = threading.Thread(target=serve)
        serving.start()
        yield front.getsockname()[1]
        front.shutdown(socket.SHUT_RDWR)
        serving.join()


def _relay(plain: socket.socket, host: str, port: int, context: ssl.SSLContext) -> None:
    with plain, socket.create_connection((host, port)) as server, contextlib.suppress(OSError, EOFError):
        greeting = bytearray(_packet(server))
        at = greeting.index(0, 5) + 1 + 4 + 8 + 1  # behind the version: number, salt, filler
        greeting[at : at + 2] = (int.from_bytes(greeting[at : at + 2], "little") | _SSL).to_bytes(2, "little")
        plain.sendall(greeting)
        _packet(plain)  # which asks for TLS, and nothing else
        with context.wrap_socket(plain, server_side=True) as client:
            _log_in(client, server)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _log_in(client: socket.socket, server: socket.socket) -> None:
    """What asks for TLS counts as a packet, which the server hasn't seen."""
    first = True
    while True:
        asked = bytearray(_packet(client))
        asked[3] -= 1
        if first:
            asked[4:6] = (int.from_bytes(asked[4:6], "little") & ~_SSL).to_bytes(2, "little")
        first = False
        server.sendall(asked)
        answer = bytearray(_packet(server))
        answer[3] += 1
        client.sendall(answer)
        if answer[4] in {0x00, 0xFF}:
            return


def _packet(source: socket.socket) -> bytes:
    head = _exactly(source, 4)
    return head + _exactly(source, int.from_bytes(head[:3], "little"))


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            socket.socket.shutdown(end, socket.SHUT_RDWR)
