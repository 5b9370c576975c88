#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_hessenberg(SIZE(N), DATA_TYPE A[restrict N][N], DATA_TYPE v[restrict N], DATA_TYPE w[restrict N])
{
    for (int64_t k = 0; k < N - 2; k++) {
        DATA_TYPE norm = 0;
        for (int64_t i = k + 1; i < N; i++) {
            v[i] = A[i][k];
            norm += v[i] * v[i];
        }
        DATA_TYPE alpha = sqrt(norm);
        if (v[k + 1] > 0)
            alpha = -alpha;
        const DATA_TYPE tau = 1 / (norm - v[k + 1] * alpha);
        v[k + 1] -= alpha;
        for (int64_t j = k; j < N; j++)
            w[j] = 0;
        for (int64_t i = k + 1; i < N; i++)
            for (int64_t j = k; j < N; j++)
                w[j] += v[i] * A[i][j];
        for (int64_t i = k + 1; i < N; i++)
            for (int64_t j = k; j < N; j++)
                A[i][j] -= tau * v[i] * w[j];
        for (int64_t i = 0; i < N; i++) {
            DATA_TYPE s = 0;
            for (int64_t j = k + 1; j < N; j++)
                s += A[i][j] * v[j];
            for (int64_t j = k + 1; j < N; j++)
                A[i][j] -= tau * s * v[j];
        }
    }
}
