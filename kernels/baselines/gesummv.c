#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_gesummv(SIZE(N), DATA_TYPE alpha, DATA_TYPE beta, const DATA_TYPE A[restrict N][N],
                    const DATA_TYPE B[restrict N][N], DATA_TYPE tmp[restrict N],
                    const DATA_TYPE x[restrict N], DATA_TYPE y[restrict N])
{
    for (int64_t i = 0; i < N; i++) {
        tmp[i] = 0;
        y[i] = 0;
        for (int64_t j = 0; j < N; j++) {
            tmp[i] += A[i][j] * x[j];
            y[i] += B[i][j] * x[j];
        }
        y[i] = alpha * tmp[i] + beta * y[i];
    }
}
