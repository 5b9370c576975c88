#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_bilateral(SIZE(H), SIZE(W), DATA_TYPE space, DATA_TYPE tone, const DATA_TYPE image[restrict H][W],
                      DATA_TYPE out[restrict H][W])
{
    for (int64_t i = 2; i < H - 2; i++)
        for (int64_t j = 2; j < W - 2; j++) {
            DATA_TYPE total = 0, norm = 0;
            for (int64_t di = -2; di <= 2; di++)
                for (int64_t dj = -2; dj <= 2; dj++) {
                    const DATA_TYPE other = image[i + di][j + dj], apart = other - image[i][j];
                    const DATA_TYPE weight = exp(-space * (di * di + dj * dj) - tone * apart * apart);
                    total += weight * other;
                    norm += weight;
                }
            out[i][j] = total / norm;
        }
}
