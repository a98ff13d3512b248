# SPDX-License-Identifier: Apache-2.0
"""What somebody without a place in the configuration can try. Loopback only."""
import socket
import ssl

from . import clear_media

PROBE = (b"OPTIONS sip:edge.sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKprobe\r\n"
         b"From: <sip:nobody@example.net>;tag=1\r\nTo: <sip:edge.sallyport.test>\r\nCall-ID: probe\r\n"
         b"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")


def endpoint(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def tls_context(cert=None, key=None, minimum=ssl.TLSVersion.TLSv1_2, maximum=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT@SECLEVEL=0")  # a stranger may show the weakest of certificates
    context.minimum_version, context.maximum_version = minimum, maximum
    if cert:
        context.load_cert_chain(cert, key)
    return context


def knock(address, cert=None, key=None, say=PROBE, timeout=5.0):
    """Opens TLS as a stranger would and sends a SIP request. Returns (bytes heard back, how it ended)."""
    heard = b""
    try:
        with socket.create_connection(endpoint(address), timeout=timeout) as raw:
            with tls_context(cert, key).wrap_socket(raw) as tls:
                tls.sendall(say)
                while True:
                    chunk = tls.recv(65536)
                    if not chunk:
                        return heard, "closed"
                    heard += chunk
    except ssl.SSLError as error:
        return heard, f"tls alert: {error.reason or error}"
    except (ConnectionError, socket.timeout) as error:
        return heard, type(error).__name__


def knock_clear(address, say=PROBE, timeout=5.0):
    """Plain SIP over TCP at the TLS port."""
    heard = b""
    try:
        with socket.create_connection(endpoint(address), timeout=timeout) as raw:
            raw.sendall(say)
            while True:
                chunk = raw.recv(65536)
                if not chunk:
                    return heard, "closed"
                heard += chunk
    except (ConnectionError, socket.timeout) as error:
        return heard, type(error).__name__


def spray_rtp(address, packets=50, timeout=0.3):
    """Plain RTP datagrams at a media port; returns the datagrams heard back (none, it is hoped)."""
    host, port = endpoint(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    heard = []
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        out.settimeout(timeout)
        out.bind(("", 0))
        clear_media.allow(out.getsockname()[1], "what a stranger sprays")
        for number in range(packets):
            out.sendto(bytes([0x80, 0]) + number.to_bytes(2, "big") + bytes(8) + b"\x55" * 160, (host, port))
        try:
            while True:
                heard.append(out.recv(2048))
        except (socket.timeout, ConnectionError):
            return heard
