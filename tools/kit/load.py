# SPDX-License-Identifier: Apache-2.0
"""Whole servers under the same load: Sallyport and Kamailio (for voice: the rtpengine it tells) between the callers and the
callee that bench_load plays, with the same certificates and the same messages. What is compared is the server's own
CPU per call or packet, so that the generator, which shares the cores, does not count."""
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

from . import kamailio, rtpengine
from .edge import DOMAIN, Build, Edge, initialise
from .process import Process, ProcessError, await_port, free_port

# A proxy that stays in the path and does nothing else: no log line, no media, no judgement of the caller. One
# TCP child: with two, 5.6.3 frees TLS memory twice and dies (tlsf_free: freeing already freed pointer).
KAMAILIO_ROUTING = """\
#!KAMAILIO
debug=-1
log_stderror=yes
fork=yes
children=1
tcp_children=1
tcp_max_connections=20000
tcp_connection_lifetime=600
auto_aliases=no
enable_tls=yes
tls_max_connections=20000
listen=tls:{address}
mpath="{modules}"
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tls", "config", "{tls}")
modparam("rr", "enable_full_lr", 1)
{media_modules}

request_route {{
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ {media_request} t_relay(); exit; }}
    if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
    if (!is_method("ACK")) sl_send_reply("481", "Call Does Not Exist");
    exit;
  }}
  if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
  {media_request}
  record_route();
  $du = "sip:{callee};transport=tls";
  if (!t_relay()) sl_reply_error();
}}
{media_response}
"""

# One side is offered to leave RTCP in clear: with the same keys on both, rtpengine would pass voice on as it came. Nobody
# here sends RTCP, and the generator does not know that offer, so it does not see it.
RTPENGINE_MODULES = """\
loadmodule "textopsx.so"
loadmodule "rtpengine.so"
modparam("rtpengine", "rtpengine_sock", "udp:{address}")
"""
RTPENGINE_REQUEST = """
  if (is_method("BYE")) rtpengine_delete();
  else if (has_body("application/sdp")) {
    rtpengine_offer("replace-origin replace-session-connection ICE=remove DTLS=off SDES-unencrypted_srtcp");
    msg_apply_changes();
    replace_body_all(" UNENCRYPTED_SRTCP", "");
  }
"""
RTPENGINE_RESPONSE = """\
onreply_route {
  if (has_body("application/sdp")) rtpengine_answer("replace-origin replace-session-connection");
}
"""

# What stands in the way of one identity from one address making every call there is.
LIFTED_GUARD = {
    "source_call_rate": '{ mode = "enforce", calls_per_second = 100000, burst = 100000 }',
    "identity_call_rate": '{ mode = "enforce", calls_per_second = 100000, burst = 100000 }',
    "identity_request_rate": '{ mode = "enforce", per_second = 100000, burst = 100000 }',
    "source_concurrency": '{ mode = "enforce", max_concurrent = 100000 }',
    "identity_concurrency": '{ mode = "enforce", max_concurrent = 100000 }',
    "peer_concurrency": '{ mode = "enforce", max_concurrent = 100000 }',
}
LIFTED_LISTENER = {"max_connections": "20000", "handshakes_per_source": "10000"}



class LoadError(Exception):
    pass


class Ground:
    """What both systems stand on in one run: the certificates of `sallyport init`, and where everybody listens."""

    def __init__(self, build, folder):
        self.build, self.folder = build, pathlib.Path(folder)
        self.callee, self.address = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.state = self.folder / "state"
        initialise(build, self.state, self.address, {"caller": "", "callee": self.callee})
        self.ca = self.state / "ca/ca.pem"
        self.edge_identity = (self.state / "edge.pem", self.state / "edge.key")

    def phone(self, name):
        return self.state / f"phones/{name}.pem", self.state / f"phones/{name}.key"


def with_settings(text, section, settings):
    """A configuration with these settings of one section said anew, whether they stood there, as a comment, or
    not at all. `section` is its heading: "[guard]", "[[listener]]"."""
    lines, inside, done = [], False, False
    for line in text.splitlines():
        if re.match(r"^\[", line):
            inside = line.strip() == section and not done
            lines.append(line)
            if inside:
                done = True
                lines += [f"{name} = {value}" for name, value in settings.items()]
            continue
        if inside and any(re.match(rf"^(# )?{name}\s*=", line) for name in settings):
            continue
        lines.append(line)
    if not done:
        raise LoadError(f"the configuration has no {section}")
    return "\n".join(lines) + "\n"


