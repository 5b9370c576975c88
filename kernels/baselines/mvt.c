#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_mvt(SIZE(N), DATA_TYPE x1[restrict N], DATA_TYPE x2[restrict N],
                const DATA_TYPE y1[restrict N], const DATA_TYPE y2[restrict N],
                const DATA_TYPE A[restrict N][N])
{
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < N; j++)
            x1[i] += A[i][j] * y1[j];
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < N; j++)
            x2[i] += A[j][i] * y2[j];
}
