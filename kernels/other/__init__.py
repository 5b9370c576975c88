"""Programs that are not PolyBench's: the suite `other`, in the same form as PolyBench's kernels."""
