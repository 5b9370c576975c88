#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_bicg(SIZE(M), SIZE(N), const DATA_TYPE A[restrict N][M], DATA_TYPE s[restrict M],
                 DATA_TYPE q[restrict N], const DATA_TYPE p[restrict M],
                 const DATA_TYPE r[restrict N])
{
    for (int64_t i = 0; i < M; i++)
        s[i] = 0;
    for (int64_t i = 0; i < N; i++) {
        q[i] = 0;
        for (int64_t j = 0; j < M; j++) {
            s[j] += r[i] * A[i][j];
            q[i] += A[i][j] * p[j];
        }
    }
}
