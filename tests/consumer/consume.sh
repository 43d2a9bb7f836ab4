#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# consume.sh WAY CMAKE COMPILER SOURCE BUILD TREE - builds and runs an outside project against Weft in one way:
# package (find_package), pkgconfig (pkg-config and a plain compiler), subdirectory (add_subdirectory).
set -eu
way=$1 cmake=$2 compiler=$3 source=$4 build=$5 tree=$6
here=$source/tests/consumer
rm -rf -- "$tree"
mkdir -p -- "$tree"
unset MAKEFLAGS MFLAGS MAKELEVEL

says_seven() { # says_seven PROGRAM
    local output
    output=$("$1") || { echo "$1 ends with status $?" && exit 1; }
    case $output in
    "weft "*": 3 + 4 = 7") ;;
    *) echo "$1 says: $output" && exit 1 ;;
    esac
}

# The tree is installed and then moved: nothing in it may know where it was.
install_tree() {
    "$cmake" --install "$build" --prefix "$tree/at first" >/dev/null
    mv -- "$tree/at first" "$tree/installed"
}

configure() { # configure FOLDER [OPTION]...
    local folder=$1
    shift
    "$cmake" -S "$here/$folder" -B "$tree/build" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release "$@" >"$tree/log" ||
        { cat "$tree/log" && exit 1; }
    "$cmake" --build "$tree/build" --parallel 2 >"$tree/log" || { cat "$tree/log" && exit 1; }
}

case $way in
package)
    install_tree
    configure package -DCMAKE_PREFIX_PATH="$tree/installed"
    for program in "$tree"/build/with-*; do
        says_seven "$program"
    done
    ;;
pkgconfig)
    command -v pkg-config >/dev/null || { echo "pkg-config is not here" && exit 77; }
    install_tree
    pc=$(find "$tree/installed" -name weft.pc)
    library=$(dirname "$(dirname "$pc")")
    export PKG_CONFIG_PATH=${pc%/*}
    pkg-config --atleast-version=0.1.0 weft
    # pkg-config writes a space within a path as the shell reads it, hence eval.
    eval "'$compiler' -std=c11 '$here/main.c' -o '$tree/shared' $(pkg-config --cflags --libs weft)"
    LD_LIBRARY_PATH=$library says_seven "$tree/shared"
    if "$tree/shared" >/dev/null 2>&1; then
        echo "the program was to need the shared library" && exit 1
    fi
    rm -f -- "$library"/libweft.so*
    eval "'$compiler' -std=c11 '$here/main.c' -o '$tree/static' $(pkg-config --static --cflags --libs weft)"
    says_seven "$tree/static"
    ;;
subdirectory)
    configure subdirectory -DWEFT_FOLDER="$source"
    for program in "$tree"/build/with-*; do
        says_seven "$program"
    done
    ;;
*) echo "unknown way: $way" && exit 2 ;;
esac
