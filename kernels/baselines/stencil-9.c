#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

#define AVERAGE(X)                                                                                \
    (REAL(0.2) * X[i][j] + REAL(0.15) * (X[i - 1][j] + X[i][j - 1] + X[i][j + 1] + X[i + 1][j]) + \
     REAL(0.05) * (X[i - 1][j - 1] + X[i - 1][j + 1] + X[i + 1][j - 1] + X[i + 1][j + 1]))

void kernel_stencil_9(SIZE(TSTEPS), SIZE(N), DATA_TYPE A[restrict N][N], DATA_TYPE B[restrict N][N])
{
    for (int64_t t = 0; t < TSTEPS; t++) {
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < N - 1; j++)
                B[i][j] = AVERAGE(A);
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < N - 1; j++)
                A[i][j] = AVERAGE(B);
    }
}
