#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_atax(SIZE(M), SIZE(N), const DATA_TYPE A[restrict M][N], const DATA_TYPE x[restrict N],
                 DATA_TYPE y[restrict N], DATA_TYPE tmp[restrict M])
{
    for (int64_t i = 0; i < N; i++)
        y[i] = 0;
    for (int64_t i = 0; i < M; i++) {
        tmp[i] = 0;
        for (int64_t j = 0; j < N; j++)
            tmp[i] += A[i][j] * x[j];
        for (int64_t j = 0; j < N; j++)
            y[j] += A[i][j] * tmp[i];
    }
}
