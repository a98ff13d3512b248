# SPDX-License-Identifier: Apache-2.0
"""What the demonstration, the process tests and the benchmarks share: starting the built binaries,
waiting for what they say, making audio, and behaving like a stranger. Python's standard library only."""
