# shellcheck shell=bash
# Shared by the scripts beside it: . "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # the variables are for those scripts

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$scripts")
# Tools and downloads: shared by all checkouts, survives `cargo clean`.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/worv
target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-$root/target}")
export CARGO_TARGET_DIR=$target
# Where the console's files go; the server reads the same variable.
site=$(realpath --canonicalize-missing "${WORV_SERVER__SITE_DIR:-$root/target/site}")

# Cargo looks for its configuration from here, and so does whoever names a file relative to the repository.
cd "$root" || exit

# say TEXT: tells the person what is going on. Standard output is left to the scripts' answers.
say() { printf '» %s\n' "$*" >&2; }

# die TEXT: says what is wrong and what to do about it, and stops.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# debian_has PACKAGE…: whether all of them are installed.
debian_has() {
    local package
    for package; do
        [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
    done
}

# debian_install PACKAGE…: installs what is missing, or stops with the command to type.
debian_install() {
    ! debian_has "$@" || return 0
    have apt-get || die "this is not Debian; install what these Debian packages contain: $*"
    local apt=(apt-get) install=(install --yes --no-install-recommends -o DPkg::Lock::Timeout=300)
    if [ "$(id -u)" != 0 ]; then
        { have sudo && sudo -n true 2>/dev/null; } ||
            die "these need to be installed, type:"$'\n'"  sudo apt-get update && sudo apt-get ${install[*]} $*"
        apt=(sudo -n env DEBIAN_FRONTEND=noninteractive apt-get)
    fi
    say "installing $* (Debian packages)"
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" update --quiet=2 >&2 || die "apt-get could not update its lists; see its message above"
    "${apt[@]}" "${install[@]}" --quiet=2 "$@" >&2 || die "apt-get could not install $*; see its message above"
}

# python_with NAME REQUIREMENTS: makes sure that the packages of the file are there, and prints the path of a Python that has them.
python_with() {
    local digest folder
    digest=$(sha256sum "$2")
    folder=$cache/tools/$1-${digest:0:12}
    if [ ! -e "$folder/.installed" ]; then
        have python3 || debian_install python3
        python3 -c 'import ensurepip' 2>/dev/null || debian_install python3-venv
        say "installing the Python packages of $1"
        python3 -m venv --clear "$folder"
        "$folder/bin/pip" install --quiet --requirement "$2" >&2
        touch "$folder/.installed"
    fi
    echo "$folder/bin/python"
}

# npm_install FOLDER: installs the packages that FOLDER/package-lock.json names, if they are not there.
npm_install() {
    local marker=$1/node_modules/.installed wanted
    wanted=$(fingerprint "$1/package-lock.json")
    [ "$(cat "$marker" 2>/dev/null)" != "$wanted" ] || return 0
    "$scripts/setup-node"
    say "installing the npm packages of ${1#"$root"/}"
    npm ci --prefix "$1" --loglevel=error --no-audit --no-fund --no-update-notifier >&2
    echo "$wanted" >"$marker"
}

# fingerprint PATH…: one digest of the names and the contents of all files in and under the paths.
fingerprint() {
    find "$@" -type f -not -path '*/node_modules/*' -print0 | sort -z | xargs -0r sha256sum | sha256sum | cut -d' ' -f1
}
