#ifndef DATA_TYPE
#define DATA_TYPE float
#endif
#include "baseline.h"

void kernel_unsharp_mask(SIZE(C), SIZE(H), SIZE(W), DATA_TYPE weight, DATA_TYPE threshold,
                         const DATA_TYPE image[restrict C][H][W], DATA_TYPE blurx[restrict C][H][W],
                         DATA_TYPE blury[restrict C][H][W], DATA_TYPE out[restrict C][H][W])
{
    const DATA_TYPE outer = 0.0625, inner = 0.25, centre = 0.375;
    for (int64_t c = 0; c < C; c++)
        for (int64_t i = 2; i < H - 2; i++)
            for (int64_t j = 0; j < W; j++)
                blurx[c][i][j] = outer * (image[c][i - 2][j] + image[c][i + 2][j]) +
                                 inner * (image[c][i - 1][j] + image[c][i + 1][j]) + centre * image[c][i][j];
    for (int64_t c = 0; c < C; c++)
        for (int64_t i = 2; i < H - 2; i++)
            for (int64_t j = 2; j < W - 2; j++)
                blury[c][i][j] = outer * (blurx[c][i][j - 2] + blurx[c][i][j + 2]) +
                                 inner * (blurx[c][i][j - 1] + blurx[c][i][j + 1]) + centre * blurx[c][i][j];
    for (int64_t c = 0; c < C; c++)
        for (int64_t i = 2; i < H - 2; i++)
            for (int64_t j = 2; j < W - 2; j++) {
                const DATA_TYPE old = image[c][i][j], blur = blury[c][i][j];
                const DATA_TYPE sharp = old * (1 + weight) - blur * weight;
                out[c][i][j] = fabs(old - blur) < threshold ? old : sharp;
            }
}