class SallyportServer:
    """The edge as `sallyport init` sets it up, its rates lifted; media suites as asked."""

    name = "Sallyport"

    def __init__(self, ground, suite="AEAD_AES_256_GCM"):
        config = ground.state / "sallyport.toml"
        text = with_settings(config.read_text(), "[guard]", LIFTED_GUARD)
        text = with_settings(text, "[[listener]]", LIFTED_LISTENER)
        policy = {"tier": '"compatible"', "suites": f'["{suite}"]', "max_calls": "100000", "call_rate": "100000.0"}
        text = with_settings(with_settings(text, "[devices]", policy), "[[peer]]", policy)
        config.write_text(text)
        self.edge = Edge(ground.build, config)
        self.pid = self.edge.process.child.pid

    def stop(self):
        self.edge.stop()


class KamailioServer:
    """Kamailio between the same two, with the edge's certificate."""

    name = "Kamailio"
    media = {"media_modules": "", "media_request": "", "media_response": ""}

    def __init__(self, ground):
        folder = ground.folder / "kamailio"
        folder.mkdir(exist_ok=True)
        tls, routing = folder / "tls.cfg", folder / "kamailio.cfg"
        tls.write_text(kamailio.TLS.format(cert=ground.edge_identity[0], key=ground.edge_identity[1], ca=ground.ca))
        routing.write_text(KAMAILIO_ROUTING.format(address=ground.address, modules=kamailio.MODULES, tls=tls,
                                                   callee=ground.callee, **self.media))
        self.process = Process([kamailio.PROGRAM, "-f", routing, "-DD", "-E", "-m", "512", "-M", "8", "-x", "tlsf",
                                "-Y", folder, "-w", folder], cwd=folder)
        try:
            await_port(ground.address, lambda: self.process.child.poll() is None)
        except ProcessError:
            self.process.stop()
            raise
        self.pid = self.process.child.pid

    def stop(self):
        self.process.stop()


class RtpengineServer(KamailioServer):
    """rtpengine in user space, told by Kamailio what to relay; what it costs is its own alone, without signalling."""

    name = "rtpengine"

    def __init__(self, ground):
        self.relay = rtpengine.Rtpengine(ground.folder / "rtpengine", ports=10_000, first=30_000, level=3)
        self.media = {"media_modules": RTPENGINE_MODULES.format(address=self.relay.address), "media_request": RTPENGINE_REQUEST,
                      "media_response": RTPENGINE_RESPONSE}
        try:
            super().__init__(ground)
        except ProcessError:
            self.relay.stop()
            raise
        self.pid = self.relay.pid

    def stop(self):
        super().stop()
        self.relay.stop()


class Cell:
    """One kind of load: what bench_load is told, which figure of it is the price, and what else is shown."""

    def __init__(self, title, mode, price, unit, shown, options, suite="AEAD_AES_256_GCM"):
        self.title, self.mode, self.price, self.unit, self.shown = title, mode, price, unit, shown
        self.options, self.suite = options, suite

    def server(self, system, ground):
        return SallyportServer(ground, self.suite) if system is SallyportServer else system(ground)

    def systems(self):
        return [RtpengineServer if self.mode == "media" else KamailioServer, SallyportServer]


def cells(scale=1.0):
    """The loads of docs/performance.md. `scale` under 1 makes them small, for a proof that they run."""
    def some(count):
        return max(4, int(count * scale))

    calls = {"--rate": 300, "--count": some(1_500), "--warm-up": some(150), "--connections": 8}
    visits = {"--rate": 80, "--count": some(320), "--warm-up": some(40), "--max-in-flight": 8}
    talk = {"--rate": 50, "--count": some(500), "--talk": max(1, int(10 * scale)), "--connections": 4}
    found = [
        Cell("calls, both legs mTLS", "calls", "server_us_per_call", "us/call",
             ("setup_p50_us", "setup_p99_us", "completed", "placed"), calls),
        Cell("full mTLS handshake + OPTIONS", "handshakes", "server_us_each", "us each",
             ("answer_p50_us", "answer_p99_us", "answered"), visits),
        Cell("idle connections", "idle", "server_kb_each", "kB each", ("answered", "server_us_each"),
             {"--rate": 80, "--connections": some(500), "--warm-up": some(40), "--max-in-flight": 8}),
    ]
    for suite in ("AEAD_AES_256_GCM", "AES_CM_128_HMAC_SHA1_80"):
        found.append(Cell(f"media, {suite}", "media", "server_ns_per_packet", "ns/packet",
                          ("packets_per_second", "loss_percent", "delay_p50_us", "delay_p99_us", "server_busy_cores",
                           "server_kb_per_call", "generator_ns_per_packet"), {**talk, "--suite": suite}, suite=suite))
    return found


