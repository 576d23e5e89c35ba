#!/usr/bin/env bash
# torch_stubs.sh TORCH_LIB_DIR OUT: libraries of CUDA that PyTorch's wheel wants to load and a machine without a GPU never calls (cuBLAS,
# cuDNN, NCCL and others, some 2 GB). Each has the names that PyTorch asks for; a call of one answers 1, an error in all of them.
set -euo pipefail
torch=$1 out=$2
mkdir -p "$out"
wanted=$(readelf -d -W "$torch"/*.so* | sed -n 's/.*NEEDED.*\[\(lib[a-zA-Z_]*\.so\.[0-9]*\)\]/\1/p' | sort -u |
    grep -E '^lib(cu|nccl|nvshmem|nvrtc|nvJitLink)' | grep -vE '^lib(cuda|cudart|cupti|nvrtc)\.')
undefined=$(nm -D -u "$torch"/*.so* | awk '$1 == "U" {print $2}' | sort -u)
for library in $wanted; do
    stem=${library#lib} stem=${stem%%.*}
    version=$(readelf -V -W "$torch"/*.so* | awk -v of="$library" '/File:/ {at = $5 == of} /Name:/ && at {if (!n++) print $3}')
    versioned=${version:+$(grep "@${version//./\\.}\$" <<<"$undefined" | sed 's/@.*//' || true)}
    plain=$(grep -v @ <<<"$undefined" | grep -iE "^${stem%_host}[a-z_]" || true)
    for name in $versioned $plain; do
        echo "int $name(void); int $name(void) { return 1; }"
    done >"$out/stub.c"
    printf '%s {\n global: *;\n};\n' "${version:-none}" >"$out/stub.map"
    ${CC:-cc} -w -fno-builtin -shared -fPIC -Wl,-soname,"$library" ${version:+-Wl,--version-script,"$out/stub.map"} \
        -o "$out/$library" "$out/stub.c"
done
rm -f "$out/stub.c" "$out/stub.map"
