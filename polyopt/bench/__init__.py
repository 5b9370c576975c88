"""Measuring: polyopt beside plain C, NumPy and Numba on the kernels of the `kernels` folder.

`catalogue` finds the kernels, `peers` makes a callable of each tool, `timing` runs them in turn,
`worker` does that for one kernel in a process of its own, `driver` runs the workers, and
`report` draws the table.
"""
