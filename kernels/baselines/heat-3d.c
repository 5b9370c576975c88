#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_heat_3d(SIZE(TSTEPS), SIZE(N), DATA_TYPE A[restrict N][N][N],
                    DATA_TYPE B[restrict N][N][N])
{
    const DATA_TYPE eighth = REAL(0.125);

    for (int64_t t = 1; t <= TSTEPS; t++) {
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < N - 1; j++)
                for (int64_t k = 1; k < N - 1; k++)
                    B[i][j][k] = eighth * (A[i + 1][j][k] - 2 * A[i][j][k] + A[i - 1][j][k])
                                 + eighth * (A[i][j + 1][k] - 2 * A[i][j][k] + A[i][j - 1][k])
                                 + eighth * (A[i][j][k + 1] - 2 * A[i][j][k] + A[i][j][k - 1])
                                 + A[i][j][k];
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < N - 1; j++)
                for (int64_t k = 1; k < N - 1; k++)
                    A[i][j][k] = eighth * (B[i + 1][j][k] - 2 * B[i][j][k] + B[i - 1][j][k])
                                 + eighth * (B[i][j + 1][k] - 2 * B[i][j][k] + B[i][j - 1][k])
                                 + eighth * (B[i][j][k + 1] - 2 * B[i][j][k] + B[i][j][k - 1])
                                 + B[i][j][k];
    }
}
