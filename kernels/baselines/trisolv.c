#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_trisolv(SIZE(N), const DATA_TYPE L[restrict N][N], DATA_TYPE x[restrict N],
                    const DATA_TYPE b[restrict N])
{
    for (int64_t i = 0; i < N; i++) {
        x[i] = b[i];
        for (int64_t j = 0; j < i; j++)
            x[i] -= L[i][j] * x[j];
        x[i] /= L[i][i];
    }
}
