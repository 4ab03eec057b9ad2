#!/bin/bash
# Install or download the prerequisites of the build.
#
#   tools/setup.sh packages run|board|test     install the Debian packages that are missing
#   tools/setup.sh NAME VERSION          download, check and unpack a source package of tools/sources.pins
#                                        (micropython, lwip ...) into build/NAME-VERSION
#   tools/setup.sh npm NAME VERSION      the same with an npm package of tools/npm.pins (pyright)
#
# Ends quickly if everything exists. With NAME_DIR set (MICROPYTHON_DIR, LWIP_DIR ...) that tree is used unchanged and nothing is
# downloaded for it. With MICROPYTHON_DIR set no package is installed either.
# Exit code 3: the mirror no longer has that version; npm is missing, or does not reach its registry.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
logs=build/logs
mkdir -p "$logs"

say() { printf '%s\n' "$*" >&2; }

# fail STEP WHAT-TO-DO [LOG [CODE]]: prints one clear line, then the end of the log.
fail() {
    say "FAILED: $1. $2"
    if [ $# -gt 2 ] && [ -s "$3" ]; then
        say "The log is $3; it ends with:"
        tail -n 8 "$3" | sed 's/^/    /' >&2
    fi
    exit "${4:-1}"
}

# logged NAME TEXT COMMAND...: runs a command with output to a log, and shows progress.
logged() {
    local log="$logs/$1.log" text="$2" start=$SECONDS last=0 pid status=0
    shift 2
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    [ -t 2 ] || say "$text ..."
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ -t 2 ]; then
            printf '\r\033[K%s ... %ds  %.60s' "$text" $((SECONDS - start)) \
                "$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | tr -c '[:print:]\n' ' ')" >&2
        elif [ $((SECONDS - start - last)) -ge 8 ]; then
            last=$((SECONDS - start))
            say "$text ... ${last}s: $(tail -n 1 "$log")"
        fi
    done
    wait "$pid" || status=$?
    [ ! -t 2 ] || printf '\r\033[K%s: %ds\n' "$text" $((SECONDS - start)) >&2
    return $status
}

# One lock for all steps: two makes must not unpack at the same time.
lock() {
    exec 9>build/setup.lock
    if ! flock -n 9; then
        say "Waiting for another setup that is under way"
        flock 9
    fi
}

# --- Debian packages -----------------------------------------------------------------------------------------------

