"""Checks a dump of unload_modules.py: kernel_names.py DUMP COUNT
Three kernels of each name, in the order of their launches."""
import re, sys

kernels = []
for line in open(sys.argv[1]):
    found = re.match(r"kernel .*start=(\d+) .* name=(.*)", line)
    if found:
        kernels.append((int(found[1]), found[2]))
kernels.sort()
wrong = [(i // 3, name) for i, (_, name) in enumerate(kernels) if name != f'"k{i // 3}"']
print(len(kernels), "kernels,", len({name for _, name in kernels}), "names; wrong or missing:", len(wrong), wrong[:5])
assert len(kernels) == 3 * int(sys.argv[2]) and not wrong
