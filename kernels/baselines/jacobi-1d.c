#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_jacobi_1d(SIZE(TSTEPS), SIZE(N), DATA_TYPE A[restrict N], DATA_TYPE B[restrict N])
{
    for (int64_t t = 0; t < TSTEPS; t++) {
        for (int64_t i = 1; i < N - 1; i++)
            B[i] = REAL(0.33333) * (A[i - 1] + A[i] + A[i + 1]);
        for (int64_t i = 1; i < N - 1; i++)
            A[i] = REAL(0.33333) * (B[i - 1] + B[i] + B[i + 1]);
    }
}
