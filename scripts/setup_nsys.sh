# For setup.sh to source: NVIDIA's Nsight Systems, which the tests run on what moetrace exports. It comes as the distribution's
# own package (Debian: non-free, Ubuntu: multiverse), is unpacked into build/deps/nsys, and is not installed.
# shellcheck shell=bash disable=SC2154
nsys_least=2023.1 # the first version with today's names of reports

# nsys_offered OPTION...: the version of the package that apt finds, if it is new enough; options are apt's.
nsys_offered() {
    local version
    version=$(apt-cache "$@" madison nsight-systems 2>/dev/null | awk 'NR == 1 {print $3}')
    if [ -n "$version" ] && dpkg --compare-versions "$version" ge "$nsys_least"; then echo "$version"; fi
}

# nsys_private FOLDER: apt's lists for Debian's non-free in a folder of our own; the machine's are left alone. Addresses and
# proxies are those that the machine's apt is set up with, and what comes is checked with Debian's own keys.
nsys_private() {
    local archive keys
    archive=$(apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(RELEASE) $(REPO_URI)' 2>/dev/null |
        awk '$1 == "Debian" && $2 == "main" && $3 !~ /-/ {print $4; exit}')
    [ -n "$archive" ] || die "no Nsight Systems $nsys_least or newer in this machine's apt, and no archive of Debian to look in"
    for keys in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        [ ! -e "$keys" ] || break
    done
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    echo "deb [signed-by=$keys] $archive trixie non-free" >"$1/sources.list"
    private=(-o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1/cache" -o "Dir::Etc::SourceList=$1/sources.list"
        -o "Dir::Etc::SourceParts=-" -o APT::Sandbox::User=root)
    timeout 120 apt-get "${private[@]}" -o APT::Update::Error-Mode=any update -qq >&2 || die "apt-get update of Debian's non-free failed"
}

# nsys_libraries FOLDER: what the programs under it link that this machine lacks.
nsys_libraries() {
    local lacking packages=()
    lacking=$(ldd "$1"/target/nsys "$1"/host/QdstrmImporter | awk '/not found/ {print $1}')
    [[ $lacking != *libelf* ]] || packages+=("$(apt-cache show libelf1t64 >/dev/null 2>&1 && echo libelf1t64 || echo libelf1)")
    [[ $lacking != *libpfm* ]] || packages+=(libpfm4)
    [[ $lacking != *libssh* ]] || packages+=(libssh-4)
    packages "${packages[@]}"
    # It wants the library by the name of the development package.
    ln -sf "$(ldconfig -p | awk '/libssh\.so\.4 / {print $NF; exit}')" "$1/host/libssh.so"
    ! ldd "$1"/target/nsys "$1"/host/QdstrmImporter | grep 'not found' >&2 || die "Nsight Systems lacks libraries here"
}

# nsys_unpack FOLDER: of the packages in the folder, the command-line tool and its importer, without the viewer and the
# parts that watch other libraries.
nsys_unpack() {
    local deb target host file
    for deb in "$1"/*.deb; do
        dpkg-deb -x "$deb" "$1/all" || die "$deb cannot be unpacked: is the disk full?"
        rm "$deb"
    done
    target=$(find "$1/all" -type d -name 'target-linux-*' | head -n 1)
    host=$(find "$1/all" -type d -name 'host-linux-*' | head -n 1)
    [ -x "$target/nsys" ] && [ -x "$host/QdstrmImporter" ] || die "the packages of Nsight Systems are laid out in another way"
    rm -rf "$target"/{libcupti.so.1[01]*,libnvperf*,CollectX,vulkan-layers,libToolsInjection{Cu,MPI,Open,UCP}*}
    mkdir -p "$1/new/${host##*/}"
    cp "$host/QdstrmImporter" "$1/new/${host##*/}/"
    ldd "$host/QdstrmImporter" | awk -v from="$host/" 'index($3, from) == 1 {print $3}' |
        while read -r file; do cp -L "$file" "$1/new/${host##*/}/"; done
    mv "$target" "$1/new/"
    # nsys looks for host-linux-* beside its own folder.
    ln -s "${target##*/}" "$1/new/target"
    ln -s "${host##*/}" "$1/new/host"
}

step_nsys() {
    local work version private=() found
    found=$(nsys --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p' || true)
    if [ -n "$found" ] && dpkg --compare-versions "$found" ge "$nsys_least"; then return 0; fi
    command -v apt-get dpkg-deb >/dev/null || die "Nsight Systems is had from Debian and Ubuntu only: put nsys on the PATH"
    work=$(mktemp -d "$(realpath "$deps")/nsys-XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    version=$(nsys_offered)
    if [ -z "$version" ]; then
        nsys_private "$work"
        version=$(nsys_offered "${private[@]}")
        [ -n "$version" ] || die "Debian's non-free has no Nsight Systems $nsys_least or newer for this machine"
    fi
    say "fetching Nsight Systems $version, which is NVIDIA's and not free software, for the tests alone (190 MB)"
    (cd "$work" && timeout 400 apt-get "${private[@]}" download -qq "nsight-systems=$version" "nsight-systems-target=$version" >&2) ||
        die "Nsight Systems cannot be downloaded"
    nsys_unpack "$work"
    nsys_libraries "$work/new"
    "$work/new/target/nsys" --version >&2 || die "Nsight Systems does not run here"
    rm -rf "$deps/nsys"
    mv "$work/new" "$deps/nsys"
}