missing_packages() {
    local wanted
    wanted=$(sed 's/ *#.*//' "$@" | sort -u) # behind a # a list may give a reason
    # shellcheck disable=SC2086
    comm -23 <(echo "$wanted") \
        <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' $wanted 2>/dev/null | sed -n 's/^ii *//p' | sort -u)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif [ -t 0 ]; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# Packages of servers contain services, which must start neither now nor at the next boot: the tests start the servers.
policy=/usr/sbin/policy-rc.d
install_quietly() {
    local packages=$1 unit ours=no
    if [ ! -e $policy ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
    fi
    local status=0
    # shellcheck disable=SC2086
    as_root apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 $packages || status=$?
    [ $ours = no ] || as_root rm -f $policy
    if command -v systemctl >/dev/null; then
        for unit in nginx mosquitto dnsmasq; do
            case " $packages " in
                *" $unit "*) as_root systemctl disable "$unit.service" || true ;;
            esac
        done
    fi
    return $status
}

# The size of an installation as computed by apt, and its time: a minute per 300 MB unpacked and per 60 MB downloaded.
apt_says() {
    local fetched unpacked
    fetched=$(apt-get install -y --no-install-recommends --print-uris $1 2>/dev/null | awk '/^\x27/ { sum += $3 } END { print int(sum / 1000000) + 1 }')
    unpacked=$(LC_ALL=C apt-get install -y --no-install-recommends --assume-no $1 2>/dev/null \
        | sed -n 's/^After this operation, \([0-9.,]*\) \([kMG]*B\) of additional.*/\1 \2/p' | tr -d , \
        | awk '$2 == "kB" { $1 /= 1000 } $2 == "GB" { $1 *= 1000 } { print int($1) + 1 }')
    [ -n "$unpacked" ] || { echo "How much that is, apt does not tell"; return; }
    echo "To fetch: about $fetched MB; on the disk: about $unpacked MB more. It takes about $((fetched / 60 + unpacked / 300 + 1)) minutes"
}

packages() {
    local lists=tools/packages-run.txt missing tool absent=
    [ "$1" = run ] || lists="$lists tools/packages-board.txt"
    [ "$1" != test ] || lists="$lists tools/packages.txt"
    if [ -n "${MICROPYTHON_DIR:-}" ] || ! command -v dpkg-query >/dev/null; then
        for tool in cc make python3; do
            command -v $tool >/dev/null || absent="$absent $tool"
        done
        [ -z "$absent" ] || fail "looking for the tools to build with" "Install:$absent"
        [ -n "${MICROPYTHON_DIR:-}" ] || say "This is not Debian: nothing is installed, the packages in tools/ are up to you"
        return 0
    fi
    # shellcheck disable=SC2086
    missing=$(missing_packages $lists | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0
    lock
    say "Debian packages that are missing: $missing"
    if [ "$(id -u)" != 0 ] && ! { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; then
        fail "installing packages, which needs root" "Run as root: apt-get install $missing (or use a MicroPython tree of your own: MICROPYTHON_DIR=/path make run)"
    fi
    [ "$(id -u)" = 0 ] || [ ! -t 0 ] || sudo -v
    logged apt-update "Reading the package lists" as_root apt-get update || true
    say "$(apt_says "$missing")"
    logged apt-install "Installing $(echo "$missing" | wc -w) packages" install_quietly "$missing" \
        || fail "installing packages" "Is the network there, is this Debian 12? If not: MICROPYTHON_DIR=/path make run" "$logs/apt-install.log"
}

# --- Source packages -----------------------------------------------------------------------------------------------

# The mirror that this machine already uses.
mirror() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    {
        apt-get indextargets --format '$(SITE)' 'Origin: Debian' 'Label: Debian' 'Created-By: Packages'
        apt-get indextargets --no-release-info --format '$(RELEASE) $(SITE)' 'Created-By: Packages' 'Component: main' \
            | sed -n "s/^$codename //p"
    } 2>/dev/null | head -n 1
}

# The .dsc is pinned and contains the SHA-256 of the archives.
sums_ok() {
    mkdir -p build/download
    (cd build/download && echo "$sha  $dsc" | sha256sum -c --quiet - >/dev/null 2>&1 \
        && sed -n '/^Checksums-Sha256:/,/^[^ ]/ s/^ \([0-9a-f]\{64\}\) [0-9]* \(.*\)/\1  \2/p' "$dsc" \
        | sha256sum -c --quiet - >/dev/null 2>&1)
}

download() {
    local site signed= apt
    site=$(mirror)
    [ -n "$site" ] || fail "finding the Debian mirror that this machine uses" "Not Debian, or apt has no sources: $instead"
    [ ! -r /usr/share/keyrings/debian-archive-keyring.gpg ] || signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] '
    mkdir -p "build/apt/$suite/lists/partial" build/apt/cache/archives/partial
    echo "deb-src $signed$site $suite main" >"build/apt/$suite/sources.list"
    apt=(apt-get -o "Dir::Etc::SourceList=$root/build/apt/$suite/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$root/build/apt/$suite/lists" -o "Dir::Cache=$root/build/apt/cache"
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 -o Acquire::Languages=none)
    logged apt-source-list "Reading the list of source packages of $suite" "${apt[@]}" -o APT::Update::Error-Mode=any update \
        || fail "reading the mirror's source list" "Is the network there? If not: $instead" "$logs/apt-source-list.log"
    "${apt[@]}" source --print-uris "$name=$package" >"$logs/download.log" 2>&1 \
        || fail "finding $name $package" "The mirror no longer carries it in $suite; choose another pin or a tree of your own: $instead" "$logs/download.log" 3
    (cd build/download && logged_here "${apt[@]}" source --download-only "$name=$package") \
        || fail "downloading $name $package" "Is the network there? If not: $instead" "$logs/download.log"
}

logged_here() {
    logs=$root/$logs logged download "Downloading $name $version" "$@"
}

source_package() {
    name=$1 version=$2
    local own=${name^^}_DIR tree=build/$1-$2 pin
    instead="$own=/path make ..."
    [ -z "${!own:-}" ] || return 0
    [ ! -e "$tree/.ready" ] || return 0
    lock
    [ ! -e "$tree/.ready" ] || return 0
    pin=$(grep "^$name $version " tools/sources.pins) \
        || fail "choosing $name $version" "Pinned are: $(sed -n "s/^$name \([0-9.]*\) .*/\1/p" tools/sources.pins | tr '\n' ' ')(tools/sources.pins)"
    read -r _ _ suite package sha <<<"$pin"
    dsc=${name}_$package.dsc
    if ! sums_ok; then
        command -v apt-get >/dev/null \
            || fail "downloading $name" "This needs Debian's apt-get; elsewhere: $instead"
        download
        sums_ok || fail "checking $name's SHA-256" "What was downloaded is not what tools/sources.pins expects; remove build/download and try again, or $instead"
    fi
    rm -rf "$tree" "$tree.new"
    logged unpack "Unpacking $name $version" dpkg-source --no-check -x "build/download/$dsc" "$tree.new" \
        || fail "unpacking $name" "Is the disk full?" "$logs/unpack.log"
    rm -f "build/${name}_"*.orig*.tar.*
    touch "$tree.new/.ready"
    mv "$tree.new" "$tree"
}

# --- npm packages --------------------------------------------------------------------------------------------------

npm_sum_ok() {
    [ "$(openssl dgst -sha512 -binary "$1" 2>/dev/null | base64 -w0)" = "$sum" ]
}

npm_package() {
    local name=$1 version=$2 tree=build/$1-$2 archive=build/download/$1-$2.tgz sum
    [ ! -e "$tree/.ready" ] || return 0
    command -v npm >/dev/null || { say "$name: npm is missing"; exit 3; }
    lock
    [ ! -e "$tree/.ready" ] || return 0
    sum=$(sed -n "s/^$name $version //p" tools/npm.pins)
    [ -n "$sum" ] || fail "choosing $name $version" "Pinned are: $(sed -n "s/^$name \([0-9.]*\) .*/\1/p" tools/npm.pins | tr '\n' ' ')(tools/npm.pins)"
    mkdir -p build/download
    if ! npm_sum_ok "$archive"; then
        logged npm "Downloading $name $version" npm pack --silent --pack-destination build/download "$name@$version" \
            || fail "downloading $name $version" "Is the network there?" "$logs/npm.log" 3
        npm_sum_ok "$archive" || fail "checking $name's SHA-512" "What was downloaded is not what tools/npm.pins expects; remove build/download and try again"
    fi
    rm -rf "$tree" "$tree.new"
    mkdir "$tree.new"
    logged unpack "Unpacking $name $version" tar -xzf "$archive" -C "$tree.new" --strip-components=1 \
        || fail "unpacking $name" "Is the disk full?" "$logs/unpack.log"
    touch "$tree.new/.ready"
    mv "$tree.new" "$tree"
}

case "${1:-}" in
    packages) packages "${2:-run}" ;;
    npm) npm_package "${2:?a name}" "${3:?a version}" ;;
    [a-z]*)
        [ $# = 2 ] || exec "$0"
        source_package "$1" "$2"
        ;;
    *) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