def generate(generator, ground, pid, cell):
    """One run of bench_load; its report."""
    caller, callee = ground.phone("caller"), ground.phone("callee")
    argv = [generator, cell.mode, "--server", ground.address, "--answer", ground.callee, "--ca", ground.ca,
            "--server-name", f"edge.{DOMAIN}", "--domain", DOMAIN, "--caller-cert", caller[0], "--caller-key", caller[1],
            "--callee-cert", callee[0], "--callee-key", callee[1], "--server-pid", pid]
    for name, value in cell.options.items():
        argv += [name, value]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=180.0,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise LoadError(f"bench_load {cell.mode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def run_once(build, generator, cell, system):
    """Everything fresh: certificates, server, generator."""
    with tempfile.TemporaryDirectory(prefix="sallyport-load-") as folder:
        ground = Ground(build, folder)
        server = cell.server(system, ground)
        try:
            return generate(generator, ground, server.pid, cell)
        finally:
            server.stop()


def prove(build_folder, say=print):
    """That the generator and the edge get along: a few calls, every one of them completed."""
    build, generator = Build(build_folder), pathlib.Path(build_folder) / "bench/bench_load"
    if not build.sallyport.exists() or not generator.exists():
        raise LoadError(f"no sallyport or no bench_load in {build_folder}")
    report = run_once(build, generator, cells(0.02)[0], SallyportServer)
    if report["completed"] != report["placed"] or not report["completed"]:
        raise LoadError(f"calls through the edge did not complete: {report}")
    say(f"\nbench_load: {report['completed']:.0f} calls through the edge")


def measure(build_folder, repetitions, only="", scale=1.0, say=print):
    """All cells, the systems taking turns within each repetition: what troubles the machine troubles both."""
    build, generator = Build(build_folder), pathlib.Path(build_folder) / "bench/bench_load"
    if not build.sallyport.exists() or not generator.exists():
        raise LoadError(f"no sallyport or no bench_load in {build_folder}")
    absent = {KamailioServer: kamailio.missing(), RtpengineServer: kamailio.missing() or rtpengine.missing()}
    for system, why in absent.items():
        if why:
            say(f"   without {system.name}: {why}")
    results = []
    for cell in cells(scale):
        if not re.search(only, cell.title):
            continue
        systems = [system for system in cell.systems() if not absent.get(system)]
        runs = {system.name: [] for system in systems}
        for _ in range(repetitions):
            for system in systems:
                report = run_once(build, generator, cell, system)
                report["load_average"] = os.getloadavg()[0]
                runs[system.name].append(report)
        results.append({"cell": cell.title, "price": cell.price, "unit": cell.unit, "runs": runs})
        say("\n".join(describe(cell, runs)))
    return results


def values(runs, figure):
    return [run[figure] for run in runs]


def describe(cell, runs):
    """Lines to print: the price per system, median and spread, and how it compares with Kamailio's."""
    lines = [f"\n-- {cell.title}: server, {cell.unit}"]
    peer = next((name for name in runs if name != SallyportServer.name), None)
    for system, reports in runs.items():
        prices = values(reports, cell.price)
        price = statistics.median(prices)
        line = f"   {system:<10} {price:>9,.1f}  ({min(prices):,.1f} - {max(prices):,.1f})"
        if peer and system != peer and price > 0:
            line += f"  {peer} {statistics.median(values(runs[peer], cell.price)) / price:.2f}x that"
        lines.append(line)
        shown = ", ".join(f"{name} {statistics.median(values(reports, name)):,.1f}" for name in cell.shown)
        lines.append(f"{'':14}{shown}")
        for report in reports:
            if report["failures"]:
                lines.append(f"{'':14}failures: {report['failures']} {report.get('trouble', '')}")
    return lines
