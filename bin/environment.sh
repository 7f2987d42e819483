# Sourced by the scripts beside it: makes .venv and installs what a file of requirements names, unless that is done.
# Leaves the folder of Plumbline in $root and its Python in $python.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
python=$root/.venv/bin/python

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# The first Python here that is new enough, or one sentence about the one that is not.
find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    if found=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null); then
        echo "Plumbline needs Python 3.11 or newer, and this machine has $found: install a newer one and start again." >&2
    else
        echo "Plumbline needs Python 3.11 or newer, and this machine has none: install it and start again." >&2
    fi
    return 1
}

# What was installed is kept beside it: a changed file of requirements shows.
is_installed() {
    is_new_enough "$python" || return 1
    for file in requirements.txt "$1"; do
        cmp -s "$root/$file" "$root/.venv/installed/$file" || return 1
    done
}

prepare() {
    if ! is_installed "$1"; then
        basis=$(find_python)
        "$basis" "$root/bin/install.py" "$1"
    fi
}
