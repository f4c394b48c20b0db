#!/bin/sh
# Packs the GPU check for a machine that has neither Java nor Maven: its own runtime, the jars, MNIST if a folder of it is
# given, and a script that starts it. Usage: benchmarks/pack-gpu-check.sh FOLDER [MNIST_FOLDER]
set -eu
home=$(cd "$(dirname "$0")/.." && pwd -P)
target=${1:?usage: $0 FOLDER [MNIST_FOLDER]}
mnist=${2:-}
lib=$home/benchmarks/target/gpu-check/lib

jdk=$("$home/jacobian" --print-jdk)
if [ ! -f "$lib/jacobian-benchmarks.jar" ]; then
    echo "$0: build first: mvn package" >&2
    exit 1
fi
rm -rf "$target"
mkdir -p "$target/lib"
cp "$lib"/*.jar "$target/lib/"
"$jdk/bin/jlink" --output "$target/runtime" --compress zip-9 --strip-debug --no-header-files --no-man-pages \
    --add-modules java.base,java.logging,java.management,java.xml,java.instrument,jdk.unsupported,jdk.incubator.vector
data=
if [ -n "$mnist" ]; then
    mkdir "$target/mnist"
    cp "$mnist"/*ubyte* "$target/mnist/"
    data='--data "$here/mnist"'
fi
cat >"$target/gpu-check" <<SCRIPT
#!/bin/sh
here=\$(cd "\$(dirname "\$0")" && pwd -P)
exec "\$here/runtime/bin/java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED \\
    \${JACOBIAN_OPTS:-} -cp "\$here/lib/*" dev.jacobian.benchmarks.GpuCheck $data "\$@"
SCRIPT
chmod +x "$target/gpu-check"
du -sh "$target"
