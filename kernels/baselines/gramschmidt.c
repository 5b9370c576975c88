#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_gramschmidt(SIZE(M), SIZE(N), DATA_TYPE A[restrict M][N], DATA_TYPE R[restrict N][N],
                        DATA_TYPE Q[restrict M][N])
{
    for (int64_t k = 0; k < N; k++) {
        DATA_TYPE norm = 0;
        for (int64_t i = 0; i < M; i++)
            norm += A[i][k] * A[i][k];
        R[k][k] = sqrt(norm);
        for (int64_t i = 0; i < M; i++)
            Q[i][k] = A[i][k] / R[k][k];
        for (int64_t j = k + 1; j < N; j++) {
            R[k][j] = 0;
            for (int64_t i = 0; i < M; i++)
                R[k][j] += Q[i][k] * A[i][j];
            for (int64_t i = 0; i < M; i++)
                A[i][j] -= Q[i][k] * R[k][j];
        }
    }
}
