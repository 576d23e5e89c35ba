"""Runs first, inside the target, with the recorder's functions (native) and the helper's files (sources) as globals. Makes the package
_moetrace of them; a package `moetrace` that the target installed stays its own."""


def _start(native, sources):
    import sys
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    def make(name, package):
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None, origin="<moetrace>", is_package=package)
        module.__package__ = "_moetrace"
        if package:
            module.__path__ = []
        sys.modules[name] = module
        return module

    if "_moetrace" in sys.modules:
        return
    package = make("_moetrace", True)
    package.native = native
    try:
        for name, text in sources.items():
            module = package if name == "__init__" else make(f"_moetrace.{name}", False)
            exec(compile(text, f"<moetrace>/{name}.py", "exec"), module.__dict__)
            if module is not package:
                setattr(package, name, module)
        package.arm()
    except BaseException:
        for name in [n for n in sys.modules if n.split(".")[0] == "_moetrace"]:
            del sys.modules[name]
        raise


_start(native, sources)  # noqa: F821
