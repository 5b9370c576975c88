#ifndef DATA_TYPE
#define DATA_TYPE int32_t
#endif
#include "baseline.h"

void kernel_viterbi(SIZE(T), SIZE(S), const DATA_TYPE move[restrict S][S], const DATA_TYPE seen[restrict T][S],
                    DATA_TYPE score[restrict T][S], DATA_TYPE back[restrict T][S], DATA_TYPE path[restrict T])
{
    for (int64_t s = 0; s < S; s++)
        score[0][s] = seen[0][s];
    for (int64_t t = 1; t < T; t++)
        for (int64_t s = 0; s < S; s++) {
            DATA_TYPE best = score[t - 1][0] + move[0][s], from = 0;
            for (int64_t r = 1; r < S; r++) {
                const DATA_TYPE cost = score[t - 1][r] + move[r][s];
                if (cost < best) {
                    best = cost;
                    from = r;
                }
            }
            score[t][s] = best + seen[t][s];
            back[t][s] = from;
        }
    DATA_TYPE last = 0;
    for (int64_t s = 1; s < S; s++)
        if (score[T - 1][s] < score[T - 1][last])
            last = s;
    path[T - 1] = last;
    for (int64_t t = T - 2; t >= 0; t--)
        path[t] = last = back[t + 1][last];
}
