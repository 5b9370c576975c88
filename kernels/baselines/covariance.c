#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_covariance(SIZE(M), SIZE(N), DATA_TYPE float_n, DATA_TYPE data[restrict N][M],
                       DATA_TYPE cov[restrict M][M], DATA_TYPE mean[restrict M])
{
    for (int64_t j = 0; j < M; j++) {
        mean[j] = 0;
        for (int64_t i = 0; i < N; i++)
            mean[j] += data[i][j];
        mean[j] /= float_n;
    }
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < M; j++)
            data[i][j] -= mean[j];
    for (int64_t i = 0; i < M; i++)
        for (int64_t j = i; j < M; j++) {
            cov[i][j] = 0;
            for (int64_t k = 0; k < N; k++)
                cov[i][j] += data[k][i] * data[k][j];
            cov[i][j] /= float_n - 1;
            cov[j][i] = cov[i][j];
        }
}
