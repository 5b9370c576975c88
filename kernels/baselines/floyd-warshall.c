#ifndef DATA_TYPE
#define DATA_TYPE int32_t
#endif
#include "baseline.h"

void kernel_floyd_warshall(SIZE(N), DATA_TYPE path[restrict N][N])
{
    for (int64_t k = 0; k < N; k++)
        for (int64_t i = 0; i < N; i++)
            for (int64_t j = 0; j < N; j++)
                path[i][j] = path[i][j] < path[i][k] + path[k][j] ? path[i][j]
                                                                  : path[i][k] + path[k][j];
}
