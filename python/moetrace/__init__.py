"""Ranges for the modules of a PyTorch program that stays as it is. `moetrace record` brings this into the program by itself; where it
cannot, `import moetrace; moetrace.annotate(model)` does the same."""
import sys

if __package__ == "moetrace":
    native = getattr(sys.modules.get("_moetrace"), "native", None)


def arm():
    from . import discover
    discover.arm()
