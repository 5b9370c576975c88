#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

#define AVERAGE(X) \
    (REAL(0.4) * X[i][j][k] + \
     REAL(0.05) * (X[i - 1][j][k] + X[i][j - 1][k] + X[i][j][k - 1] + \
          X[i][j][k + 1] + X[i][j + 1][k] + X[i + 1][j][k]) + \
     REAL(0.0125) * (X[i - 1][j - 1][k] + X[i - 1][j][k - 1] + X[i - 1][j][k + 1] + \
          X[i - 1][j + 1][k] + X[i][j - 1][k - 1] + X[i][j - 1][k + 1] + \
          X[i][j + 1][k - 1] + X[i][j + 1][k + 1] + X[i + 1][j - 1][k] + \
          X[i + 1][j][k - 1] + X[i + 1][j][k + 1] + X[i + 1][j + 1][k]) + \
     REAL(0.01875) * (X[i - 1][j - 1][k - 1] + X[i - 1][j - 1][k + 1] + X[i - 1][j + 1][k - 1] + \
          X[i - 1][j + 1][k + 1] + X[i + 1][j - 1][k - 1] + X[i + 1][j - 1][k + 1] + \
          X[i + 1][j + 1][k - 1] + X[i + 1][j + 1][k + 1]))

void kernel_stencil_27(SIZE(TSTEPS), SIZE(N), DATA_TYPE A[restrict N][N][N],
                       DATA_TYPE B[restrict N][N][N])
{
    for (int64_t t = 0; t < TSTEPS; t++) {
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < N - 1; j++)
                for (int64_t k = 1; k < N - 1; k++)
                    B[i][j][k] = AVERAGE(A);
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < N - 1; j++)
                for (int64_t k = 1; k < N - 1; k++)
                    A[i][j][k] = AVERAGE(B);
    }
}
