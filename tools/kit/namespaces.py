# SPDX-License-Identifier: Apache-2.0
"""Network namespaces of a test's own: a border whose kernel a test may fill, and hosts around it, each on a link to it.
What runs inside is started with prefix(host); everything ends with the `with` block, by its name."""
import contextlib
import ctypes
import json
import os
import secrets
import shutil
import subprocess

from . import clear_media
from .process import Process, ProcessError, run

BORDER = "border"
CLONE_NEWNET = 0x40000000


def missing():
    """Why there can be none here, or None."""
    for tool in ("ip", "nft"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = subprocess.run(["unshare", "-n", "nft", "list", "tables"], capture_output=True, text=True)
    return f"no nftables in a network namespace: {probe.stderr.strip()}" if probe.returncode else None


class Network:
    """`border`, and one namespace for each of `hosts`: the n-th is 10.77.n.2 and reaches the border as 10.77.n.1."""

    def __init__(self, *hosts):
        token = secrets.token_hex(3)
        self.names = {host: f"sallyport-{token}-{host}" for host in (BORDER, *hosts)}
        self.addresses = {}
        self.made, self.watch = [], None
        try:
            self._build(token, hosts)
        except ProcessError:
            self.close()
            raise

    def _build(self, token, hosts):
        for host, name in self.names.items():
            run(["ip", "netns", "add", name])
            self.made.append(name)
            self.run(host, "ip", "link", "set", "lo", "up")
        for number, host in enumerate(hosts, 1):
            near, far = f"sp{token}{number}", f"sp{token}{number}h"
            run(["ip", "link", "add", near, "netns", self.names[BORDER], "type", "veth", "peer", "name", far, "netns", self.names[host]])
            self._address(BORDER, near, f"10.77.{number}.1")
            self._address(host, far, f"10.77.{number}.2")
            self.run(host, "ip", "route", "add", "default", "via", f"10.77.{number}.1")
            self.addresses[host] = f"10.77.{number}.2"
        if clear_media.FOLDER in os.environ:  # what crosses the border is watched as everything else
            self.watch = Process([*self.prefix(BORDER), "/usr/bin/python3", clear_media.__file__, os.environ[clear_media.FOLDER]])
            self.watch.wait_line(lambda line: line == "watching")

    def behind(self, router, host, net="192.168.77"):
        """A namespace for one more host, `net`.2, that reaches the border through `router` alone, which gives its
        packets an address and a port of its own: a NAT that keeps no port (RFC 4787)."""
        token = secrets.token_hex(3)
        self.names[host] = f"sallyport-{token}-{host}"
        run(["ip", "netns", "add", self.names[host]])
        self.made.append(self.names[host])
        self.run(host, "ip", "link", "set", "lo", "up")
        near, far = f"sp{token}r", f"sp{token}h"
        run(["ip", "link", "add", near, "netns", self.names[router], "type", "veth", "peer", "name", far, "netns", self.names[host]])
        self._address(router, near, f"{net}.1")
        self._address(host, far, f"{net}.2")
        self.run(host, "ip", "route", "add", "default", "via", f"{net}.1")
        self.run(router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        rule = f"ip saddr {net}.0/24 ip daddr != {net}.0/24 masquerade random"
        self.run(router, "nft", "table ip home { chain out { type nat hook postrouting priority 100; " + rule + "; }; }")
        self.addresses[host] = f"{net}.2"

    @contextlib.contextmanager
    def inside(self, host):
        """What this thread opens meanwhile is opened there, and stays there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as here, open(f"/run/netns/{self.names[host]}") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                libc.setns(here.fileno(), CLONE_NEWNET)

    def _address(self, host, link, address):
        self.run(host, "ip", "address", "add", f"{address}/24", "dev", link)
        self.run(host, "ip", "link", "set", link, "up")

    def prefix(self, host):
        return ("ip", "netns", "exec", self.names[host])

    def run(self, host, *argv, **options):
        return run([*self.prefix(host), *argv], **options)

    def tables(self):
        """The border's nftables: (family, name)."""
        listed = json.loads(self.run(BORDER, "nft", "-j", "list", "tables").stdout)["nftables"]
        return [(each["table"]["family"], each["table"]["name"]) for each in listed if "table" in each]

    def elements(self):
        """What is open at the border, as lists of the parts of each element."""
        listed = json.loads(self.run(BORDER, "nft", "-j", "list", "table", "inet", "sallyport").stdout)["nftables"]
        return [element["elem"]["val"]["concat"] for each in listed if "set" in each for element in each["set"].get("elem", [])]

    def dropped(self):
        """Datagrams that the border's kernel has dropped."""
        listed = json.loads(self.run(BORDER, "nft", "-j", "list", "counter", "inet", "sallyport", "dropped").stdout)["nftables"]
        return next(each["counter"]["packets"] for each in listed if "counter" in each)

    def close(self):
        if self.watch:
            self.watch.stop()
        for name in self.made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        self.made = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
