#!/bin/sh
# Packs the GPU check for a machine that has neither Java nor Maven: its own runtime, the jars, MNIST if a folder of it is
# given, and a script that starts it. Usage: benchmarks/pack-gpu-check.sh gpu-check.tar.gz [MNIST_FOLDER]
set -eu
home=$(cd "$(dirname "$0")/.." && pwd -P)
archive=${1:?usage: $0 gpu-check.tar.gz [MNIST_FOLDER]}
mnist=${2:-}
lib=$home/benchmarks/target/dist/lib

jdk=$("$home/jacobian" --print-jdk)
if [ ! -f "$lib/jacobian-benchmarks.jar" ]; then
    echo "$0: build first: mvn package" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=$work/gpu-check
mkdir -p "$target/lib" "$work/natives"
cp "$lib"/*.jar "$target/lib/"
# What only the benchmark of CPUs needs.
for library in jmh-core jopt-simple commons-math3 jacobian-charts xchart VectorGraphics2D; do
    rm -f "$target/lib/$library.jar"
done

# Two thirds of JCuda's libraries are a PTX compiler that nobody calls.
natives=$target/lib/jcuda-natives-linux-x86_64.jar
(cd "$work/natives" && "$jdk/bin/jar" -xf "$natives" && rm -f lib/libJNvPTXCompiler* lib/libJCudaRuntime* &&
    "$jdk/bin/jar" -cf "$natives" lib)

"$jdk/bin/jlink" --output "$target/runtime" --compress zip-9 --strip-debug --no-header-files --no-man-pages \
    --add-modules java.base,java.logging,java.management,java.xml,java.instrument,jdk.unsupported,jdk.incubator.vector
data=
if [ -n "$mnist" ]; then
    mkdir "$target/mnist"
    cp "$mnist"/*ubyte* "$target/mnist/"
    # shellcheck disable=SC2016 # expanded when the check starts
    data='--data "$here/mnist"'
fi
cat >"$target/gpu-check" <<SCRIPT
#!/bin/sh
here=\$(cd "\$(dirname "\$0")" && pwd -P)
exec "\$here/runtime/bin/java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED \\
    \${JACOBIAN_OPTS:-} -cp "\$here/lib/*" dev.jacobian.benchmarks.GpuCheck $data "\$@"
SCRIPT
chmod +x "$target/gpu-check"
tar -czf "$archive" -C "$work" gpu-check
ls -l "$archive"
