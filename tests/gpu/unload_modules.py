"""A target that loads a module, launches its kernel, and unloads it, again and again: unload_modules.py WAY COUNT
WAY: sync (waits before it unloads), behind (unloads right behind the launches), library (cuLibraryUnload), graph (launches
through a captured graph). Each kernel has a name of its own, kN, and is launched three times."""
import ctypes, sys
way, count = sys.argv[1], int(sys.argv[2])
PTX = b""".version 7.0
.target sm_70
.address_size 64
.visible .entry NAME(.param .u64 ns)
{
    .reg .pred %p;
    .reg .u64 %t, %s, %d, %n;
    ld.param.u64 %n, [ns];
    mov.u64 %s, %globaltimer;
again:
    mov.u64 %t, %globaltimer;
    sub.u64 %d, %t, %s;
    setp.lt.u64 %p, %d, %n;
    @%p bra again;
    ret;
}
"""
cuda, P = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p
def call(name, *args):
    result = getattr(cuda, name)(*args)
    if result:
        sys.exit(f"{name}: {result}")
def made(name, *args):
    handle = P()
    call(name, ctypes.byref(handle), *args)
    return handle
call("cuInit", 0)
context = made("cuDevicePrimaryCtxRetain", 0)
call("cuCtxSetCurrent", context)
stream = made("cuStreamCreate", 1)
def launch(function):
    ns = ctypes.c_uint64(2000)
    arguments = (P * 1)(ctypes.cast(ctypes.byref(ns), P))
    for _ in range(3):
        call("cuLaunchKernel", function, 1, 1, 1, 1, 1, 1, 0, stream, arguments, None)
for i in range(count):
    name = b"k%d" % i
    image = PTX.replace(b"NAME", name)
    if way == "library":
        module = made("cuLibraryLoadData", image, None, None, 0, None, None, 0)
        kernel = made("cuLibraryGetKernel", module, name)
        function = made("cuKernelGetFunction", kernel)
    else:
        module = made("cuModuleLoadData", image)
        function = made("cuModuleGetFunction", module, name)
    if way == "graph":
        call("cuStreamBeginCapture_v2", stream, 0)
        launch(function)
        graph = P()
        call("cuStreamEndCapture", stream, ctypes.byref(graph))
        replay = made("cuGraphInstantiateWithFlags", graph, ctypes.c_uint64(0))
        call("cuGraphLaunch", replay, stream)
        call("cuStreamSynchronize", stream)
        call("cuGraphExecDestroy", replay)
        call("cuGraphDestroy", graph)
    else:
        launch(function)
    if way != "behind":
        call("cuCtxSynchronize")
    call("cuLibraryUnload" if way == "library" else "cuModuleUnload", module)
call("cuCtxSynchronize")
