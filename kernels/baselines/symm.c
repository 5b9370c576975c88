#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_symm(SIZE(M), SIZE(N), DATA_TYPE alpha, DATA_TYPE beta, DATA_TYPE C[restrict M][N],
                 const DATA_TYPE A[restrict M][M], const DATA_TYPE B[restrict M][N])
{
    for (int64_t i = 0; i < M; i++)
        for (int64_t j = 0; j < N; j++) {
            DATA_TYPE sum = 0;
            for (int64_t k = 0; k < i; k++) {
                C[k][j] += alpha * B[i][j] * A[i][k];
                sum += B[k][j] * A[i][k];
            }
            C[i][j] = beta * C[i][j] + alpha * B[i][j] * A[i][i] + alpha * sum;
        }
}
