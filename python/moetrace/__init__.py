"""Ranges for the modules of a PyTorch program that stays as it is. `moetrace record` brings this into the program by itself; where it
cannot, `import moetrace; moetrace.annotate(model)` does the same."""
import sys

if __package__ == "moetrace":  # not the recorder's copy, _moetrace, which shares its functions
    native = getattr(sys.modules.get("_moetrace"), "native", None)


def arm():
    """Follows all models of the program from here on."""
    from . import discover
    discover.arm()


def annotate(model):
    """Gives ranges to the modules of this model. Returns the model."""
    here = sys.modules.get("_moetrace", sys.modules[__package__])
    from importlib import import_module
    here.arm()
    discover = import_module(f"{here.__name__}.discover")
    if discover.state.alive:
        try:
            discover.look_at(model)
        except Exception as error:
            discover.fail(error)
    return model


def request():
    """A context manager: one request of a program without generate(). The model is that which is called first inside."""
    here = sys.modules.get("_moetrace", sys.modules[__package__])
    from importlib import import_module
    here.arm()
    return import_module(f"{here.__name__}.phases").Manual()
