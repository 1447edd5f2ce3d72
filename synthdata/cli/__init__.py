"""The command line: a command parses, calls the SDK, prints. The commands are imported only when they are called."""

from __future__ import annotations

from synthdata.cli.group import main

__all__ = ["main"]
