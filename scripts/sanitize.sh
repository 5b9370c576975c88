#!/bin/sh
# Run a command with every library compiled under AddressSanitizer and UBSanitizer, by default the
# tests of calls:
#
#     scripts/sanitize.sh
#     scripts/sanitize.sh python -m pytest -q tests/attack
#
# The sanitizers' runtimes are preloaded, since Python itself is compiled without them, and
# compilers named gcc are a wrapper of the real one.
set -eu
wrapped=$(mktemp -d)
trap 'rm -rf "$wrapped"' EXIT
real=$(command -v gcc)
cat > "$wrapped/gcc" <<EOF
#!/bin/sh
LD_PRELOAD= exec $real "\$@" -fsanitize=address,undefined -fno-sanitize-recover=undefined -g1
EOF
chmod 700 "$wrapped/gcc"
preload="$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so)"
[ $# -gt 0 ] || set -- python -m pytest -q -p no:cacheprovider \
    tests/runtime/test_caller.py tests/runtime/test_layouts.py tests/runtime/test_foreign.py \
    tests/runtime/test_malformed_calls.py tests/runtime/test_malformed_arrays.py \
    tests/runtime/test_returned_arrays.py
env PATH="$wrapped:$PATH" LD_PRELOAD="$preload" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
    POLYOPT_CACHE_DIR="$wrapped/cache" "$@"
