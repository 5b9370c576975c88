"""The static view of the GPU mapping, as `explain()` tells it."""

import shapes

import polyopt as po

MATRIX, VECTOR = po.f64[..., ...], po.f64[...]


def explained(kernel, *types, schedule="auto"):
    target = po.OpenCL(model="gpu")
    made = kernel.with_options(target=target, schedule=schedule).specialize(*types)
    text = str(made.explain())
    return text[text.index("launch ") :].split("\nreductions", maxsplit=1)[0]


def test_tiles_in_local_memory():
    assert explained(shapes.gemm, MATRIX, MATRIX, MATRIX) == (
        "launch gemm_i_tile: groups of 16 x 16 items; local memory 4 KiB a group (A_local 2 KiB, "
        "B_local 2 KiB); 3 barriers; in registers: C; about 2 operations a byte\n"
        "  S1 reads C[i, j]: in a register\n"
        "  S1 reads A[i, k]: in local memory\n"
        "  S1 reads B[k, j]: in local memory\n"
        "  S1 writes C[i, j]: in a register"
    )


@po.kernel
def mixed(A, x, y, out):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[j, i] = A[i, j] * x[i] + y[2 * j] + y[j]


def test_patterns_of_accesses():
    def by_lines(s):
        return s.map_to_grid(groups=("i",), items=("j",))

    text = explained(mixed, MATRIX, VECTOR, VECTOR, MATRIX, schedule=by_lines)
    assert text.splitlines()[1:] == [
        "  S1 reads A[i, j]: coalesced",
        "  S1 reads x[i]: the same for all items",
        "  S1 reads y[2*j]: strided, not coalesced",
        "  S1 reads y[j]: coalesced",
        "  S1 writes out[j, i]: strided, not coalesced",
    ]


@po.kernel
def rows(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]


def test_a_tree():
    lines = explained(rows, MATRIX, VECTOR, VECTOR).splitlines()
    assert lines[0].startswith(
        "launch rows_i: groups of 64 items; local memory 512 bytes a group (y_tree 512 bytes); "
        "2 barriers; in registers: nothing; about "
    )
    assert lines[1] == "  S1 reads y[i]: a partial result in each item, combined in a tree"


def test_other_targets_have_no_launches():
    for target in ("openmp", po.OpenCL(model="cpu")):
        made = shapes.gemm.with_options(target=target).specialize(MATRIX, MATRIX, MATRIX)
        assert "launch " not in str(made.explain())
