#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_ludcmp(SIZE(N), DATA_TYPE A[restrict N][N], const DATA_TYPE b[restrict N],
                   DATA_TYPE x[restrict N], DATA_TYPE y[restrict N])
{
    for (int64_t i = 0; i < N; i++) {
        for (int64_t j = 0; j < i; j++) {
            DATA_TYPE w = A[i][j];
            for (int64_t k = 0; k < j; k++)
                w -= A[i][k] * A[k][j];
            A[i][j] = w / A[j][j];
        }
        for (int64_t j = i; j < N; j++) {
            DATA_TYPE w = A[i][j];
            for (int64_t k = 0; k < i; k++)
                w -= A[i][k] * A[k][j];
            A[i][j] = w;
        }
    }
    for (int64_t i = 0; i < N; i++) {
        DATA_TYPE w = b[i];
        for (int64_t j = 0; j < i; j++)
            w -= A[i][j] * y[j];
        y[i] = w;
    }
    for (int64_t i = N - 1; i >= 0; i--) {
        DATA_TYPE w = y[i];
        for (int64_t j = i + 1; j < N; j++)
            w -= A[i][j] * x[j];
        x[i] = w / A[i][i];
    }
}
