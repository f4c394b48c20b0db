#!/bin/sh
# Builds the software CUDA device: build.sh TARGET_FOLDER. Quiet when it succeeds; exit code 3 when there is no g++.
# Libraries are built aside and renamed, so that several processes may build, and load, at once.
set -eu

target=${1:?usage: build.sh TARGET_FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
symbols=$here/../../main/native/forwarder

if ! command -v g++ > /dev/null; then
    echo "build.sh: g++ was not found; install it (Debian: apt install g++) to run the tests of the CUDA backend" \
         "without a GPU" >&2
    exit 3
fi

mkdir -p "$target/device" "$target/objects"
target=$(cd "$target" && pwd)

stamp=$(cat "$here"/*.cpp "$here"/*.h "$here"/device/* "$here"/build.sh "$here"/*.symbols "$symbols"/*.symbols \
            | sha256sum | cut -d' ' -f1)
if [ -e "$target/libcublas.so.12" ] && [ "$(cat "$target/stamp" 2> /dev/null || true)" = "$stamp" ]; then
    exit 0
fi

work=$(mktemp -d "$target/objects/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Everything is built from one copy of the sources. An object that is kept has a hash of what it was made from in its
# name.
cp -r "$here"/*.cpp "$here"/*.h "$here/device" "$work"
flags="-std=c++17 -O2 -g1 -fPIC -fno-omit-frame-pointer -Wall -Wextra"
headers=$(cat "$work"/*.h "$work"/device/* "$here"/build.sh | sha256sum | cut -c1-16)
for source in "$work"/*.cpp; do
    hash=$(sha256sum < "$source" | cut -c1-16)
    echo "$source $target/objects/$(basename "$source" .cpp)-$headers-$hash.o"
done > "$work/sources"

# Two compilers at a time, each writing aside.
compile() {
    while read -r source made; do
        [ -e "$made" ] || echo "$source $made"
    done < "$work/sources" | xargs -r -P 2 -n 2 sh -c '
        extra=
        case $1 in *cublas*) extra="-O3 -fno-math-errno" ;; esac
        g++ '"$flags"' $extra -c "$1" -o "$1.o" && mv "$1.o" "$2"' sh
}

# objects PATTERN: those of the sources that the pattern matches.
objects() {
    while read -r source made; do
        if echo "$source" | grep -qE "/($1)[^/]*$"; then
            echo "$made"
        fi
    done < "$work/sources"
}

# stubs SYMBOLS CALL: a weak function for each symbol, which the real ones override.
stubs() {
    echo 'int softcuda_unsupported(const char*);'
    while read -r symbol; do
        echo "__attribute__((weak)) int $symbol() { softcuda_unsupported(\"$symbol\"); return $2; }"
    done < "$1"
}

link() {
    library=$1
    shift
    g++ -shared -Wl,-soname,"$library" -o "$work/$library" "$@"
    mv "$work/$library" "$target/$library"
}

compile
stubs "$here/cuda.symbols" 801 > "$work/cuda.c"
stubs "$symbols/cublas.symbols" 15 > "$work/cublas.c"
stubs "$symbols/nvrtc.symbols" 11 > "$work/nvrtc.c"
for library in cuda cublas nvrtc; do
    gcc -O1 -fPIC -w -fno-builtin -c "$work/$library.c" -o "$work/$library.o"
done
echo 'libcublas.so.12 { global: cublas*; local: *; };' > "$work/cublas.map"
echo 'libnvrtc.so.12 { global: nvrtc*; local: *; };' > "$work/nvrtc.map"

driver=$(objects 'driver|engine|sanitizer')
cp "$work"/device/* "$target/device/"
link libcuda.so.1 $driver "$work/cuda.o" -lpthread -ldl
link libcublas.so.12 $(objects cublas) "$work/cublas.o" -Wl,--version-script="$work/cublas.map" \
    -L"$target" -l:libcuda.so.1
link libnvrtc.so.12 $(objects nvrtc) "$work/nvrtc.o" -Wl,--version-script="$work/nvrtc.map" \
    -L"$target" -l:libcuda.so.1 -ldl
for kept in "$target"/objects/*.o; do
    grep -qF "$kept" "$work/sources" || rm -f "$kept"
done
echo "$stamp" > "$work/stamp"
mv "$work/stamp" "$target/stamp"
