# SPDX-License-Identifier: Apache-2.0
"""The built edge and phones, driven by the commands a user would type."""
import json
import os
import pathlib
import signal

from .process import NotifySocket, Process, ProcessError, Running, run

DOMAIN = "sallyport.test"


class Build:
    """Where the binaries are."""

    def __init__(self, folder=None):
        folder = folder or os.environ.get("SALLYPORT_BUILD_DIR") or "build/release"
        self.folder = pathlib.Path(folder).resolve()
        self.sallyport = self.folder / "src/app/sallyport"
        self.phone = self.folder / "src/phone/sallyport-phone"


def initialise(build, state, listen, phones, extra=()):
    """A state folder: private CA, the edge's certificate, one per phone, and sallyport.toml.
    phones: name -> "host:port" where it answers, or "" for one that only calls."""
    argv = [build.sallyport, "init", "--dir", state, "--domain", DOMAIN, "--listen", listen]
    for name, address in phones.items():
        argv += ["--phone", f"{name}={address}" if address else name]
    return run([*argv, *extra])


def leave_the_kernel_alone(config):
    """Where a test says nothing of [firewall], the nftables of the machine it runs on are not touched."""
    text = config.read_text()
    if '\n# mode = "auto"' in text:
        config.write_text(text.replace('\n# mode = "auto"', '\nmode = "off" '))
    elif "[firewall]" not in text:
        config.write_text(text + '\n[firewall]\nmode = "off"\n')


class Edge(Running):
    """A running `sallyport run`, by way of `prefix` where it runs elsewhere. The constructor returns when it says it is
    ready."""

    def __init__(self, build, config, env=None, prefix=()):
        self.build, self.config = build, pathlib.Path(config)
        leave_the_kernel_alone(self.config)
        self.notify = NotifySocket()
        environment = dict(env or os.environ, NOTIFY_SOCKET=self.notify.path)
        self.process = Process([*prefix, build.sallyport, "run", "--config", config], env=environment)
        if self.notify.wait("READY=1", self.alive) is None:
            self.process.stop()
            raise ProcessError("the edge did not become ready:\n" + self.process.output())

    def alive(self):
        return self.process.child.poll() is None

    def ask(self, *words, check=True):
        """A reporting command with --json, decoded."""
        done = run([self.build.sallyport, *words, "--config", self.config, "--json"], check=check)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def events(self):
        """Every event logged so far."""
        return events_in(list(self.process.lines))

    def wait_event(self, accept, timeout=20.0):
        """The first unread event that accept() agrees with."""
        return self.process.wait_json(accept, timeout)

    def wait_events(self, accept, count=1, timeout=20.0):
        """Every event so far that accept() agrees with, read or unread, once there are `count`: the log is written behind the
        answer that a test sees."""
        return self.process.wait_said(count, lambda lines: [event for event in events_in(lines) if accept(event)], timeout)

    def reload(self):
        self.process.signal(signal.SIGHUP)

    def stop(self):
        code = self.process.stop(40.0)
        self.notify.close()
        return code


def events_in(lines):
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            pass
    return found


def phone_identity(state, name, expect=f"dns:edge.{DOMAIN}"):
    """The options that make a phone this one, and make it expect the edge (or whom `expect` names)."""
    state = pathlib.Path(state)
    return ["--cert", state / f"phones/{name}.pem", "--key", state / f"phones/{name}.key",
            "--ca", state / "ca/ca.pem", "--expect-san", expect]


def answering_phone(build, state, name, listen, *options, prefix=(), stdin=False, **identity):
    """A phone that answers; returned once it listens."""
    phone = Process([*prefix, build.phone, "answer", "--listen", listen, *phone_identity(state, name, **identity), "--json", *options],
                    stdin=stdin)
    try:
        phone.ready = phone.wait_json(lambda event: event.get("event") == "ready")
    except ProcessError:
        phone.stop()
        raise
    return phone


def calling_phone(build, state, name, to, via, *options, prefix=(), stdin=False, **identity):
    return Process([*prefix, build.phone, "call", to, "--via", via, "--from", f"sip:{name}@{DOMAIN}",
                    *phone_identity(state, name, **identity), "--json", *options], stdin=stdin)
