# SPDX-License-Identifier: Apache-2.0
"""The Google Benchmark binaries as one table: median and spread of their repetitions, beside the oracles
that were measured in the same run."""
import json
import pathlib
import re
import statistics
import subprocess

# ours -> what does the same work in another library, in the same binary. Arguments after '/' carry over.
ORACLES = {
    "sallyportParse": ("osipParse", "sofiaParse"),
    "sallyportParseEverything": ("osipParse", "sofiaParse"),
    "sallyportFrameAndParse": ("osipParse", "sofiaParse"),
    "sallyportWrite": ("osipWrite", "sofiaWrite"),
    "protectOurs": ("protectLibsrtp",),
    "unprotectOurs": ("unprotectLibsrtp",),
}
LIBRARIES = {"osip": "libosip2", "sofia": "sofia-sip", "protectLibsrtp": "libsrtp2", "unprotectLibsrtp": "libsrtp2"}
SCALE = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


class MicroError(Exception):
    pass


# Counters that are the price, in nanoseconds per something better than an iteration.
PRICES = {"per_call": (1e9, "call"), "ns_per_datagram": (1.0, "datagram"), "us_per_handshake": (1e3, "handshake")}
# What Google Benchmark says of every entry; whatever else is there is a counter of the benchmark's own.
COMMON = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index",
          "threads", "iterations", "real_time", "cpu_time", "time_unit", "label", "items_per_second", "bytes_per_second"}


class Figure:
    """One benchmark over its repetitions: nanoseconds of CPU per unit of work."""

    def __init__(self, binary, name):
        self.binary, self.name = binary, name
        self.samples = []
        self.label, self.unit, self.counters = "", "", {}

    def add(self, entry):
        # A benchmark that takes its time itself has measured the one thread that counts.
        price = entry["real_time" if "/manual_time" in entry["name"] else "cpu_time"] * SCALE[entry["time_unit"]]
        counted = next((name for name in PRICES if name in entry), None)
        if counted:
            price, self.unit = entry[counted] * PRICES[counted][0], PRICES[counted][1]
        elif entry.get("items_per_second"):
            price, self.unit = 1e9 / entry["items_per_second"], "item"
        self.samples.append(price)
        self.label = entry.get("label", "")
        for name, value in entry.items():
            if name not in COMMON and name != counted:
                self.counters.setdefault(name, []).append(value)

    def notes(self):
        """The other counters, each by its median."""
        return ", ".join(f"{name} {short(statistics.median(values))}" for name, values in self.counters.items())

    @property
    def median(self):
        return statistics.median(self.samples)

    def as_json(self):
        return {"binary": self.binary, "name": self.name, "label": self.label, "per": self.unit or "operation",
                "median": self.median, "min": min(self.samples), "max": max(self.samples), "samples": self.samples,
                "counters": self.counters}


def find(folder):
    """Google Benchmark's binaries; the load generator beside them is not one."""
    found = sorted(path for path in pathlib.Path(folder).glob("bench_*")
                   if path.is_file() and path.stat().st_mode & 0o111 and path.name != "bench_load")
    if not found:
        raise MicroError(f"no benchmark in {folder}: build it with `cmake --preset bench && cmake --build build/bench`")
    return found


def plain(name):
    """A benchmark's name without how it was run."""
    return re.sub(r"/(iterations|repeats|min_time):[^/]*|/(manual|real|process)_time", "", name)


def measure(binary, repetitions, min_time, out, only="", timeout=900.0):
    """Runs one binary, its benchmarks interleaved so that a noisy second hurts all of them alike."""
    argv = [str(binary), f"--benchmark_repetitions={repetitions}", f"--benchmark_min_time={min_time}",
            "--benchmark_enable_random_interleaving=true", f"--benchmark_out={out}", "--benchmark_out_format=json"]
    if only:
        argv.append(f"--benchmark_filter={only}")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise MicroError(f"{binary.name} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    text = pathlib.Path(out).read_text()
    if not text.strip():  # nothing matched the filter
        return []
    listed = subprocess.run([str(binary), "--benchmark_list_tests"], capture_output=True, text=True, check=True,
                            timeout=60.0, stdin=subprocess.DEVNULL).stdout.split()
    order = {plain(name): at for at, name in enumerate(listed)}  # interleaving reports them in no order
    figures = {}
    for entry in json.loads(text)["benchmarks"]:
        if entry.get("error_occurred"):
            raise MicroError(f"{binary.name}: {entry['name']}: {entry.get('error_message')}")
        if entry.get("run_type", "iteration") != "iteration":
            continue
        name = plain(entry["name"])
        figures.setdefault(name, Figure(binary.name, name)).add(entry)
    return sorted(figures.values(), key=lambda figure: order.get(figure.name, len(order)))


def library(name):
    return next(library for prefix, library in LIBRARIES.items() if name.startswith(prefix))


def is_oracle(name):
    return any(name.split("/")[0] in theirs for theirs in ORACLES.values())


def ratios(figures):
    """name of ours -> [(library, how many times as long it takes)]."""
    by_name = {figure.name: figure for figure in figures}
    found = {}
    for figure in figures:
        base, slash, arguments = figure.name.partition("/")
        for oracle in ORACLES.get(base, ()):
            theirs = by_name.get(oracle + slash + arguments)
            if theirs:
                found.setdefault(figure.name, []).append((library(oracle), theirs.median / figure.median))
    return found


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(figures):
    """Lines to print. A ratio is the oracle's time over ours: above 1 we are faster."""
    compared = ratios(figures)
    lines = [f"{'benchmark':<52} {'ns (median)':>12} {'min - max':>19}  against"]
    binary = None
    for figure in figures:
        if figure.binary != binary:
            binary = figure.binary
            lines.append(f"-- {binary}")
        name = figure.name + (f" [{figure.label}]" if figure.label else "")
        spread = f"{short(min(figure.samples))} - {short(max(figure.samples))}"
        against = ", ".join(f"{ratio:.2f}x {name}" for name, ratio in compared.get(figure.name, []))
        if is_oracle(figure.name):
            against = f"({library(figure.name)})"
        elif figure.unit:
            against = (against + " " if against else "") + f"per {figure.unit}"
        if figure.counters:
            against = (against + "; " if against else "") + figure.notes()
        lines.append(f"{name:<52} {short(figure.median):>12} {spread:>19}  {against}".rstrip())
    return lines
