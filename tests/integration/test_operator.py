# SPDX-License-Identifier: Apache-2.0
"""What the operator meets: mistakes explained, reloads that are whole or nothing, a process that holds no
privilege, and figures that can be scraped."""
import json
import os
import pathlib
import re
import socket
import stat
import urllib.request

import pytest
from conftest import ROOT  # noqa: F401
from kit import edge as edges, wire
from kit.process import ProcessError, free_port, run


def refuses_to_start(made, build, code):
    """The edge ends with status 1 and says the code."""
    done = run([build.sallyport, "run", "--config", made.config], check=False, timeout=20)
    assert done.returncode == 1 and code in done.stderr, done.stderr + done.stdout
    return done.stderr


def test_a_missing_certificate_is_named(border, build):
    made = border(run=False)
    (made.state / "edge.pem").unlink()
    assert "edge.pem" in refuses_to_start(made, build, "config.value.file")


def test_a_key_that_others_may_read_is_refused(border, build):
    made = border(run=False)
    (made.state / "edge.key").chmod(0o644)
    assert "edge.key" in refuses_to_start(made, build, "crypto.key.permissions")


def test_a_key_of_another_certificate_is_refused(border, build):
    made = border(run=False)
    (made.state / "edge.key").write_bytes((made.state / "phones/alice.key").read_bytes())
    refuses_to_start(made, build, "crypto.key.mismatch")


def test_a_busy_port_is_named(border, build):
    made = border(run=False)
    host, port = made.address.split(":")
    with socket.socket() as holder:
        holder.bind((host, int(port)))
        holder.listen()
        assert made.address in refuses_to_start(made, build, "net.bind.busy")


def test_a_second_edge_on_the_same_state_is_refused(border, build):
    made = border()
    done = run([build.sallyport, "run", "--config", made.config], check=False, timeout=20)
    assert done.returncode == 1 and ("net.unix.busy" in done.stderr or "store.file.busy" in done.stderr), done.stderr


def test_a_file_that_is_no_call_store_is_left_alone(border, build):
    made = border(run=False)
    (made.state / "cdr.sqlite").write_text("precious notes, not a database " * 50)
    refuses_to_start(made, build, "store.file.")
    assert (made.state / "cdr.sqlite").read_text().startswith("precious notes")


def test_every_problem_of_a_configuration_is_told_with_its_line(border, build):
    made = border(run=False, edit=lambda text: text.replace("[media]", "[media]\ncolour = \"blue\"", 1).replace('to = "bob"', 'to = "bobby"'))
    done = run([build.sallyport, "check", "--config", made.config, "--json"], check=False)
    problems = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {problem["code"] for problem in problems} >= {"config.key.unknown", "config.reference"}
    assert all(problem["line"] > 0 for problem in problems if problem["severity"] == "error")


def test_a_bad_reload_keeps_what_was(border):
    made = border()
    caller, callee, _, _ = made.establish()
    good = made.config.read_text()
    made.config.write_text(good + "\nnonsense\n")
    made.edge.reload()
    assert made.edge.wait_event(lambda e: e.get("code") == "edge.reload_refused")["reason"] == "config.invalid"
    made.config.write_text(good)
    (made.state / "edge.pem").write_text("no certificate")
    made.edge.reload()
    assert made.edge.wait_event(lambda e: e.get("code") == "edge.reload_refused")["reason"].startswith("crypto.")
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_a_reload_changes_certificates_and_routes_under_a_live_call(border, build):
    made = border()
    caller, callee, _, _ = made.establish()
    run([build.sallyport, "ca", "revoke", "--dir", made.state / "ca", "edge", "--reason", "superseded"])
    run([build.sallyport, "ca", "issue", "--dir", made.state / "ca", "--name", "edge", "--out", made.state, "--dns", f"edge.{edges.DOMAIN}"])
    made.config.write_text(made.config.read_text().replace('user = "bob"', 'user = "robert"'))
    made.edge.reload()
    made.edge.wait_event(lambda e: e.get("code") == "edge.reloaded")
    fresh = made.caller()
    fresh.send("INVITE", wire.sdp())
    assert fresh.wire.final().status == 404
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_a_peer_that_is_removed_loses_its_calls(border):
    made = border()
    caller, callee, _, _ = made.establish()
    text = made.config.read_text()
    made.config.write_text(re.sub(r"\n\[\[peer\]\]\n.*?(?=\n# Every request)", "\n", text, flags=re.S))
    made.edge.reload()
    assert made.ended()["reason"] == "call.peer_removed"
    assert caller.wire.request("BYE")


