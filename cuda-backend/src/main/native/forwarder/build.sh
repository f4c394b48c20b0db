#!/bin/sh
# Builds a library with CUDA 12's name that forwards to CUDA 13's:
#
#   build.sh cublas /usr/local/cuda/lib64/libcublas.so.13 FOLDER     makes FOLDER/libcublas.so.12
#   build.sh nvrtc  /usr/local/cuda/lib64/libnvrtc.so.13  FOLDER     makes FOLDER/libnvrtc.so.12
#
# Needs gcc and the files beside it. The library appears in the folder when it is complete, so several processes may
# build the same one at once. Exit code 2: wrong arguments; 3: no gcc.
set -eu

name=${1:-} target=${2:-} folder=${3:-}
case $name in
    cublas) notSupported=15 ;;      # CUBLAS_STATUS_NOT_SUPPORTED
    nvrtc) notSupported=11 ;;       # NVRTC_ERROR_INTERNAL_ERROR: NVRTC has no better one
    *) name= ;;
esac
if [ -z "$name" ] || [ -z "$folder" ] || [ ! -r "$target" ]; then
    echo "usage: build.sh cublas|nvrtc PATH_OF_CUDA_13_LIBRARY TARGET_FOLDER (got: $*)" >&2
    exit 2
fi
if ! command -v gcc > /dev/null; then
    echo "build.sh: gcc was not found; install it (Debian: apt install gcc libc6-dev), or install the libraries of" \
         "CUDA 12" >&2
    exit 3
fi

here=$(cd "$(dirname "$0")" && pwd)
library=lib$name.so.12
mkdir -p "$folder"
work=$(mktemp -d "$folder/.$library.XXXXXX")
trap 'rm -rf "$work"' EXIT

sed 's/.*/FORWARD(&)/' "$here/$name.symbols" > "$work/functions.inc"
echo "$library { global: $name*; local: *; };" > "$work/versions"
gcc -O2 -fPIC -fcf-protection -Wall -Wextra -shared "-DTARGET=\"$target\"" "-DNOT_SUPPORTED=$notSupported" \
    -I"$work" "$here/forwarder.c" -Wl,-soname,"$library" -Wl,--version-script="$work/versions" -Wl,-z,relro,-z,now \
    -o "$work/$library" -ldl
mv "$work/$library" "$folder/$library"
