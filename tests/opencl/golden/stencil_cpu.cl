/* stencil: shapes.py:25

   if (n - 2) * (n - 2) * 9 is large:
     for _ in 0 .. T:
       launch stencil_i over pieces of 1 .. n - 1
       launch stencil_i_2 over pieces of 1 .. n - 1
   else:
     launch stencil__
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;

/* Where piece `number` of `trips` iterations begins, of as many pieces as there are groups. */
static inline int64_t share(int64_t trips, int64_t number)
{
    return trips > 0 ? trips * number / (int64_t)get_num_groups(0) : 0;
}

__kernel void stencil_i(int64_t n, int64_t A_shape1, int64_t B_shape1,
                        __global const double *restrict A, __global double *restrict B)
{
    const int64_t i_trips = n - 2;
    const int64_t i_first = 1 + share(i_trips, get_group_id(0));
    const int64_t i_last = 1 + share(i_trips, get_group_id(0) + 1);
    for (int64_t i = i_first; i < i_last; i++) {
        #pragma clang loop vectorize(assume_safety)
        for (int64_t j = 1; j < n - 1; j++) {
            /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j +
               1])   S1 */
            B[i * B_shape1 + j] = 0.25
                    * (A[(i - 1) * A_shape1 + j] + A[(i + 1) * A_shape1 + j]
                    + A[i * A_shape1 + (j - 1)] + A[i * A_shape1 + (j + 1)]);
        }
    }
}

__kernel void stencil_i_2(int64_t n, int64_t A_shape1, int64_t B_shape1,
                          __global double *restrict A, __global const double *restrict B)
{
    const int64_t i_trips = n - 2;
    const int64_t i_first = 1 + share(i_trips, get_group_id(0));
    const int64_t i_last = 1 + share(i_trips, get_group_id(0) + 1);
    for (int64_t i = i_first; i < i_last; i++) {
        #pragma clang loop vectorize(assume_safety)
        for (int64_t j = 1; j < n - 1; j++) {
            /* shapes.py:33   A[i, j] = B[i, j]   S2 */
            A[i * A_shape1 + j] = B[i * B_shape1 + j];
        }
    }
}

__kernel void stencil__(int64_t T, int64_t n, int64_t A_shape1, int64_t B_shape1,
                        __global double *restrict A, __global double *restrict B)
{
    for (int64_t v_ = 0; v_ < T; v_++) {
        for (int64_t i = 1; i < n - 1; i++) {
            #pragma clang loop vectorize(assume_safety)
            for (int64_t j = 1; j < n - 1; j++) {
                /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j
                   + 1])   S1 */
                B[i * B_shape1 + j] = 0.25
                        * (A[(i - 1) * A_shape1 + j] + A[(i + 1) * A_shape1 + j]
                        + A[i * A_shape1 + (j - 1)] + A[i * A_shape1 + (j + 1)]);
            }
        }
        for (int64_t i = 1; i < n - 1; i++) {
            #pragma clang loop vectorize(assume_safety)
            for (int64_t j = 1; j < n - 1; j++) {
                /* shapes.py:33   A[i, j] = B[i, j]   S2 */
                A[i * A_shape1 + j] = B[i * B_shape1 + j];
            }
        }
    }
}