def test_the_process_holds_no_capability_and_leaves_no_core(border):
    made = border()
    process = pathlib.Path("/proc") / str(made.edge.process.child.pid)
    for thread in (process / "task").iterdir():
        status = (thread / "status").read_text()
        assert re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapPrm:\s+0+$", status, re.M), status
        assert "NoNewPrivs:\t1" in status
    assert re.search(r"Max core file size\s+0\s+0", (process / "limits").read_text())
    assert made.edge.ask("status")["capabilities"] == "none"


def test_control_is_the_owners_alone(border):
    made = border()
    mode = stat.S_IMODE(os.stat(made.state / "control.sock").st_mode)
    assert mode == 0o600


@pytest.mark.parametrize("line", ["", "{", "[]", '{"command":"explode"}', '{"command":7}', "x" * 100_000])
def test_nonsense_on_the_control_socket_harms_nothing(border, line):
    made = border()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5.0)
        client.connect(str(made.state / "control.sock"))
        try:
            client.sendall(line.encode() + b"\n")
            answer = client.recv(65536)
        except (ConnectionError, BrokenPipeError):
            answer = b""
    assert answer == b"" or b'"error"' in answer
    assert made.edge.ask("status")["workers"] >= 1


def test_metrics_are_there_to_scrape(border):
    port = free_port()
    made = border(edit=lambda text: text.replace('metrics = ""', f'metrics = "127.0.0.1:{port}"'))
    caller, _, _, _ = made.establish()
    caller.send("BYE")
    caller.wire.final("BYE")
    made.ended()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    assert re.search(r"^sallyport_calls_attempted_total.* 1", text, re.M), text[:2000]
    assert "certificate_expir" in text
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        assert answer.read() == b"ok\n"


def test_the_record_of_an_ended_call_is_in_the_store(border):
    made = border()
    caller, _, _, _ = made.establish()
    caller.send("BYE")
    caller.wire.final("BYE")
    call = made.ended()["call"]
    assert made.edge.ask("evidence", call)["end"]["code"] == "call.bye"
    records = made.edge.ask("status")["records"]
    assert records["lost"] == 0 and records["failing"] is False


@pytest.mark.parametrize("words, status", [([], 2), (["run", "--nonsense"], 2), (["calls", "--config", "/nonexistent.toml"], 1),
                                           (["evidence"], 2), (["ca", "issue"], 2), (["--help"], 0), (["version"], 0)])
def test_the_command_line_says_what_is_wrong(build, words, status):
    done = run([build.sallyport, *words], check=False)
    assert done.returncode == status
    assert done.stdout or done.stderr


def test_an_edge_that_does_not_run_is_said_to(border, build):
    made = border(run=False)
    done = run([build.sallyport, "status", "--config", made.config], check=False)
    assert done.returncode == 1 and "net.unix.absent" in done.stderr


def test_init_never_writes_over_anything(build, tmp_path):
    (tmp_path / "keep").write_text("mine")
    with pytest.raises(ProcessError, match="app.init.exists"):
        run([build.sallyport, "init", "--dir", tmp_path, "--domain", "x.test", "--listen", "127.0.0.1:5061"])
    assert (tmp_path / "keep").read_text() == "mine"
