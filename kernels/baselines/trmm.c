#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_trmm(SIZE(M), SIZE(N), DATA_TYPE alpha, const DATA_TYPE A[restrict M][M],
                 DATA_TYPE B[restrict M][N])
{
    for (int64_t i = 0; i < M; i++)
        for (int64_t j = 0; j < N; j++) {
            for (int64_t k = i + 1; k < M; k++)
                B[i][j] += A[k][i] * B[k][j];
            B[i][j] *= alpha;
        }
}
