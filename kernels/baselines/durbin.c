#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_durbin(SIZE(N), const DATA_TYPE r[restrict N], DATA_TYPE y[restrict N])
{
    DATA_TYPE z[N];
    DATA_TYPE alpha = -r[0], beta = 1;

    y[0] = -r[0];
    for (int64_t k = 1; k < N; k++) {
        DATA_TYPE sum = 0;

        beta *= 1 - alpha * alpha;
        for (int64_t i = 0; i < k; i++)
            sum += r[k - i - 1] * y[i];
        alpha = -(r[k] + sum) / beta;
        for (int64_t i = 0; i < k; i++)
            z[i] = y[i] + alpha * y[k - i - 1];
        for (int64_t i = 0; i < k; i++)
            y[i] = z[i];
        y[k] = alpha;
    }
}
