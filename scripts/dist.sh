#!/usr/bin/env bash
# What `make dist` does: moetrace-VERSION.tar.gz, out of the files that git knows and what is built in and not ours (NVTX's headers
# and plotly.js, with their licences, in third_party/). It builds without git and without a network.
#   BUILD=build PLOTLY=build/deps/plotly NVTX=build/deps/nvtx dist.sh
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build} plotly=${PLOTLY:-build/deps/plotly} nvtx=${NVTX:-build/deps/nvtx}
name=moetrace-$(<VERSION)
git rev-parse --git-dir >/dev/null 2>&1 || { echo "dist: a source archive is made from a git checkout" >&2; exit 2; }
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/$name/third_party/plotly" "$stage/$name/third_party/nvtx" "$build"
git ls-files -z | xargs -0 cp --parents -t "$stage/$name"
cp "$plotly/plotly.min.js" "$plotly/LICENSE.txt" "$stage/$name/third_party/plotly/"
cp -r "$nvtx/nvtx3" "$nvtx/License.txt" "$stage/$name/third_party/nvtx/"
# The same files make the same archive.
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX,a-s --mtime="@$(git log -1 --format=%ct)" \
    -cf - "$name" | gzip -9n >"$build/$name.tar.gz"
echo "$build/$name.tar.gz"
