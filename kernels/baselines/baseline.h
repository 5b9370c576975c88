/* What the plain C baselines share.

   Each file NAME.c exports one function kernel_NAME (dashes as underscores). Its parameters are all sizes in the
   order of the data sets, as int64_t, then the kernel's floating-point scalars and arrays in call order. Counts such
   as TSTEPS are sizes. Arrays are contiguous, row by row, and do not overlap.

   With -DPOLYBENCH_CONST -DNI=1000 ... the sizes are constants; the parameters stay in place and are ignored.
   DATA_TYPE is the element type; each file sets its default. */
#ifndef POLYOPT_BASELINE_H
#define POLYOPT_BASELINE_H

#include <stdint.h>
#include <tgmath.h>

#ifdef POLYBENCH_CONST
#define SIZE(name) int64_t name##_ignored
#else
#define SIZE(name) int64_t name
#endif

/* A literal of the element type: 0.2 in single precision must not turn the whole expression into double. */
#define REAL(value) ((DATA_TYPE)(value))

#endif
