#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_correlation(SIZE(M), SIZE(N), DATA_TYPE float_n, DATA_TYPE data[restrict N][M],
                        DATA_TYPE corr[restrict M][M], DATA_TYPE mean[restrict M],
                        DATA_TYPE stddev[restrict M])
{
    for (int64_t j = 0; j < M; j++) {
        mean[j] = 0;
        for (int64_t i = 0; i < N; i++)
            mean[j] += data[i][j];
        mean[j] /= float_n;
    }
    for (int64_t j = 0; j < M; j++) {
        stddev[j] = 0;
        for (int64_t i = 0; i < N; i++)
            stddev[j] += (data[i][j] - mean[j]) * (data[i][j] - mean[j]);
        stddev[j] = sqrt(stddev[j] / float_n);
        if (stddev[j] <= REAL(0.1))
            stddev[j] = 1;
    }
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < M; j++) {
            data[i][j] -= mean[j];
            data[i][j] /= sqrt(float_n) * stddev[j];
        }
    for (int64_t i = 0; i < M - 1; i++) {
        corr[i][i] = 1;
        for (int64_t j = i + 1; j < M; j++) {
            corr[i][j] = 0;
            for (int64_t k = 0; k < N; k++)
                corr[i][j] += data[k][i] * data[k][j];
            corr[j][i] = corr[i][j];
        }
    }
    corr[M - 1][M - 1] = 1;
}
