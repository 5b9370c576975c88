#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_syr2k(SIZE(M), SIZE(N), DATA_TYPE alpha, DATA_TYPE beta, DATA_TYPE C[restrict N][N],
                  const DATA_TYPE A[restrict N][M], const DATA_TYPE B[restrict N][M])
{
    for (int64_t i = 0; i < N; i++) {
        for (int64_t j = 0; j <= i; j++)
            C[i][j] *= beta;
        for (int64_t k = 0; k < M; k++)
            for (int64_t j = 0; j <= i; j++)
                C[i][j] += A[j][k] * alpha * B[i][k] + B[j][k] * alpha * A[i][k];
    }
}
