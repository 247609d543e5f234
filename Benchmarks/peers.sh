# What the benchmarks share, for them to source from the repository's root. `begin MODULE…` finds or makes what a benchmark
# needs and sets
#   peers      a Python that has torch and these modules: RETORT_PEERS_PYTHON, else .venv-peers, which is made or completed
#   retort     the release build
#   weights    SmolLM2-135M dequantised to a float32 folder, the same weights for both sides; FP32_MODEL=FOLDER is taken
#              if it is there, and made if it is not, so that several benchmarks can share one
#   work       a folder that is gone afterwards
# and has one libtorch, as many threads and no network for both sides.
# FIGURES=FILE appends every figure as a line of JSON (figures.py makes the table of them).

source scripts/environment

# module_package MODULE prints what pip calls it.
module_package() {
    case $1 in
    torch) printf 'torch==2.13.0+cpu\n' ;;
    *) printf '%s\n' "$1" ;;
    esac
}

# missing_modules MODULE… prints those that $peers cannot import.
missing_modules() {
    "$peers" -c 'import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])' "$@" 2>/dev/null ||
        printf '%s\n' "$*"
}

# need_peers MODULE…
need_peers() {
    local missing module
    peers=${RETORT_PEERS_PYTHON:-$retort_root/.venv-peers/bin/python}
    missing=$(missing_modules "$@")
    [ -n "$missing" ] || return 0
    [ -z "${RETORT_PEERS_PYTHON:-}" ] || fail "$peers cannot import $missing" "RETORT_PEERS_PYTHON names it as the peers' Python" \
        "install them there, or unset it to have .venv-peers made"
    if ! "$peers" -m pip --version >/dev/null 2>&1; then
        echo "making .venv-peers (some hundred MB)" >&2
        python3 -m venv --clear "$retort_root/.venv-peers" || fail "python3 -m venv .venv-peers did not work" \
            "its message is above" "Debian, Ubuntu: apt-get install python3-venv; or set RETORT_PEERS_PYTHON"
    fi
    for module in $missing; do
        echo "installing $(module_package "$module") into .venv-peers" >&2
        "$peers" -m pip install --quiet "$(module_package "$module")" 2>/dev/null || "$peers" -m pip install --quiet "$module" ||
            fail "pip could not install $module" "its message is above" "mend pip's configuration or the network"
    done
}

# begin MODULE…
begin() {
    scripts/setup >&2
    need_peers torch transformers gguf safetensors accelerate "$@"
    RETORT_TORCH=$(torch_of "$peers") || fail "$peers has no PyTorch 2.10 or newer" "both sides must run on one" "install torch there"
    export RETORT_TORCH
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(getconf _NPROCESSORS_ONLN)}
    export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TRANSFORMERS_VERBOSITY=error TOKENIZERS_PARALLELISM=false
    export TQDM_DISABLE=1 PYTHONWARNINGS=ignore
    swift build -c release --product retort 2>&1 | { grep -E "error|warning" || true; } >&2
    retort=$retort_root/.build/release/retort
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    weights=${FP32_MODEL:-$work/fp32}
    [ -r "$weights/config.json" ] || "$peers" Benchmarks/dequantise.py "$RETORT_DEMO_MODEL" "$weights"
    "$peers" Benchmarks/machine.py --json "$work/machine.json"
}
