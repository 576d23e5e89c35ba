# For setup.sh to source: what cross-compiling for aarch64 and running the result need: Debian's cross compiler and qemu-user, and the
# libraries for arm64, which are unpacked into build/deps/arm64 and not installed.
# shellcheck shell=bash disable=SC2154
arm64_packages=(libcjson1 libcjson-dev libsqlite3-dev zlib1g-dev libiberty-dev libcmocka0 libcmocka-dev)

step_arm64() {
    step build
    command -v apt-get dpkg-deb >/dev/null || die "libraries for arm64 are had from Debian only"
    local work list deb
    packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    work=$(mktemp -d "$(realpath "$deps")/arm64-XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    # apt's lists for arm64 in a folder of our own; the machine's are left alone. The archive is the machine's, checked with its keys.
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/new"
    : >"$work/status"
    list=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache"
        -o "Dir::State::status=$work/status" -o APT::Sandbox::User=root)
    timeout 200 apt-get "${list[@]}" update -qq >&2 || say "apt-get update for arm64 failed in part"
    say "fetching ${arm64_packages[*]} for arm64"
    (cd "$work" && timeout 200 apt-get "${list[@]}" download -qq "${arm64_packages[@]}" >&2) ||
        die "the libraries for arm64 cannot be downloaded here"
    for deb in "$work"/*.deb; do
        dpkg-deb -x "$deb" "$work/new" || die "$deb cannot be unpacked"
    done
    rm -rf "$deps/arm64"
    mv "$work/new" "$deps/arm64"
}
